"""Drafts that killed writers leave: found by the lock that nobody holds any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bscnet import drafts
from bscnet.drafts import OLD_S, new_draft, remove_drafts
from bscnet.whole_file import written_whole

WRITER = """
import sys, time
from pathlib import Path
from bscnet.whole_file import written_whole
with written_whole(Path(sys.argv[1])) as stream:
    stream.write(b"half")
    stream.flush()
    print("written", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """The draft of out.bin whose writer was killed."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "out.bin")], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == b"written\n"
        (draft,) = tmp_path.iterdir()
        assert remove_drafts(tmp_path, older_s=0) == [] and draft.exists()  # held by the living
        writer.send_signal(signal.SIGKILL)
    return draft


def test_a_killed_writers_draft_is_removed_and_a_living_ones_is_not(left: Path) -> None:
    assert remove_drafts(left.parent, of="other.bin", older_s=0) == []
    assert remove_drafts(left.parent) == []  # too young for a folder that others may write to
    assert remove_drafts(left.parent, older_s=0) == [left]
    assert list(left.parent.iterdir()) == []


def test_the_next_writer_of_the_file_removes_an_old_draft(left: Path) -> None:
    before = time.time() - OLD_S - 1
    os.utime(left, (before, before))
    with written_whole(left.parent / "out.bin") as stream:
        stream.write(b"whole")
    assert [path.name for path in left.parent.iterdir()] == ["out.bin"]


def test_files_that_are_no_drafts_stay(tmp_path: Path) -> None:
    names = ("movie.part", ".hidden", ".a.part", ".out.bin.12345678.part.bak", "out.bin")
    for name in names:
        (tmp_path / name).touch()
    (tmp_path / ".link.abcdefgh.part").symlink_to(tmp_path / "out.bin")
    (tmp_path / ".folder.abcdefgh.part").mkdir()
    assert remove_drafts(tmp_path, older_s=0) == []
    assert {path.name for path in tmp_path.iterdir()} >= set(names)
    assert remove_drafts(tmp_path / "nothing") == []


def test_a_draft_taken_before_it_was_locked_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, seen = drafts.fcntl.flock, []

    def late(handle: int, how: int) -> None:
        if not seen:
            (draft,) = tmp_path.iterdir()
            draft.unlink()
            seen.append(draft)
        lock(handle, how)

    monkeypatch.setattr(drafts.fcntl, "flock", late)
    handle, draft = new_draft(tmp_path / "out.bin")
    os.close(handle)
    assert draft.exists() and draft not in seen


def test_without_locks_files_are_written_and_no_draft_is_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(handle: int, how: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(drafts.fcntl, "flock", unknown)
    other = tmp_path / ".out.bin.12345678.part"
    other.touch()
    with written_whole(tmp_path / "out.bin") as stream:
        stream.write(b"whole")
    assert remove_drafts(tmp_path, older_s=0) == []
    assert {path.name for path in tmp_path.iterdir()} == {"out.bin", other.name}


def test_a_file_system_that_numbers_files_anew_takes_a_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bscnet.drafts._is_named", lambda handle, path: False)
    with written_whole(tmp_path / "out.bin") as stream:
        stream.write(b"whole")
    assert (tmp_path / "out.bin").read_bytes() == b"whole"
