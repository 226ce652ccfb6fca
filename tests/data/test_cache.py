from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bscnet.data.cache import ArrayCache, Arrays
from bscnet.errors import InputError

KEY = "ab12"


class Builder:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> Arrays:
        self.calls += 1
        return {"points": np.arange(60, dtype=np.float32).reshape(-1, 3), "labels": np.arange(20, dtype=np.int16)}


def assert_sound(arrays: Arrays) -> None:
    expected = Builder()()
    assert set(arrays) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype


def test_builds_once_and_maps_after(tmp_path: Path) -> None:
    build = Builder()
    for _ in range(3):
        assert_sound(ArrayCache(tmp_path / "deep" / "cache").get(KEY, build))
    arrays = ArrayCache(tmp_path / "deep" / "cache").get(KEY, build)
    assert build.calls == 1
    assert isinstance(arrays["points"], np.memmap) and not arrays["points"].flags.writeable
    ArrayCache(tmp_path / "deep" / "cache").get("cd34", build)
    assert build.calls == 2


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_entry_is_made_again(tmp_path: Path, data: st.DataObject) -> None:
    shutil.rmtree(tmp_path)
    ArrayCache(tmp_path).get(KEY, Builder())
    files = sorted(path for path in (tmp_path / "ab" / KEY).iterdir())
    path = data.draw(st.sampled_from(files))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        content = content[:place]
    path.write_bytes(bytes(content))
    build = Builder()
    assert_sound(ArrayCache(tmp_path).get(KEY, build))
    assert_sound(ArrayCache(tmp_path).get(KEY, build))
    assert build.calls <= 1
    assert [path.name for path in (tmp_path / "ab").iterdir()] == [KEY]


def test_a_missing_array_is_made_again(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path)
    cache.get(KEY, Builder())
    (tmp_path / "ab" / KEY / "labels.npy").unlink()
    build = Builder()
    assert_sound(cache.get(KEY, build))
    assert build.calls == 1


@pytest.mark.parametrize("index", ["{}", "[]", "null", "0"])
def test_an_index_without_arrays_is_no_entry(tmp_path: Path, index: str) -> None:
    ArrayCache(tmp_path).get(KEY, Builder())
    (tmp_path / "ab" / KEY / "index.json").write_text(index)
    build = Builder()
    assert_sound(ArrayCache(tmp_path).get(KEY, build))
    assert build.calls == 1
    assert_sound(ArrayCache(tmp_path).get(KEY, build))
    assert build.calls == 1


@pytest.mark.parametrize(
    "change", [lambda array: array.reshape(3, -1), lambda array: array.view(np.int32), lambda array: array.ravel()]
)
def test_an_array_saved_with_the_same_bytes_in_another_form_is_made_again(
    tmp_path: Path, change: Callable[[np.ndarray], np.ndarray]
) -> None:
    ArrayCache(tmp_path).get(KEY, Builder())
    path = tmp_path / "ab" / KEY / "points.npy"
    array = np.load(path)
    np.save(path, change(array))
    assert change(array).tobytes() == array.tobytes()
    build = Builder()
    assert_sound(ArrayCache(tmp_path).get(KEY, build))
    assert build.calls == 1


@pytest.mark.parametrize(
    "name", ["a/b", "..", "", "/etc/passwd", "%2F", "\0", "höhe über null", "index.json", "ü" * 100]
)
def test_arrays_may_be_called_as_no_file_can_be(tmp_path: Path, name: str) -> None:
    def build() -> Arrays:
        calls.append(name)
        return {name: np.arange(3), f"{name}2": np.arange(4), "a%2Fb": np.arange(5)}

    calls: list[str] = []
    for _ in range(2):
        arrays = ArrayCache(tmp_path).get(KEY, build)
        assert {key: len(array) for key, array in arrays.items()} == {name: 3, f"{name}2": 4, "a%2Fb": 5}
    assert len(calls) == 1
    assert len(list((tmp_path / "ab" / KEY).iterdir())) == 4


def test_many_writers_of_one_entry(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for arrays in pool.map(lambda _: ArrayCache(tmp_path).get(KEY, Builder()), range(40)):
            assert_sound(arrays)
    assert [path.name for path in (tmp_path / "ab").iterdir()] == [KEY]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        ArrayCache(tmp_path / "file").get(KEY, Builder())


def test_a_failing_build_leaves_nothing(tmp_path: Path) -> None:
    def build() -> Arrays:
        raise InputError("bad scan")

    with pytest.raises(InputError, match="bad scan"):
        ArrayCache(tmp_path).get(KEY, build)
    assert list(tmp_path.iterdir()) == []
