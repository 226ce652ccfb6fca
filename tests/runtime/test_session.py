"""Sessions: what they take, what they refuse, and that neither threads nor the order of the sites matter."""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bscnet import runtime
from bscnet.errors import InputError
from fixtures.model_files import random_program
from fixtures.packed_networks import network, write_model
from fixtures.site_sets import HIGH, LOW, site_set

CHANNELS = 3


def program(seed: int = 0) -> bytes:
    """A program with three input channels that tells its sites apart."""
    while True:
        content = random_program(seed, CHANNELS, levels=4, max_channels=33).to_bytes()
        sites = site_set("random", seed)
        logits = runtime.loads(content)(sites, np.random.default_rng(0).normal(size=(len(sites), CHANNELS)))
        if (logits.std(axis=0) > 1e-2).all():
            return content
        seed += 1


CONTENT = program()


@pytest.fixture(scope="module")
def session() -> runtime.Session:
    return runtime.loads(CONTENT)


@pytest.fixture(scope="module")
def sites() -> np.ndarray:
    return site_set("random", 1, 60)


@pytest.fixture(scope="module")
def feats(sites: np.ndarray) -> np.ndarray:
    return np.random.default_rng(2).normal(size=(len(sites), CHANNELS)).astype(np.float32)


def test_importing_and_running_needs_no_torch(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(CONTENT)
    code = (
        "import sys; from bscnet import runtime; import numpy as np; "
        f"s = runtime.load({str(tmp_path / 'm.safetensors')!r}); "
        "print(s(np.zeros((1, 3), int), np.zeros((1, 3))).shape); "
        "print(sorted({'torch', 'safetensors', 'hydra', 'rich', 'MinkowskiEngine', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["(1, 4)", "[]"]


def test_facts_of_the_model(session: runtime.Session) -> None:
    assert (
        session.class_names == ("Klasse 0 ä", "Klasse 1 ä", "Klasse 2 ä", "Klasse 3 ä") and session.voxel_size == 0.05
    )
    assert (session.in_channels, session.num_classes) == (CHANNELS, 4)
    assert session.description["family"] == "unet" and len(session.description["instructions"]) >= 2
    assert session.implementation == runtime.implementation() and session.implementation in runtime.implementations()
    assert "random" in repr(session)


def test_coordinates_of_every_integer_type_and_layout(
    session: runtime.Session, sites: np.ndarray, feats: np.ndarray
) -> None:
    wanted = session(sites, feats)
    assert wanted.shape == (len(sites), 4) and wanted.dtype == np.float32
    for dtype in (np.int8, np.int16, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, ">i4", ">i8"):
        np.testing.assert_array_equal(session(sites.astype(dtype), feats), wanted)
    np.testing.assert_array_equal(session(sites[:, 1:], feats), wanted)  # batch 0
    np.testing.assert_array_equal(session(np.asfortranarray(sites), feats), wanted)
    wide = np.zeros((2 * len(sites), 9), dtype=np.int64)
    wide[::2, 1::2] = sites
    np.testing.assert_array_equal(session(wide[::2, 1::2], feats), wanted)
    np.testing.assert_array_equal(session(sites[::-1], feats[::-1]), wanted[::-1])
    np.testing.assert_array_equal(session(sites.tolist(), feats), wanted)
    frozen, still = sites.copy(), feats.copy()
    frozen.flags.writeable = still.flags.writeable = False
    np.testing.assert_array_equal(session(frozen, still), wanted)


def test_features_of_every_float_type(session: runtime.Session, sites: np.ndarray, feats: np.ndarray) -> None:
    exact = feats.astype(np.float16)
    wanted = session(sites, exact.astype(np.float32))
    for given in (exact, exact.astype(np.float64), exact.astype(np.longdouble), exact.astype(">f4"), exact.tolist()):
        np.testing.assert_array_equal(session(sites, given), wanted)
    np.testing.assert_array_equal(session(sites, np.asfortranarray(exact)), wanted)


@pytest.mark.parametrize("columns", [3, 4])
def test_no_sites_give_no_rows(session: runtime.Session, columns: int) -> None:
    logits, times = session.timed(np.empty((0, columns), dtype=np.int32), np.empty((0, CHANNELS), dtype=np.float32))
    assert logits.shape == (0, 4) and logits.dtype == np.float32 and times.total >= 0
    assert len(session.trace(np.empty((0, columns), dtype=np.int32), np.empty((0, CHANNELS)))) >= 0


def hostile(name: str) -> tuple[Any, Any, str]:
    """Coordinates, features and a part of what is said."""
    sites = np.array([[0, 0, 0, 0], [0, 1, 2, 3], [1, 4, 5, 6]], dtype=np.int64)
    feats = np.zeros((3, CHANNELS), dtype=np.float32)
    bad = feats.copy()
    flat = {
        "float coords": (sites.astype(float), feats, "integers"),
        "bool coords": (sites.astype(bool), feats, "integers"),
        "text coords": (sites.astype(str), feats, "integers"),
        "object coords": (sites.astype(object), feats, "integers"),
        "complex coords": (sites.astype(complex), feats, "integers"),
        "ragged coords": ([[0, 0, 0], [0]], feats, "coords"),
        "no array": (None, feats, "coords"),
        "one axis": (sites[:, 0], feats, r"\(3,\)"),
        "three axes": (sites[None], feats, r"\(1, 3, 4\)"),
        "five columns": (np.zeros((3, 5), int), feats, r"\(3, 5\)"),
        "two columns": (sites[:, :2], feats, r"\(3, 2\)"),
        "beyond int32": (sites + np.array([0, 0, 0, 1 << 40]), feats, "32-bit"),
        "wraps to a fine value": (sites + np.array([0, 0, 0, 1 << 32]), feats, "32-bit"),
        "beyond int64": (sites.astype(np.uint64) + np.array([0, 0, 0, 1 << 63], np.uint64), feats, "32-bit"),
        "above the range": (np.where(sites == 6, HIGH + 1, sites), feats, "32766"),
        "below the range": (np.where(sites == 6, LOW - 1, sites), feats, "-32767"),
        "negative batch": (sites - np.array([1, 0, 0, 0]), feats, "batch"),
        "large batch": (sites + np.array([32768, 0, 0, 0]), feats, "batch"),
        "same site twice": (sites[[0, 1, 1]], feats, "twice|duplicate|more than once"),
        "same site twice in 3 columns": (sites[[0, 1, 1], 1:], feats, "twice|duplicate|more than once"),
        "too few features": (sites, feats[:2], r"\(2, 3\)"),
        "too many features": (sites, np.zeros((4, CHANNELS)), r"\(4, 3\)"),
        "features for no sites": (sites[:0], feats, r"\(3, 3\)"),
        "missing channel": (sites, feats[:, :2], r"\(3, 2\)"),
        "flat features": (sites, feats.ravel(), r"\(9,\)"),
        "integer features": (sites, feats.astype(int), "floating"),
        "complex features": (sites, feats.astype(complex), "floating"),
        "object features": (sites, feats.astype(object), "floating"),
        "text features": (sites, feats.astype(str), "floating"),
        "no features": (sites, None, "feats"),
    }
    if name in flat:
        return flat[name]
    bad[1, 2] = {"NaN": np.nan, "inf": np.inf, "-inf": -np.inf}.get(name, 0)
    if name == "overflow":
        return sites, np.full((3, CHANNELS), 1e300), "finite|infinite"
    return sites, bad, "finite|NaN|infinite"


@pytest.mark.parametrize(
    "name",
    [
        "float coords", "bool coords", "text coords", "object coords", "complex coords", "ragged coords", "no array",
        "one axis", "three axes", "five columns", "two columns", "beyond int32", "wraps to a fine value",
        "beyond int64", "above the range", "below the range", "negative batch", "large batch", "same site twice",
        "same site twice in 3 columns", "too few features", "too many features", "features for no sites",
        "missing channel", "flat features", "integer features", "complex features", "object features",
        "text features", "no features", "NaN", "inf", "-inf", "overflow",
    ],
)  # fmt: skip
def test_hostile_arrays_are_refused_in_a_sentence(session: runtime.Session, name: str) -> None:
    coords, feats, part = hostile(name)
    for action in (session, session.timed, session.trace):
        with pytest.raises(InputError, match=part) as told:
            action(coords, feats)  # type: ignore[operator]
        assert len(str(told.value)) > 20 and "\n" not in str(told.value)


@pytest.mark.parametrize("threads", [-1, 1025, 2**40, 1.0, "2", True])
def test_thread_counts_out_of_range_are_refused(
    session: runtime.Session, sites: np.ndarray, feats: np.ndarray, threads: Any
) -> None:
    with pytest.raises(InputError, match="threads"):
        session(sites, feats, threads=threads)
    with pytest.raises(InputError, match="threads"):
        runtime.loads(CONTENT, threads=threads)


def test_a_large_scene_does_not_depend_on_threads_or_order() -> None:
    rng = np.random.default_rng(0)
    sites = np.unique(rng.integers(-30, 30, size=(40_000, 3)), axis=0)
    feats = rng.normal(size=(len(sites), CHANNELS)).astype(np.float32)
    session = runtime.loads(CONTENT, threads=1)
    wanted = session(sites, feats)
    for threads in (0, 2, 3, 4, 7):
        np.testing.assert_array_equal(session(sites, feats, threads=threads), wanted)
    order = rng.permutation(len(sites))
    np.testing.assert_array_equal(session(sites[order], feats[order], threads=2), wanted[order])


def test_batches_do_not_see_each_other(session: runtime.Session, sites: np.ndarray, feats: np.ndarray) -> None:
    alone = session(sites, feats)
    other = sites + np.array([9, 0, 0, 0])
    both = session(np.concatenate([other, sites]), np.concatenate([np.flip(feats, 0), feats]))
    np.testing.assert_array_equal(both[len(sites) :], alone)
    np.testing.assert_array_equal(both[: len(sites)], session(sites, np.flip(feats, 0)))


def test_many_threads_share_a_session(session: runtime.Session) -> None:
    """While some of them make mistakes, whose sentences must not end up with another thread."""
    scenes = [site_set("random", seed, 300) for seed in range(8)]
    rows = [np.random.default_rng(n).normal(size=(len(scene), CHANNELS)) for n, scene in enumerate(scenes)]
    wanted = [session(scene, row) for scene, row in zip(scenes, rows, strict=True)]
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        for _ in range(25):
            found = session(scenes[number], rows[number], threads=1 + number % 3)
            np.testing.assert_array_equal(found, wanted[number])
            outside = np.array([[number, 0, 0, 40_000 + number]])
            with pytest.raises(InputError, match=str(40_000 + number)):
                session(outside, np.zeros((1, CHANNELS)))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


def test_pickled_session_is_the_same(
    session: runtime.Session, sites: np.ndarray, feats: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "m.safetensors").write_bytes(CONTENT)
    for one in (session, runtime.load(tmp_path / "m.safetensors", threads=2)):
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(one))(sites, feats), session(sites, feats))


