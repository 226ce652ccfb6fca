"""The cache among many processes, killed ones too, on full and read-only disks, and under its readers' feet."""

from __future__ import annotations

import errno
import multiprocessing
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bscnet.data.cache import ArrayCache, Arrays
from bscnet.errors import InputError
from fixtures.full_disk import files_end_at

fork = multiprocessing.get_context("fork")
KEYS = tuple(f"{number:02x}00" for number in range(4))
NOBODY = 65534


def arrays_of(key: str, size: int = 30_000) -> Arrays:
    """120 kB that tell which key they belong to."""
    return {"points": np.arange(size, dtype=np.float32) + int(key, 16), "labels": np.zeros((0, 3), dtype=np.int16)}


def holds(arrays: Arrays, key: str) -> bool:
    expected = arrays_of(key)
    return arrays.keys() == expected.keys() and all(
        np.array_equal(arrays[name], array) and arrays[name].shape == array.shape for name, array in expected.items()
    )


def refuse() -> Arrays:
    raise AssertionError("a sound entry is made again")


def damage(folder: Path) -> None:
    path = folder / "points.npy"
    content = bytearray(path.read_bytes())
    content[-1:] = bytes(byte ^ 1 for byte in content[-1:])  # none is there yet where another process is at this line
    path.unlink()  # a new file: who has the old one mapped must not see this
    path.write_bytes(content)


def _come_and_go(directory: Path, number: int, rounds: int) -> None:
    rng = np.random.default_rng(number)
    for _ in range(rounds):
        key = KEYS[rng.integers(len(KEYS))]
        folder = directory / key[:2] / key
        try:
            if rng.random() < 0.2:
                shutil.rmtree(folder)
            elif rng.random() < 0.2:
                damage(folder)
        except OSError:
            pass  # another process was faster
        arrays = ArrayCache(directory).get(key, lambda key=key: arrays_of(key))  # type: ignore[misc]
        assert holds(arrays, key)


def test_many_processes_make_read_damage_and_remove_the_same_entries(tmp_path: Path) -> None:
    directory = tmp_path / "cache"
    processes = [fork.Process(target=_come_and_go, args=(directory, number, 40)) for number in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * 6
    assert {path.name for path in directory.glob("*/*")} <= set(KEYS)
    for key in KEYS:
        assert holds(ArrayCache(directory).get(key, lambda key=key: arrays_of(key)), key)  # type: ignore[misc]


def test_a_write_that_stops_halfway_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path)
    with files_end_at(50_000), pytest.raises(InputError) as caught:
        cache.get(KEYS[1], lambda: arrays_of(KEYS[1]))
    assert str(caught.value) == (
        f"cache folder {tmp_path}: cannot be written ({os.strerror(errno.EFBIG)}), it must be a folder with room for "
        "what it does not hold yet, or null for no cache"
    )
    assert list((tmp_path / KEYS[1][:2]).iterdir()) == []
    assert holds(cache.get(KEYS[1], lambda: arrays_of(KEYS[1])), KEYS[1])


def test_a_full_disk_serves_what_it_holds(tmp_path: Path) -> None:
    ArrayCache(tmp_path).get(KEYS[0], lambda: arrays_of(KEYS[0]))
    with files_end_at(0):
        assert holds(ArrayCache(tmp_path).get(KEYS[0], refuse), KEYS[0])


@pytest.fixture
def read_only() -> Iterator[Path]:
    """A folder with the first entry in it that this process cannot write to, even where tests run as root."""
    directory = Path(tempfile.mkdtemp())
    ArrayCache(directory).get(KEYS[0], lambda: arrays_of(KEYS[0]))
    folders = [directory, directory / KEYS[0][:2], directory / KEYS[0][:2] / KEYS[0]]
    user = os.geteuid()
    for folder in folders:
        folder.chmod(0o555)
    if user == 0:
        os.seteuid(NOBODY)
    yield directory
    if user == 0:
        os.seteuid(user)
    for folder in folders:
        folder.chmod(0o755)
    shutil.rmtree(directory)


def test_a_read_only_folder_serves_what_it_holds(read_only: Path) -> None:
    assert holds(ArrayCache(read_only).get(KEYS[0], refuse), KEYS[0])


@pytest.mark.parametrize("key", [KEYS[1], KEYS[0][:2] + "ff"])
def test_what_a_read_only_folder_lacks_is_told(read_only: Path, key: str) -> None:
    with pytest.raises(InputError, match=rf"cannot be written \({os.strerror(errno.EACCES)}\), it must be a folder"):
        ArrayCache(read_only).get(key, lambda: arrays_of(key))


