from __future__ import annotations

import multiprocessing
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest

from bscnet.datasets.nyu.classes import class_names, ids_to_classes
from bscnet.datasets.nyu.projection import NUM_PIXELS
from bscnet.datasets.nyu.reader import NyuDepth, check
from bscnet.errors import InputError
from fixtures.nyu_files import LABELED, SPLITS, Frames, make_frames, write_labeled, write_root, write_splits
from oracles import nyu_depth as oracle


@pytest.fixture(scope="module")
def frames() -> Frames:
    return make_frames(4, seed=3)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, frames: Frames) -> Path:
    return write_root(tmp_path_factory.mktemp("nyu"), frames)


def arrays_of(frames: Frames, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return frames.images[number - 1], frames.depths[number - 1], frames.labels[number - 1]


def test_every_pixel_of_the_crop_comes_back(root: Path, frames: Frames) -> None:
    source = NyuDepth(root)
    for number in (1, 2, 3, 4):
        coords, colors, labels = oracle.whole(*arrays_of(frames, number))
        scan = source.read(f"nyu{number:04d}")
        assert scan.name == f"nyu{number:04d}" and len(scan.points) == NUM_PIXELS == 238_000
        assert (scan.points.dtype, scan.colors.dtype, scan.labels.dtype) == (np.float32, np.uint8, np.int16)
        np.testing.assert_array_equal(scan.points[:, :2], coords[:, :2])
        np.testing.assert_allclose(scan.points[:, 2], coords[:, 2], rtol=0, atol=2e-5)
        np.testing.assert_array_equal(scan.colors, colors)
        np.testing.assert_array_equal(scan.labels, labels)


def test_single_pixels_follow_the_definition(root: Path, frames: Frames) -> None:
    scan = NyuDepth(root).read("nyu0002")
    for x, y in ((40, 45), (599, 469), (40, 469), (599, 45), (320, 240), (105, 300), (417, 111)):
        coords, rgb, label = oracle.pixel(*arrays_of(frames, 2), x, y)
        row = oracle.row_of(x, y)
        np.testing.assert_allclose(scan.points[row], coords, rtol=0, atol=2e-5)
        assert scan.colors[row].tolist() == rgb and scan.labels[row] == label


@pytest.mark.usefixtures("in_process")
def test_the_mean_is_that_of_the_whole_image(tmp_path: Path) -> None:
    frames = make_frames(1)
    frames.depths[:] = 2.0
    frames.depths[0, :40] = 4.0  # a sixteenth of the image, outside the crop
    write_root(tmp_path, frames, train=[1], test=[1])
    z = NyuDepth(tmp_path).read("nyu0001").points[:, 2]
    np.testing.assert_allclose(z, 200.0 - (200.0 * 15 + 400.0) / 16, atol=1e-4)


@pytest.mark.usefixtures("in_process")
def test_depths_can_be_cut_to_whole_centimetres(root: Path) -> None:
    fine, whole = NyuDepth(root).read("nyu0001"), NyuDepth(root, whole_centimetres=True).read("nyu0001")
    np.testing.assert_array_equal(whole.points[:, 2], np.trunc(fine.points[:, 2]))
    np.testing.assert_array_equal(whole.points[:, :2], fine.points[:, :2])
    assert NyuDepth(root).fingerprint("nyu0001") != NyuDepth(root, whole_centimetres=True).fingerprint("nyu0001")


@pytest.mark.usefixtures("in_process")
def test_the_depth_stands_beside_the_points(root: Path, frames: Frames) -> None:
    depth = NyuDepth(root).read("nyu0003").extra["depth"]
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth * 10, frames.depths[2, 40:600, 45:470].ravel(), rtol=1e-6)


@pytest.mark.usefixtures("in_process")
def test_without_labels_all_is_ignored(root: Path) -> None:
    source = NyuDepth(root)
    blind = source.read("nyu0001", labelled=False)
    assert set(blind.labels.tolist()) == {-100}
    np.testing.assert_array_equal(blind.points, source.read("nyu0001").points)
    assert source.fingerprint("nyu0001", labelled=False) != source.fingerprint("nyu0001")


def test_classes_are_those_of_the_table() -> None:
    table = oracle.nyu40_of()
    expected = [-100] + [table[name] - 1 for name in range(1, 895)]
    assert ids_to_classes(np.arange(895, dtype=np.uint16)).tolist() == expected
    assert set(expected[1:]) == set(range(40))
    names = class_names()
    assert len(names) == 40 and names[0] == "wall" and names[1] == "floor" and names[39] == "otherprop"
    assert [names[table[name] - 1] for name in (5, 21, 157)] == ["chair", "wall", "bed"]


