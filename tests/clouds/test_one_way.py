"""Train on a file, label that file: the network gets the same points, whatever the format, colours and spelling."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from plyfile import PlyData, PlyElement

from bscnet import runtime
from bscnet.clouds.columns import find_column, find_label
from bscnet.clouds.open import open_cloud
from bscnet.datasets.folder.described import read_description
from bscnet.datasets.folder.source import FolderSource
from bscnet.prediction.label_file import label_file
from bscnet.prediction.labeller import Labeller
from fixtures.folder_files import WRITERS, Points, columns, describe, make_points
from fixtures.model_files import random_program

CODES = (2, 5, 6, 9)
COLOR_TYPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "uchar": lambda rgb: rgb,
    "ushort": lambda rgb: rgb.astype(np.uint16) * 257,
    "int": lambda rgb: rgb.astype(np.int32),
    "float": lambda rgb: (rgb / 255).astype(np.float32),
    "double": lambda rgb: rgb / 255,
    "float255": lambda rgb: rgb.astype(np.float32),
}
KEYS = {
    "classes": {code: f"class {code}" for code in CODES},
    "features": ["rgb", "intensity"],
    "scale": {"intensity": 65535},
}
LAS = (".las", ".laz")
SPELLINGS = {
    "plain": ("xyz", ("red", "green", "blue")),
    "capitals": ("XYZ", ("Red", "Green", "Blue")),
    "letters": ("xyz", ("r", "g", "b")),
    "diffuse": ("xyz", ("diffuse_red", "diffuse_green", "diffuse_blue")),
    "cloudcompare": ("XYZ", ("Rf", "Gf", "Bf")),
}


def table(points: Points, axes: str, names: tuple[str, ...], kind: str) -> dict[str, np.ndarray]:
    rgb = COLOR_TYPES[kind](points.rgb)
    found = {axis: points.xyz[:, index] for index, axis in enumerate(axes)}
    found |= {name: rgb[:, index] for index, name in enumerate(names)}
    return found | {"label": points.label, "intensity": points.intensity}


def as_ply(path: Path, data: dict[str, np.ndarray], faces_first: bool = False, list_within: bool = False) -> None:
    count = len(data["label"])
    kinds: list[tuple[str, object]] = [(name, column.dtype) for name, column in data.items()]
    vertex = np.empty(count, [*kinds, ("neighbours", object)] if list_within else kinds)
    for name, column in data.items():
        vertex[name] = column
    if list_within:
        vertex["neighbours"] = [np.arange(index % 3, dtype=np.int32) for index in range(count)]
    lists = {"neighbours": "i4"} if list_within else {}
    elements = [PlyElement.describe(vertex, "vertex", val_types=lists, len_types=dict.fromkeys(lists, "u1"))]
    face = np.array([([0, 1, 2],), ([1, 2, 3, 4],)], [("vertex_indices", object)])
    elements.insert(
        0 if faces_first else 1,
        PlyElement.describe(face, "face", val_types={"vertex_indices": "i4"}, len_types={"vertex_indices": "u1"}),
    )
    PlyData(elements, byte_order="<").write(str(path))


def as_text(path: Path, data: dict[str, np.ndarray], comma: bool = False) -> None:
    lines = [
        "//" + ";".join(data),
        *(";".join(map(repr, row)) for row in zip(*(c.tolist() for c in data.values()), strict=True)),
    ]
    text = "\n".join(lines) + "\n"
    path.write_text(text.replace(".", ",") if comma else text, encoding="utf-8-sig" if comma else "utf-8")


def as_pcd(path: Path, data: dict[str, np.ndarray]) -> None:
    kinds = [column.dtype for column in data.values()]
    head = [
        "VERSION .7", "FIELDS " + " ".join(data), "SIZE " + " ".join(str(kind.itemsize) for kind in kinds),
        "TYPE " + " ".join({"f": "F", "u": "U", "i": "I"}[kind.kind] for kind in kinds),
        "COUNT " + " ".join("1" for _ in kinds), f"WIDTH {len(data['label'])}", "HEIGHT 1",
        f"POINTS {len(data['label'])}", "DATA binary",
    ]  # fmt: skip
    rows = np.empty(len(data["label"]), list(zip(data, kinds, strict=True)))
    for name, column in data.items():
        rows[name] = column
    path.write_bytes("".join(f"{line}\n" for line in head).encode() + rows.tobytes())


def written(tmp_path: Path, case: str, points: Points) -> Path:
    """The points in the file of a case "format, spelling, colour type"."""
    folder = tmp_path / "train"
    folder.mkdir(exist_ok=True)
    if case in WRITERS:
        return WRITERS[case](folder / case, points)
    form, spelling, kind = case.split(", ")
    data = table(points, *SPELLINGS[spelling], kind)
    path = folder / f"cloud{form}"
    if form == ".ply":
        as_ply(path, data, faces_first=spelling == "capitals", list_within=spelling == "letters")
    elif form == ".npz":
        np.savez(path, **data)
    elif form == ".pcd":
        as_pcd(path, data)
    else:
        as_text(path, data, comma=form == ".csv")
    return path


CASES = [
    *WRITERS,
    *(f".ply, {spelling}, {kind}" for spelling in SPELLINGS for kind in ("uchar", "float")),
    *(f"{form}, plain, {kind}" for form in (".ply", ".npz", ".pcd", ".txt") for kind in COLOR_TYPES),
    *(f"{form}, {spelling}, float" for form in (".npz", ".pcd", ".xyz", ".csv") for spelling in SPELLINGS),
]


@cache
def session() -> runtime.Session:
    program = random_program(7, in_channels=4, num_classes=len(CODES), levels=2)
    program.description["features"] = {"kind": "cloud", "names": ["rgb", "intensity"], "scale": 127.5, "offset": -1.0}
    return runtime.loads(program.to_bytes(), threads=1)


def labelled(path: Path, target: Path, root: Path) -> np.ndarray:
    """The labels that the file gets by the folder's own reading; its own come back as they were."""
    reading = read_description(root).reading
    source = open_cloud(path, reading.columns)
    label_file(Labeller(session(), reading=reading), source, target, chunk_points=23)
    before, after = source.read().columns, open_cloud(target).read().columns
    own = find_label(before)
    assert own is not None
    kept = {name: name for name in before} | {own: f"{own}_input" if own != "labels" else own}
    for name, other in kept.items():
        column = after[find_column(after, other) or other]
        assert column.dtype == before[name].dtype, name
        np.testing.assert_array_equal(column, before[name], err_msg=name)
    return after["classification" if target.suffix in (".las", ".laz") else "label"]


