from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bscnet.data.scan import Scan
from bscnet.datasets import isolated
from bscnet.datasets.isolated import Tables, run_isolated
from bscnet.datasets.nyu.projection import NUM_PIXELS
from bscnet.datasets.nyu.reader import NyuDepth
from bscnet.errors import InputError
from fixtures.nyu_files import LABELED, SPLITS, make_frames, write_labeled, write_root, write_splits

Mutations = list[tuple[float, int]]

MUTATIONS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12)
"""Places, as fractions of the bytes that may be hit, and new values."""

FEW = settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def apart(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parser of this name runs in a process of its own as always, the other here: its file is sound."""

    def run(parse: Callable[[Path], Tables], path: Path) -> Tables:
        return run_isolated(parse, path) if parse.__name__ == request.param else parse(path)

    monkeypatch.setattr(isolated, "run_isolated", run)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_root(tmp_path_factory.mktemp("nyu"), make_frames(2, seed=2), train=[1], test=[2])


@pytest.fixture(scope="module")
def labeled(root: Path) -> bytes:
    return (root / LABELED).read_bytes()


@pytest.fixture(scope="module")
def structure(root: Path, labeled: bytes) -> np.ndarray:
    """Positions of bytes that are neither zero nor packed pixels: headers, indices of chunks, names."""
    free = np.frombuffer(labeled, np.uint8) != 0
    with h5py.File(root / LABELED) as file:
        for name in ("images", "depths", "labels", "rawDepths", "instances"):
            for chunk in map(file[name].id.get_chunk_info, range(2)):
                free[chunk.byte_offset : chunk.byte_offset + chunk.size] = False
        first_name = h5py.h5o.get_info(file["#refs#"]["names0"].id).addr + 512
    positions = np.flatnonzero(free)
    # the 894 names are most of it: every byte of the rest, and few of theirs
    return np.concatenate([positions[positions < first_name], positions[positions >= first_name][::50]])


def mutated(content: bytes, positions: np.ndarray, mutations: Mutations) -> bytes:
    changed = bytearray(content)
    for place, value in mutations:
        changed[positions[int(place * len(positions))]] = value
    return bytes(changed)


def refusal(action: Callable[[], object]) -> str | None:
    """The sentence of the input error that an action ends with, or None."""
    try:
        action()
    except InputError as error:
        return str(error)
    return None


def outcome(root: Path) -> None:
    """Either an input error of one line that names the folder, or scans that are sound."""
    sentence = refusal(lambda: sound(NyuDepth(root)))
    assert sentence is None or (str(root) in sentence and "\n" not in sentence)


def sound(source: NyuDepth) -> None:
    train, val = source.scenes("train"), source.scenes("val")
    assert train and val and not set(train) & set(val)
    for name in (*train, *val):
        scan = source.read(name)
        assert len(source.fingerprint(name)) == 64
        assert scan.points.shape == (NUM_PIXELS, 3) and np.isfinite(scan.points).all()
        assert np.abs(scan.points[:, 2]).max() <= 2000
        assert scan.colors.shape == (NUM_PIXELS, 3) and scan.labels.shape == (NUM_PIXELS,)
        assert ((scan.labels == -100) | ((scan.labels >= 0) & (scan.labels < 40))).all()


@pytest.mark.slow
@pytest.mark.parametrize("apart", ["locate"], indirect=True)
@FEW
@given(mutations=MUTATIONS)
def test_mutated_structures(
    apart: None, root: Path, labeled: bytes, structure: np.ndarray, mutations: Mutations
) -> None:
    try:
        (root / LABELED).write_bytes(mutated(labeled, structure, mutations))
        outcome(root)
    finally:
        (root / LABELED).write_bytes(labeled)


@pytest.mark.usefixtures("in_process")
@FEW
@given(mutations=MUTATIONS)
def test_mutated_pixels(tmp_path: Path, root: Path, labeled: bytes, mutations: Mutations) -> None:
    """Bytes of packed pixels, which no parser sees but zlib: its checksum finds all but those that mean nothing."""
    with h5py.File(root / LABELED) as file:
        ranges = [file[name].id.get_chunk_info(i) for name in ("images", "depths", "labels") for i in (0, 1)]
    positions = np.concatenate([np.arange(chunk.byte_offset, chunk.byte_offset + chunk.size) for chunk in ranges])
    (tmp_path / LABELED).write_bytes(mutated(labeled, positions, mutations))
    write_splits(tmp_path / SPLITS, [1], [2])
    outcome(tmp_path)
    for scene in ("nyu0001", "nyu0002"):
        found = refusal(lambda scene=scene: same(NyuDepth(tmp_path).read(scene), NyuDepth(root).read(scene)))
        assert found is None or f"image {int(scene[3:])} is damaged" in found


def same(a: Scan, b: Scan) -> None:
    np.testing.assert_array_equal(a.points, b.points)
    np.testing.assert_array_equal(a.colors, b.colors)
    np.testing.assert_array_equal(a.labels, b.labels)


@pytest.mark.slow
@pytest.mark.parametrize("apart", ["parse_splits"], indirect=True)
@FEW
@given(mutations=MUTATIONS, cut=st.none() | st.floats(0, 1))
def test_mutated_splits(apart: None, tmp_path: Path, mutations: Mutations, cut: float | None) -> None:
    if not (tmp_path / LABELED).exists():
        write_labeled(tmp_path / LABELED, make_frames(2, seed=2))
    content = write_splits(tmp_path / SPLITS, [1], [2]).read_bytes()
    changed = mutated(content, np.arange(120, len(content)), mutations)
    (tmp_path / SPLITS).write_bytes(changed if cut is None else changed[: int(cut * len(changed))])
    outcome(tmp_path)
