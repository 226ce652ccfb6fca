"""Valid files of every kind with some bytes changed: refused in one sentence, or a sound scan of as many vertices."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bscnet.datasets.scannet import ScanNet, check
from bscnet.errors import InputError
from fixtures.scannet_files import make_scene, write_by_segment, write_scene

POINTS = 12
KINDS = ("mesh", "labels", "segments", "groups", "table", "list")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scene a with labels by vertex, scene b with labels by segment."""
    root = tmp_path_factory.mktemp("whole")
    write_scene(root, "a", make_scene(1, POINTS))
    write_by_segment(root, "b", make_scene(2, POINTS))
    (root / "splits").mkdir()
    (root / "splits" / "scannetv2_train.txt").write_text("a\nb\n")
    return root


def victim(root: Path, kind: str) -> tuple[Path, str]:
    """The file of a kind and the scene that is read from it."""
    source = ScanNet(root)
    if kind == "list":
        return root / "splits" / "scannetv2_train.txt", "a"
    if kind in ("mesh", "labels"):
        return source.files("a")[KINDS.index(kind)], "a"
    return source.files("b")[KINDS.index(kind) - 1], "b"


def damage(content: bytes, data: st.DataObject) -> bytes:
    """One to four bytes flipped, set, cut out, put in or repeated; now and then the end is cut off."""
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        # Half of the damage goes to the first 400 bytes, where headers are.
        place = data.draw(st.one_of(st.integers(0, min(400, len(changed))), st.integers(0, len(changed))))
        match data.draw(st.sampled_from(["flip", "set", "cut", "insert", "repeat", "end"])):
            case "flip" if place < len(changed):
                changed[place] ^= 1 << data.draw(st.integers(0, 7))
            case "set" if place < len(changed):
                changed[place] = data.draw(st.sampled_from(b"09-e.\"'[]{},\t\n \x00\xff"))
            case "cut":
                del changed[place : place + data.draw(st.integers(1, 9))]
            case "insert":
                changed[place:place] = data.draw(
                    st.sampled_from([b"9", b"-", b"999999999", b"1e9", b"[[", b'"', b"\n"])
                )
            case "repeat":
                changed[place:place] = changed[place : place + data.draw(st.integers(1, 30))]
            case "end" if data.draw(st.booleans()):
                del changed[place:]
    return bytes(changed)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_are_refused_or_sound(root: Path, kind: str, data: st.DataObject) -> None:
    path, scene = victim(root, kind)
    whole = path.read_bytes()
    try:
        path.write_bytes(damage(whole, data))
        tracemalloc.start()
        started = time.perf_counter()
        refusals = []
        try:
            if kind == "list":
                names = ScanNet(root).scenes("train")
                assert names and all(name.isprintable() and "/" not in name for name in names)
            else:
                scan = ScanNet(root).read(scene)
                assert scan.points.shape == scan.colors.shape == (len(scan.labels), 3)
                assert len(scan.labels) == POINTS
                assert np.isfinite(scan.points).all()
                assert set(scan.labels.tolist()) <= {-100, *range(20)}
        except InputError as error:
            refusals.append(str(error))
        refusals += check(root, ["train"])
        assert time.perf_counter() - started < 60  # no hang, however busy the machine is
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
        assert all("\n" not in sentence and str(root) in sentence for sentence in refusals)
    finally:
        tracemalloc.stop()
        path.write_bytes(whole)