_HELD = """
import os, pickle, sys
import numpy as np
from bscnet import runtime

def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

content = sys.stdin.buffer.read()
edge = np.stack(np.meshgrid(*[np.arange(70)] * 3), -1).reshape(-1, 3)
feats = np.ones((len(edge), int(sys.argv[1])), np.float32)
kept, none = runtime.loads(content), runtime.loads(content, keep_bytes=0)
for session in (none, kept):
    before = resident_bytes()
    workspace = session.timed(edge, feats)[1].workspace_bytes
    print((resident_bytes() - before) / workspace)
again = pickle.loads(pickle.dumps(none))
print(again._keep_bytes, (again(edge, feats) == kept(edge, feats)).all())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the process's memory as Linux tells it")
def test_a_session_keeps_as_much_memory_as_it_may() -> None:
    """In a process of its own: in this one a training run may have told the C library to keep what is freed."""
    words = [sys.executable, "-c", _HELD, str(CHANNELS)]
    made = subprocess.run(words, input=CONTENT, capture_output=True, check=True)
    none, kept, again = made.stdout.decode().splitlines()
    assert float(none) < 0.3 and float(kept) > 0.5, made.stdout
    assert again == "0 True"


@pytest.mark.parametrize("wrong", [-1, 2**63, 1.5, "1 GB", True])
def test_wrong_numbers_of_bytes_are_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match="keep_bytes is"):
        runtime.loads(CONTENT, keep_bytes=wrong)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_can_run_it_too(tmp_path: Path) -> None:
    """A loader's worker is a fork of a process that has run already: threads that the engine kept would be missing."""
    (tmp_path / "m.safetensors").write_bytes(CONTENT)
    code = (
        "import os, sys, numpy as np; from bscnet import runtime; "
        f"s = runtime.load({str(tmp_path / 'm.safetensors')!r}, threads=3); "
        "c = np.stack(np.meshgrid(*[np.arange(20)] * 3), -1).reshape(-1, 3); f = np.ones((8000, 3)); a = s(c, f); "
        "p = os.fork(); b = s(c, f); same = (a == b).all(); "
        "os._exit(0 if same else 1) if p == 0 else sys.exit(os.waitpid(p, 0)[1] or not same)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_times_and_memory_of_a_run(session: runtime.Session) -> None:
    sites = np.stack(np.meshgrid(*[np.arange(30)] * 3), -1).reshape(-1, 3)
    _, times = session.timed(sites, np.ones((len(sites), CHANNELS)))
    assert times.kernel_maps > 0 and times.real_parts > 0 and times.total < 60
    assert times.workspace_bytes > len(sites) * 4
    added = times + times
    assert added.total == pytest.approx(2 * times.total) and added.workspace_bytes == times.workspace_bytes


def test_a_residual_stream_of_float16_takes_half_the_memory(tmp_path: Path) -> None:
    """At the peak, one value of level 0 and one of level 1 are kept, the latter of twice the channels and an eighth of
    the sites: 2.5 bytes less for each site and channel of level 0."""
    m, sites = 32, np.stack(np.meshgrid(*[np.arange(16)] * 3), -1).reshape(-1, 3)
    workspace = {}
    for residual in ("float32", "float16"):
        path = write_model(tmp_path / f"{residual}.safetensors", network("unet", m=m, residual=residual).eval())
        session = runtime.load(path, threads=1)
        workspace[residual] = session.timed(sites, np.ones((len(sites), CHANNELS)))[1].workspace_bytes
    assert workspace["float32"] - workspace["float16"] == pytest.approx(2.5 * len(sites) * m, rel=0.01)


def test_traces_are_copies_with_their_coordinates(
    session: runtime.Session, sites: np.ndarray, feats: np.ndarray
) -> None:
    traces = session.trace(sites, feats)
    assert {trace.what for trace in traces} <= {"real", "bits", "sums"}
    final = next(trace for trace in traces if trace.value == session.description["output"])
    logits = {tuple(site): row for site, row in zip(sites.tolist(), session(sites, feats), strict=True)}
    for site, row in zip(final.coords.tolist(), final.data, strict=True):
        np.testing.assert_array_equal(row, logits[tuple(site)])
    del session
    gc.collect()
    assert all(np.isfinite(trace.data).all() for trace in traces)


def test_freed_sessions_give_their_memory_back(tmp_path: Path) -> None:
    """Loading often grows neither Python's memory nor, by much, the process's."""
    path = tmp_path / "m.safetensors"
    path.write_bytes(CONTENT)

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    if not Path("/proc/self/statm").exists():
        pytest.skip("this system does not tell a process its memory")
    for _ in range(50):
        runtime.load(path)
    tracemalloc.start()
    before = resident()
    for _ in range(300):
        runtime.load(path)
    grown, (_, peak) = resident() - before, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 100 * len(CONTENT) and peak < 50 * len(CONTENT)