def test_splits_are_the_files_own(root: Path) -> None:
    source = NyuDepth(root)
    assert source.scenes("train") == ["nyu0001", "nyu0003"]
    assert source.scenes("val") == source.scenes("test") == ["nyu0002", "nyu0004"]
    assert source.files("nyu0001") == [root / LABELED]
    with pytest.raises(InputError, match="'dev', it must be one of train, val, test"):
        source.scenes("dev")


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("chunks", [(1, 160, 120), (3, 200, 200), (4, 640, 480), None])
def test_any_chunks_are_read_alike(tmp_path: Path, frames: Frames, chunks: tuple[int, ...] | None) -> None:
    path = write_labeled(tmp_path / LABELED, frames)
    with h5py.File(path, "r+") as file:
        for name, array in (("depths", frames.depths), ("labels", frames.labels)):
            del file[name]
            file.create_dataset(name, data=array, chunks=chunks, compression="gzip" if chunks else None)
    write_splits(tmp_path / SPLITS, [1], [2])
    for number in (1, 4):
        coords, _, labels = oracle.whole(*arrays_of(frames, number))
        scan = NyuDepth(tmp_path).read(f"nyu{number:04d}")
        np.testing.assert_allclose(scan.points[:, 2], coords[:, 2], rtol=0, atol=2e-5)
        np.testing.assert_array_equal(scan.labels, labels)


@pytest.mark.usefixtures("in_process")
def test_only_the_bytes_of_one_image_are_read(tmp_path: Path, frames: Frames) -> None:
    path = write_root(tmp_path, frames) / LABELED
    with h5py.File(path) as file:
        others = [
            chunk
            for name in ("images", "depths", "labels", "rawDepths", "instances")
            for chunk in map(file[name].id.get_chunk_info, range(4))
            if chunk.chunk_offset[0] != 1
        ]
    content = bytearray(path.read_bytes())
    for chunk in others:
        content[chunk.byte_offset : chunk.byte_offset + chunk.size] = bytes(chunk.size)
    path.write_bytes(content)
    source = NyuDepth(tmp_path)
    np.testing.assert_array_equal(source.read("nyu0002").labels, oracle.whole(*arrays_of(frames, 2))[2])
    for number in (1, 3, 4):
        with pytest.raises(InputError, match=f"image {number} is damaged"):
            source.read(f"nyu{number:04d}")


@pytest.mark.usefixtures("in_process")
def test_a_fingerprint_follows_the_image_and_nothing_else(tmp_path: Path) -> None:
    frames = make_frames(4, seed=5)
    root = write_root(tmp_path, frames)
    source = NyuDepth(root)
    names = [f"nyu{number:04d}" for number in (1, 2, 3, 4)]
    before = {name: source.fingerprint(name) for name in names}
    assert len(set(before.values())) == 4
    frames.labels[1, 300, 200] = frames.labels[1, 300, 200] % 894 + 1
    write_labeled(root / LABELED, frames)
    after = {name: source.fingerprint(name) for name in names}
    assert [name for name in names if after[name] != before[name]] == ["nyu0002"]
    assert after == {name: NyuDepth(root).fingerprint(name) for name in names}
    assert source.read("nyu0002").labels[oracle.row_of(300, 200)] == ids_to_classes(frames.labels[1, 300, 200])
    (root / LABELED).unlink()
    with pytest.raises(InputError, match="no such file"):
        source.fingerprint("nyu0001")


@pytest.mark.usefixtures("in_process")
def test_a_fingerprint_follows_where_in_the_image_bytes_lie(tmp_path: Path) -> None:
    """A depth image in two chunks of the same length: the same bytes are another image elsewhere or otherwise cut."""
    frames = make_frames(2, seed=5)

    def write(chunk: tuple[int, int] = (320, 480)) -> NyuDepth:
        write_root(tmp_path, frames, train=[1], test=[2])
        with h5py.File(tmp_path / LABELED, "r+") as file:
            del file["depths"]
            file.create_dataset("depths", data=frames.depths, chunks=(1, *chunk))
        return NyuDepth(tmp_path)

    first, second = frames.depths[0, :320].copy(), frames.depths[0, 320:].copy()
    before = write().fingerprint("nyu0001")
    assert write().fingerprint("nyu0001") == before
    frames.depths[0, :320], frames.depths[0, 320:] = second, first
    source = write()
    assert source.fingerprint("nyu0001") != before
    np.testing.assert_array_equal(source.labeled.frame(1).depth[:320], second)
    frames.depths[0] = np.concatenate([first.reshape(640, 240), second.reshape(640, 240)], axis=1)
    source = write((640, 240))
    assert source.fingerprint("nyu0001") != before
    np.testing.assert_array_equal(source.labeled.frame(1).depth, frames.depths[0])


def labels_of(source: NyuDepth, name: str) -> np.ndarray:
    return source.read(name).labels


def test_readers_can_be_forked_and_pickled(root: Path) -> None:
    source = NyuDepth(root)
    names = [*source.scenes("train"), *source.scenes("val")] * 2
    expected = [labels_of(source, name) for name in names]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.starmap(labels_of, [(source, name) for name in names])
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))
    assert pickle.loads(pickle.dumps(source)).fingerprint("nyu0001") == source.fingerprint("nyu0001")


@pytest.mark.usefixtures("in_process")
def test_scenes_that_are_not_there_are_named(root: Path) -> None:
    source = NyuDepth(root)
    source.require(["nyu0001", "nyu0004"])
    with pytest.raises(InputError, match="there is no nyu0005, the file has the images 1 to 4"):
        source.require(["nyu0001", "nyu0005"])
    with pytest.raises(InputError, match="'scene0000_00' is no image of NYU Depth v2"):
        source.read("scene0000_00")
    with pytest.raises(InputError, match="there is no image 5"):
        source.read("nyu0005")


def test_sound_data_has_no_problems(root: Path) -> None:
    assert check(root) == []
