"""From a cloud to the same with labels: the network's own, whatever the chunks and tiles, in bounded memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from plyfile import PlyData

import bscnet
from bscnet import runtime
from bscnet.clouds.open import open_cloud
from bscnet.clouds.reading import Reading
from bscnet.data.voxelize import Voxels, voxelize
from bscnet.errors import InputError
from bscnet.evaluation.cloud_file import read_page_scene
from bscnet.prediction.classify import best
from bscnet.prediction.label_file import LabelledFile, label_file
from bscnet.prediction.labeller import Labeller
from bscnet.viz.palette import class_palette
from fixtures.clouds import room, write_ply
from fixtures.model_files import READING, ModelParts, random_program

CLASSES = 7
COLOURS = ("red", "green", "blue")


def telling_model(voxels: Voxels) -> ModelParts:
    """A model that sees 2 to 6 voxels far and gives the room several classes."""
    for seed in range(1000):
        program = random_program(seed, voxels.feats.shape[1], num_classes=CLASSES, levels=2, length=8, max_channels=17)
        if 2 <= runtime.loads(program.to_bytes()).radius <= 6:
            labels = runtime.loads(program.to_bytes())(voxels.coords, voxels.feats).argmax(1)
            if np.bincount(labels).max() < 0.6 * len(labels) and len(np.unique(labels)) >= 3:
                return program
    raise AssertionError("no random program tells the voxels apart")


def colour_model() -> bytes:
    voxels = voxelize(room_points() / 0.05, room_points(COLOURS) / 127.5 - 1)
    return telling_model(voxels).to_bytes()


def room_points(names: tuple[str, ...] = ("x", "y", "z")) -> np.ndarray:
    cloud = room(6000)
    return np.stack([cloud[name] for name in names], axis=1)


@pytest.fixture(scope="module")
def session() -> runtime.Session:
    return runtime.loads(colour_model(), threads=2)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ply(tmp_path_factory.mktemp("scan") / "scan.ply", room(6000))


def label(session: runtime.Session, scan: Path, target: Path, **options: Any) -> tuple[np.ndarray, LabelledFile]:
    once = {key: options.pop(key) for key in ("max_sites", "margin", "indices", "reading") if key in options}
    done = label_file(Labeller(session, **once), open_cloud(scan), target, **options)
    return np.asarray(PlyData.read(str(target), mmap=False)["vertex"].data), done


def test_labels_confidence_and_colours_are_those_of_the_logits(
    session: runtime.Session, scan: Path, tmp_path: Path
) -> None:
    cloud = room(6000)
    vertices, done = label(session, scan, tmp_path / "out.ply")
    points = np.stack([cloud[axis] for axis in "xyz"], axis=1).astype(np.float64)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    colors = np.stack([cloud[name] for name in COLOURS], axis=1)
    voxels = voxelize((points - middle) / 0.05 + 0.5, colors / np.float64(127.5) - 1)
    logits = session(voxels.coords, voxels.feats)[voxels.point_to_voxel].astype(np.float64)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    # features summed another way differ by a rounding, which signs hardly ever see
    agree = vertices["label"] == odds.argmax(1)
    assert agree.mean() > 0.999
    np.testing.assert_allclose(vertices["confidence"][agree], odds.max(axis=1)[agree], atol=1e-3)
    for name in ("x", "y", "z", *COLOURS):
        np.testing.assert_array_equal(vertices[name], cloud[name])
    found = done.cloud
    assert found.survey.kept == 6000 and len(found.voxels) == len(voxels.coords) and found.classes.tiles == 1
    np.testing.assert_array_equal(done.points_of_class, np.bincount(vertices["label"], minlength=CLASSES))
    assert {"read", "voxelize", "network", "label points", "write"} <= found.clock.seconds.keys()
    assert found.classes.times.total > 0


def test_class_colours_only_where_they_are_asked_for(session: runtime.Session, scan: Path, tmp_path: Path) -> None:
    palette = class_palette(CLASSES)
    vertices, _ = label(session, scan, tmp_path / "out.ply", palette=palette)
    np.testing.assert_array_equal(np.stack([vertices[name] for name in COLOURS], axis=1), palette[vertices["label"]])


def test_a_network_of_heights_and_measured_values(scan: Path, tmp_path: Path) -> None:
    points = room_points().astype(np.float64)
    positions = (points - (points.min(axis=0) + points.max(axis=0)) / 2) / 0.05 + 0.5
    above, red = points[:, [2]] - points[:, 2].min(), room_points(("red",)) / 127.5 - 1
    voxels = voxelize(positions, np.concatenate([above, positions - np.floor(positions) - 0.5, red], axis=1))
    model = telling_model(voxels)
    names = ["height", "offset", "red"]  # any property can be a measured value
    model.description["features"] = {"kind": "cloud", "names": names, "scale": 1.0, "offset": 0.0}
    model.description["reading"] = {**READING, "scale": {"red": [0, 255]}}
    session = runtime.loads(model.to_bytes())
    vertices, done = label(session, scan, tmp_path / "out.ply", chunk_points=700)
    wanted = session(voxels.coords, voxels.feats).argmax(1)[voxels.point_to_voxel]
    assert (vertices["label"] == wanted).mean() > 0.999
    assert done.sample is None


def test_the_file_says_what_its_labels_mean(session: runtime.Session, scan: Path, tmp_path: Path) -> None:
    label(session, scan, tmp_path / "out.ply")
    ply = PlyData.read(str(tmp_path / "out.ply"))
    assert [p.name for p in ply["vertex"].properties] == ["x", "y", "z", "red", "green", "blue", "label", "confidence"]
    assert ply["vertex"].ply_property("confidence").val_dtype == "f4"
    head = (tmp_path / "out.ply").read_bytes().split(b"end_header")[0].decode("ascii")
    assert "comment class 0 Klasse 0 \\xe4\n" in head and "comment class 6 Klasse 6 \\xe4\n" in head
    assert list(read_page_scene(tmp_path / "out.ply").class_names)[6] == "Klasse 6 ä"
    assert not ply.text and os.stat(tmp_path / "out.ply").st_mode & 0o777 == 0o666 & ~umask()


def umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("options", [{"chunk_points": 1000}, {"chunk_points": 37}, {"chunk_points": 10**9}])
def test_chunks_change_nothing(session: runtime.Session, scan: Path, tmp_path: Path, options: dict[str, int]) -> None:
    wanted, _ = label(session, scan, tmp_path / "whole.ply")
    found, _ = label(session, scan, tmp_path / "chunks.ply", **options)
    assert found.tobytes() == wanted.tobytes()


def test_tiles_with_the_receptive_field_as_margin_change_nothing(
    session: runtime.Session, scan: Path, tmp_path: Path
) -> None:
    wanted, whole = label(session, scan, tmp_path / "whole.ply", voxel_size=0.03)
    found, done = label(
        session, scan, tmp_path / "tiles.ply", voxel_size=0.03, max_sites=len(whole.cloud.voxels) // 2, chunk_points=500
    )
    assert done.cloud.classes.tiles >= 4 and done.cloud.margin == session.radius > 0
    assert done.cloud.classes.times.workspace_bytes < whole.cloud.classes.times.workspace_bytes
    assert found.tobytes() == wanted.tobytes()


def test_tiles_without_a_margin_show_at_their_seams(session: runtime.Session, scan: Path, tmp_path: Path) -> None:
    wanted, whole = label(session, scan, tmp_path / "whole.ply", voxel_size=0.03)
    found, done = label(
        session, scan, tmp_path / "tiles.ply", voxel_size=0.03, max_sites=len(whole.cloud.voxels) // 4, margin=0
    )
    assert done.cloud.margin == 0 < session.radius
    same = (found["label"] == wanted["label"]).mean()
    assert 0.5 < same < 1, "the margin would not be needed"


def test_text_and_arrays_give_what_the_binary_file_gives(session: runtime.Session, scan: Path, tmp_path: Path) -> None:
    cloud = room(6000)
    wanted, _ = label(session, scan, tmp_path / "a.ply")
    text, _ = label(session, write_ply(tmp_path / "text.ply", cloud, "ascii"), tmp_path / "b.ply", chunk_points=800)
    for name in wanted.dtype.names or ():
        np.testing.assert_array_equal(text[name], wanted[name])
    points = np.stack([cloud[axis] for axis in "xyz"], axis=1)
    colors = np.stack([cloud[name] for name in COLOURS], axis=1)
    np.savez(tmp_path / "scan.npz", points=points, colors=colors)
    arrays, _ = label(session, tmp_path / "scan.npz", tmp_path / "c.ply")
    assert arrays.tobytes() == wanted.tobytes()


def test_a_shifted_cloud_in_world_coordinates_is_labelled_alike(session: runtime.Session, tmp_path: Path) -> None:
    near = room(3000).astype([(n, "f8" if n in "xyz" else "u1") for n in room(1).dtype.names])
    far = near.copy()
    for axis, by in zip("xyz", (2**19, 2**22, -(2**10)), strict=True):
        near[axis] = np.round(near[axis] * 1024) / 1024  # so that adding is exact
        far[axis] = near[axis] + by
    one, _ = label(session, write_ply(tmp_path / "near.ply", near), tmp_path / "a.ply")
    two, _ = label(session, write_ply(tmp_path / "far.ply", far), tmp_path / "b.ply")
    assert two["x"].dtype == np.float64
    np.testing.assert_array_equal(two["label"], one["label"])
    np.testing.assert_array_equal(two["x"], far["x"])


@pytest.mark.parametrize(
    "options, part",
    [
        ({"voxel_size": 0.0}, "voxel size 0"), ({"voxel_size": -1.0}, "voxel size -1"),
        ({"voxel_size": float("nan")}, "voxel size nan"), ({"voxel_size": 1e-6}, "is its unit of length the right"),
        ({"max_sites": 0}, "max_sites=0"), ({"max_sites": 3}, "max_sites=3"), ({"margin": -1}, "margin=-1"),
    ],
)  # fmt: skip
def test_values_that_cannot_be_used_leave_no_file(
    session: runtime.Session, scan: Path, tmp_path: Path, options: dict[str, Any], part: str
) -> None:
    with pytest.raises(InputError, match=part):
        label(session, scan, tmp_path / "out.ply", **options)
    assert not list(tmp_path.iterdir())


def test_a_bad_cloud_leaves_the_old_result(session: runtime.Session, tmp_path: Path) -> None:
    cloud = room(100)
    cloud["z"][77] = np.nan
    target = tmp_path / "out.ply"
    target.write_text("what was there")
    with pytest.raises(InputError, match="1 of 100 points have coordinates that are not finite, the first is point 77"):
        label(session, write_ply(tmp_path / "nan.ply", cloud), target, chunk_points=20)
    assert target.read_text() == "what was there"
    assert {path.name for path in tmp_path.iterdir()} == {"out.ply", "nan.ply"}


def test_a_file_that_changes_while_it_is_read_is_told(session: runtime.Session, tmp_path: Path) -> None:
    path = write_ply(tmp_path / "scan.ply", room(500))

    class Meddler:
        def begin(self, what: str, total: int) -> None:
            if what == "labels":
                other = room(500, seed=1)
                for axis in "xyz":
                    other[axis] *= 0.97
                write_ply(path, other)

        def advance(self, count: int) -> None:
            pass

    with pytest.raises(InputError, match="changed while it was read"):
        label(session, path, tmp_path / "out.ply", progress=Meddler())
    assert not (tmp_path / "out.ply").exists()


def test_interruption_leaves_nothing(session: runtime.Session, scan: Path, tmp_path: Path) -> None:
    class Interrupt:
        def begin(self, what: str, total: int) -> None:
            if what == "labels":
                raise KeyboardInterrupt

        def advance(self, count: int) -> None:
            pass

    with pytest.raises(KeyboardInterrupt):
        label(session, scan, tmp_path / "out.ply", progress=Interrupt())
    assert not list(tmp_path.iterdir())


def test_too_little_memory_is_advice(session: runtime.Session, scan: Path, tmp_path: Path) -> None:
    class Exhausted:
        num_classes, in_channels, class_names = CLASSES, 3, session.class_names
        description, voxel_size, radius = session.description, session.voxel_size, session.radius
        features, reading = session.features, session.reading

        def timed(self, coords: np.ndarray, feats: np.ndarray) -> Any:
            raise MemoryError

    with pytest.raises(InputError, match="not enough memory .* lower max_sites"):
        label(Exhausted(), scan, tmp_path / "out.ply")  # type: ignore[arg-type]


def test_confidence_of_large_logits_is_finite() -> None:
    labels, confidence = best(np.array([[1e4, -1e4], [3e38, 3e38], [-3e38, 0.0]], np.float32))
    assert labels.tolist() == [0, 0, 1]
    np.testing.assert_array_equal(confidence, np.array([1.0, 0.5, 1.0], np.float32))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_points(tmp_path: Path) -> None:
    """Ten times the points in the same voxels: the process needs hardly more."""
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell a process its peak memory")
    (tmp_path / "model.safetensors").write_bytes(colour_model())
    code = (
        "import sys; from pathlib import Path; from bscnet import runtime; "
        "from bscnet.clouds.open import open_cloud; from bscnet.prediction.label_file import label_file; "
        "from bscnet.prediction.labeller import Labeller; labeller = Labeller(runtime.load(sys.argv[1], threads=1)); "
        "label_file(labeller, open_cloud(Path(sys.argv[2])), Path(sys.argv[3]), voxel_size=0.1, chunk_points=50_000); "
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    peaks = []
    for count in (200_000, 2_000_000):
        scan = write_ply(tmp_path / "scan.ply", room(count))
        command = [sys.executable, "-c", code, tmp_path / "model.safetensors", scan, tmp_path / "out.ply"]
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) * 1024)
        assert PlyData.read(str(tmp_path / "out.ply"))["vertex"].count == count
    # all 1.8 million points more would be 27 MB in the file, 43 MB as float64 coordinates
    assert peaks[1] - peaks[0] < 12e6


def test_a_value_out_of_all_range_names_the_file(scan: Path, tmp_path: Path) -> None:
    program = random_program(0, in_channels=1, num_classes=CLASSES)
    program.description["features"] = {"kind": "cloud", "names": ["z"], "scale": 1.0, "offset": 0.0}
    program.description["reading"] = {**READING, "scale": {"z": [0, 1e-9]}}
    with pytest.raises(
        InputError, match=r"scan\.ply: the value 'z' of point \d+ is .* once it is scaled as in training"
    ):
        label(runtime.loads(program.to_bytes()), scan, tmp_path / "out.ply")
    assert not (tmp_path / "out.ply").exists()


def test_labels_are_those_of_the_data_set(scan: Path, tmp_path: Path) -> None:
    session = runtime.loads(colour_model())
    numbers = (40, 7, 300, 2, 5, 6, 1)
    plain, _ = label(session, scan, tmp_path / "a.ply")
    own, _ = label(session, scan, tmp_path / "b.ply", reading=Reading(labels=numbers))
    np.testing.assert_array_equal(own["label"], np.array(numbers)[plain["label"]])
    assert own["label"].dtype.itemsize == 2
    indices, _ = label(session, scan, tmp_path / "c.ply", reading=Reading(labels=numbers), indices=True)
    assert indices.tobytes() == plain.tobytes()
    head = (tmp_path / "b.ply").read_bytes().split(b"end_header")[0].decode()
    assert "comment class 300 Klasse 2" in head


@pytest.mark.parametrize("numbers, none", [((), -1), (tuple(range(1, 8)), 0)])
def test_points_that_are_left_out_keep_their_places(tmp_path: Path, numbers: tuple[int, ...], none: int) -> None:
    session, cloud = runtime.loads(colour_model()), room(6000)
    kept, _ = label(session, write_ply(tmp_path / "kept.ply", np.delete(cloud, [3, 5000])), tmp_path / "a.ply")
    cloud["y"][[3, 5000]] = np.nan, np.inf
    scan, reading = write_ply(tmp_path / "holes.ply", cloud), Reading(invalid_points="drop", labels=numbers)
    found, done = label(session, scan, tmp_path / "b.ply", reading=reading, chunk_points=999)
    assert found["label"][[3, 5000]].tolist() == [none] * 2 and found["confidence"][[3, 5000]].tolist() == [0.0] * 2
    rest = np.delete(found, [3, 5000])
    own = np.array(numbers or range(CLASSES))
    np.testing.assert_array_equal(rest["label"], own[kept["label"]])
    np.testing.assert_array_equal(rest["confidence"], kept["confidence"])
    assert done.cloud.survey.dropped == 2 and np.isnan(found["y"][3])


def test_a_sample_to_draw_is_of_the_labelled_points(session: runtime.Session, scan: Path, tmp_path: Path) -> None:
    vertices, done = label(session, scan, tmp_path / "out.ply", sampled=True, chunk_points=700)
    sample = done.sample
    assert sample is not None and len(sample.points) == 6000
    np.testing.assert_array_equal(sample.classes, vertices["label"])
    np.testing.assert_array_equal(sample.confidence, vertices["confidence"])
    np.testing.assert_array_equal(sample.colors, np.stack([vertices[name] for name in COLOURS], axis=1))
    np.testing.assert_allclose(sample.points, room_points() - np.floor(room_points().min(axis=0)), atol=1e-6)


def test_a_program_labels_its_arrays(scan: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(colour_model())
    model = bscnet.load(tmp_path / "model.safetensors", threads=1)
    wanted, _ = label(model.session, scan, tmp_path / "out.ply")
    labels, confidence = model.label(room_points(), room_points(COLOURS))
    np.testing.assert_array_equal(labels, wanted["label"])
    np.testing.assert_array_equal(confidence, wanted["confidence"])
    assert list(model.class_names) == list(model.session.class_names)
    assert model.label_names == dict(enumerate(model.class_names))
    with pytest.raises(InputError, match=r"points: the points have no colours, but the features \['rgb'\] need them"):
        model.label(room_points())
    tiled = bscnet.load(tmp_path / "model.safetensors", max_sites=3000)
    np.testing.assert_array_equal(tiled.label(room_points(), room_points(COLOURS))[0], labels)


def test_what_another_format_cannot_hold_is_said(tmp_path: Path) -> None:
    cloud, names = room(300), np.array(["wall", "floor", "door"])
    points = np.stack([cloud[axis] for axis in "xyz"], axis=1)
    colors = np.stack([cloud[name] for name in COLOURS], axis=1)
    np.savez(tmp_path / "a.npz", points=points, colors=colors, names=names[np.arange(300) % 3])
    session = runtime.loads(colour_model())
    _, done = label(session, tmp_path / "a.npz", tmp_path / "out.ply")
    assert list(done.notes) == ["not written, as only the scan's own format holds them: the array 'names'"]
    _, done = label(session, write_ply(tmp_path / "a.ply", cloud), tmp_path / "b.ply")
    assert not done.notes


def test_what_a_format_cannot_hold_is_refused_before_the_network_runs(tmp_path: Path) -> None:
    cloud = room(300)
    cloud["x"][9] = np.nan

    class Told:
        parts: ClassVar[list[str]] = []

        def begin(self, what: str, total: int) -> None:
            self.parts.append(what)

        def advance(self, count: int) -> None:
            pass

    labeller = Labeller(runtime.loads(colour_model()), reading=Reading(invalid_points="drop"))
    with pytest.raises(InputError, match="not finite, which LAS cannot hold"):
        label_file(labeller, open_cloud(write_ply(tmp_path / "a.ply", cloud)), tmp_path / "o.las", progress=Told())
    assert Told.parts == ["reading"] and not (tmp_path / "o.las").exists()


def test_a_sample_has_the_scans_own_labels(tmp_path: Path) -> None:
    cloud = room(600)
    points, colors = (np.stack([cloud[name] for name in names], axis=1) for names in ("xyz", COLOURS))
    own = np.array([3.0, 4.0, np.nan, 77.0] * 150)
    np.savez(tmp_path / "a.npz", points=points, colors=colors, labels=own)
    reading, session = Reading(labels=(9, 8, 7, 6, 5, 4, 3)), runtime.loads(colour_model())
    _, done = label(session, tmp_path / "a.npz", tmp_path / "o.ply", reading=reading, sampled=True, chunk_points=250)
    assert done.sample is not None and done.sample.truth is not None
    assert done.sample.truth[:4].tolist() == [6, 5, -100, -100]
    np.savez(tmp_path / "b.npz", points=points, colors=colors, labels=np.full(600, 77))
    _, done = label(session, tmp_path / "b.npz", tmp_path / "o.ply", reading=reading, sampled=True)
    assert done.sample is not None and done.sample.truth is None
