"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bscnet.errors import InputError
from bscnet.whole_file import write_json_whole, write_text_whole, written_whole
from fixtures.full_disk import files_end_at


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


@pytest.mark.parametrize("write", [write_text_whole, write_json_whole])
def test_a_disk_that_is_full_halfway_is_one_sentence_and_leaves_the_old_file(
    tmp_path: Path, write: Callable[[Path, str], None]
) -> None:
    target = tmp_path / "c.json"
    target.write_text("old")
    with files_end_at(1000), pytest.raises(InputError) as caught:
        write(target, "x" * 5000)
    assert str(caught.value) == f"{target}: cannot be written ({os.strerror(errno.EFBIG)})"
    assert target.read_text() == "old" and list(tmp_path.iterdir()) == [target]


def test_text_is_utf8_and_json_ends_with_a_line_end(tmp_path: Path) -> None:
    write_text_whole(tmp_path / "deep" / "t.txt", "Grün\n")
    assert (tmp_path / "deep" / "t.txt").read_bytes() == b"Gr\xc3\xbcn\n"
    write_json_whole(tmp_path / "j.json", {"a": [1, None]}, indent=1)
    text = (tmp_path / "j.json").read_text()
    assert text == '{\n "a": [\n  1,\n  null\n ]\n}\n' and json.loads(text) == {"a": [1, None]}
    with pytest.raises(TypeError):
        write_json_whole(tmp_path / "j.json", {"a": object()})
    assert (tmp_path / "j.json").read_text() == text


def test_a_durable_file_is_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "c.bin"
    synced: list[tuple[int, bool]] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append((os.fstat(handle).st_size, target.exists())))
    with written_whole(target) as stream:
        stream.write(b"x" * 10)
    assert synced == []
    target.unlink()
    with written_whole(target, durable=True) as stream:
        stream.write(b"x" * 10)
    assert synced == [(10, False)]


def _write_checked(target: Path, error: Exception | None) -> None:
    def check(draft: Path) -> None:
        assert draft.parent == target.parent and draft.read_bytes() == b"new"
        if error is not None:
            raise error

    with written_whole(target, check=check) as stream:
        stream.write(b"new")


def test_a_draft_that_fails_its_check_never_takes_its_place(tmp_path: Path) -> None:
    target = tmp_path / "c.bin"
    target.write_bytes(b"old")
    for error in (ValueError("not sound"), OSError(errno.EIO, "not sound")):  # as it is: no fault of the writing
        with pytest.raises(type(error), match="not sound"):
            _write_checked(target, error)
        assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]
    _write_checked(target, None)
    assert target.read_bytes() == b"new" and list(tmp_path.iterdir()) == [target]


def test_a_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_text_whole(tmp_path / "whole", "x")
        (tmp_path / "plain").write_text("x")
    finally:
        os.umask(before)
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "plain").stat().st_mode
