"""Files that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscnet.errors import InputError
from bscnet.whole_file import written_whole


def test_a_file_appears_at_the_end_in_folders_that_are_made(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "c.bin"
    with written_whole(target) as stream:
        stream.write(b"x" * 10)
        assert not target.exists()
    assert target.read_bytes() == b"x" * 10 and list(target.parent.iterdir()) == [target]


def _write_half(target: Path, error: type[BaseException]) -> None:
    with written_whole(target) as stream:
        stream.write(b"new")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_was_there_stays_where_writing_ends_early(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "c.bin"
    target.write_bytes(b"old")
    with pytest.raises(error):
        _write_half(target, error)
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("place", ["/dev/null/deeper/c.bin", "/proc/c.bin"])
def test_a_place_that_takes_no_file_is_one_sentence(place: str) -> None:
    with pytest.raises(InputError, match=f"{place}: cannot be written"), written_whole(Path(place)):
        pass


def test_a_folder_of_that_name_is_one_sentence_and_stays(tmp_path: Path) -> None:
    (tmp_path / "c" / "kept").mkdir(parents=True)
    with pytest.raises(InputError, match="Is a directory"), written_whole(tmp_path / "c"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["c"] and (tmp_path / "c" / "kept").is_dir()