def _die_writing(directory: Path) -> None:
    def save(*words: Any, **options: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    np.save = save
    ArrayCache(directory).get(KEYS[1], lambda: arrays_of(KEYS[1]))


def killed_writer(directory: Path) -> Path:
    """The folder that a process killed in the middle of its writing has left."""
    process = fork.Process(target=_die_writing, args=(directory,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (left,) = directory.glob("*/.writing-*")
    return left


def aged(folder: Path, hours: float) -> Path:
    """Shift a folder and what is in it into the past."""
    then = time.time() - 3600 * hours
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (then, then))
    return folder


def test_what_a_killed_writer_has_left_goes_once_it_is_old(tmp_path: Path) -> None:
    left = killed_writer(tmp_path)
    first = ArrayCache(tmp_path)
    assert holds(first.get(KEYS[1], lambda: arrays_of(KEYS[1])), KEYS[1])
    assert left.exists()
    aged(left, 0.9)
    ArrayCache(tmp_path).get(KEYS[2], lambda: arrays_of(KEYS[2]))
    assert left.exists()
    aged(left, 1.1)
    ArrayCache(tmp_path).get(KEYS[2], refuse)
    first.get(KEYS[0], lambda: arrays_of(KEYS[0]))
    assert left.exists()  # readers remove nothing, and a writer looks once
    ArrayCache(tmp_path).get(KEYS[3], lambda: arrays_of(KEYS[3]))
    assert not left.exists()
    assert {path.name for path in tmp_path.glob("*/*")} == set(KEYS)


def test_a_writer_at_work_keeps_an_old_folder(tmp_path: Path) -> None:
    left = aged(killed_writer(tmp_path), 9)
    (left / "new" / "points.npy").write_bytes(b"some")  # the array that it is at
    os.utime(left / "new", (0, 0))
    ArrayCache(tmp_path).get(KEYS[2], lambda: arrays_of(KEYS[2]))
    assert left.exists()


def test_a_writer_whose_folder_is_gone_serves_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = np.save

    def wake_up_late(*words: Any, **options: Any) -> None:
        (aside,) = tmp_path.glob(f"{KEYS[1][:2]}/.writing-*")
        aged(aside, 2)
        monkeypatch.setattr(np, "save", save)
        ArrayCache(tmp_path).get(KEYS[2], lambda: arrays_of(KEYS[2]))
        assert not aside.exists()
        save(*words, **options)

    monkeypatch.setattr(np, "save", wake_up_late)
    assert holds(ArrayCache(tmp_path).get(KEYS[1], lambda: arrays_of(KEYS[1])), KEYS[1])
    assert [path.name for path in tmp_path.glob("*/*")] == [KEYS[2]]


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOSPC, errno.EXDEV])
def test_a_failing_rename_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def rename(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(InputError, match=rf"cannot be written \({os.strerror(number)}\)"):
        ArrayCache(tmp_path).get(KEYS[1], lambda: arrays_of(KEYS[1]))
    assert list(tmp_path.glob("*/*")) == []


def test_a_file_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOENT while the folder is there is no sign of another process."""

    def write_bytes(*_: Any) -> None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(InputError, match=rf"cannot be written \({os.strerror(errno.ENOENT)}\)"):
        ArrayCache(tmp_path).get(KEYS[1], lambda: arrays_of(KEYS[1]))


def test_mapped_arrays_stay_when_their_entry_is_replaced(tmp_path: Path) -> None:
    mapped = ArrayCache(tmp_path).get(KEYS[1], lambda: arrays_of(KEYS[1]))
    damage(tmp_path / KEYS[1][:2] / KEYS[1])
    replaced = ArrayCache(tmp_path).get(KEYS[1], lambda: arrays_of(KEYS[1]))
    assert holds(replaced, KEYS[1]) and isinstance(replaced["points"], np.memmap)
    shutil.rmtree(tmp_path / KEYS[1][:2])
    assert holds(mapped, KEYS[1]) and holds(replaced, KEYS[1])


def test_an_entry_that_another_process_has_made_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    def slow() -> Arrays:
        ArrayCache(tmp_path).get(KEYS[1], lambda: arrays_of(KEYS[1]))
        made.append((tmp_path / KEYS[1][:2] / KEYS[1]).stat().st_ino)
        return arrays_of(KEYS[1])

    made: list[int] = []
    assert holds(ArrayCache(tmp_path).get(KEYS[1], slow), KEYS[1])
    assert made == [(tmp_path / KEYS[1][:2] / KEYS[1]).stat().st_ino]


@pytest.mark.parametrize("loss", ["index.json", "points.npy", "labels.npy"])
def test_a_lost_file_is_made_again_with_its_entry(tmp_path: Path, loss: str) -> None:
    ArrayCache(tmp_path).get(KEYS[1], lambda: arrays_of(KEYS[1]))
    (tmp_path / KEYS[1][:2] / KEYS[1] / loss).unlink()
    arrays = ArrayCache(tmp_path).get(KEYS[1], lambda: arrays_of(KEYS[1]))
    assert holds(arrays, KEYS[1]) and isinstance(arrays["points"], np.memmap)
    assert holds(ArrayCache(tmp_path).get(KEYS[1], refuse), KEYS[1])


def test_an_entry_of_another_kind_is_replaced(tmp_path: Path) -> None:
    (tmp_path / KEYS[1][:2]).mkdir()
    (tmp_path / KEYS[1][:2] / KEYS[1]).write_text("a file where a folder must be")
    assert holds(ArrayCache(tmp_path).get(KEYS[1], lambda: arrays_of(KEYS[1])), KEYS[1])
    assert holds(ArrayCache(tmp_path).get(KEYS[1], refuse), KEYS[1])