@pytest.mark.parametrize("case", dict.fromkeys(CASES))
def test_what_trains_can_be_labelled_and_is_the_same_to_the_network(tmp_path: Path, case: str) -> None:
    points = make_points(seed=3)
    points.label = np.array(CODES, np.uint8)[points.label]
    path = written(tmp_path, case, points)
    describe(tmp_path, **KEYS, units="cm")
    scan = FolderSource(tmp_path).read("train-" + path.stem)
    np.testing.assert_array_equal(scan.colors, points.rgb)
    np.testing.assert_array_equal(np.array(CODES)[scan.labels], points.label)
    labeller = Labeller(session(), reading=read_description(tmp_path).reading)
    found = labeller.label(open_cloud(path, labeller.reading.columns), chunk_points=11)
    parts = [found.reader.points(part, found.survey) for part in found.reader.chunks(11)]
    np.testing.assert_array_equal(np.concatenate([part.colors for part in parts]), scan.colors)
    places = np.concatenate([np.stack(part.axes, axis=1) for part in parts])
    np.testing.assert_array_equal(places.astype(np.float32), scan.points)
    values = np.concatenate([part.values["intensity"] for part in parts])
    np.testing.assert_array_equal(values.astype(np.float32), scan.extra["intensity"])
    labels = labelled(path, tmp_path / f"out{path.suffix}", tmp_path)
    assert set(np.unique(labels)) <= set(CODES)
    np.testing.assert_array_equal(labels, reference(points, tmp_path))


def reference(points: Points, root: Path) -> np.ndarray:
    """The labels of the same points as arrays."""
    np.savez(root / "reference.npz", **columns(points))
    return labelled(root / "reference.npz", root / "reference_out.npz", root)


@pytest.mark.parametrize("source", ["cloud.ply", "binary.pcd", "cloud.las", "cloud_14.laz", "cloud.npz", "cloud.csv"])
@pytest.mark.parametrize("ending", [".ply", ".pcd", ".las", ".laz", ".npz", ".xyz", ".csv"])
def test_any_format_goes_to_any(tmp_path: Path, source: str, ending: str) -> None:
    points = make_points(seed=5)
    points.label = np.array(CODES, np.uint8)[points.label]
    path = WRITERS[source](tmp_path / source, points)
    describe(tmp_path, splits={"train": [source]}, **KEYS)
    reading, target = read_description(tmp_path).reading, tmp_path / f"out{ending}"
    label_file(Labeller(session(), reading=reading), open_cloud(path), target, chunk_points=13)
    after = open_cloud(target)
    cloud = after.read()
    for index, axis in enumerate("xyz"):
        np.testing.assert_allclose(cloud.columns[axis], points.xyz[:, index], atol=5e-5 if ending in LAS else 0)
    reader = Labeller(session(), reading=reading).reader(after)
    surveyor = reader.surveyor()
    surveyor.add(cloud)
    np.testing.assert_array_equal(reader.points(cloud, surveyor.result()).colors, points.rgb)
    np.testing.assert_array_equal(cloud.columns["intensity"], points.intensity)
    label = cloud.columns["classification" if ending in LAS else "label"]
    assert set(np.unique(label)) <= set(CODES)
    sure = cloud.columns["confidence"]
    assert len(sure) == len(points) and ((sure > 0) & (sure <= 1)).all()


def test_a_las_file_in_feet_is_labelled_as_in_metres(tmp_path: Path) -> None:
    import laspy

    points = make_points(seed=8)
    WRITERS["cloud.npz"](tmp_path / "metres.npz", points)
    las = laspy.read(WRITERS["cloud.las"](tmp_path / "feet.las", points.times(1 / 0.3048)))
    las.header.vlrs.append(laspy.vlrs.known.WktCoordinateSystemVlr('PROJCS["a",GEOGCS["b"],UNIT["foot",0.3048]]'))
    las.write(str(tmp_path / "feet.las"))
    done = [
        Labeller(session()).label(open_cloud(tmp_path / name), voxel_size=size)
        for name, size in (("metres.npz", None), ("feet.las", None), ("feet.las", 0.05 / 0.3048))
    ]
    sizes = [one.frame.voxel_size for one in done]
    assert sizes == pytest.approx([0.05] * 3)
    # rounding to the file's steps moves hardly a point into another voxel
    assert all(abs(len(one.voxels) - len(done[0].voxels)) <= 2 for one in done)
