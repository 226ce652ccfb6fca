"""The page's readers beside the package's: the same columns, and a sentence where there are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bscnet.clouds import open_cloud
from bscnet.clouds.columns import COLORS
from bscnet.clouds.points import PointReader
from bscnet.clouds.reading import Reading
from bscnet.errors import InputError
from engine_presets import run
from fixtures import wasm
from fixtures.las_files import las_bytes, plain_points, write_random
from fixtures.pcd_bytes import pcd
from fixtures.ply_bytes import FORMS, Element, faces, ply, points, seen_points

pytestmark = pytest.mark.slow

_RNG = np.random.default_rng(8)
_XYZ = [(axis, _RNG.normal(size=40)) for axis in "xyz"]


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    wasm.require("npm")
    from bscnet.shipped import DEFAULT
    from build_demo.__main__ import install
    from build_demo.rules import rules_of

    install()
    path = tmp_path_factory.mktemp("rules") / "rules.json"
    path.write_text(json.dumps(rules_of(DEFAULT)), encoding="utf-8")
    return path


def read(folder: Path, rules: Path) -> dict[str, Any]:
    """What the page makes of the files of a folder."""
    from build_demo.__main__ import LAZ

    script = Path(__file__).with_name("read_files.mjs")
    told: dict[str, Any] = json.loads(run(["node", str(script), str(rules), str(LAZ), str(folder)]))
    return told


def check(path: Path, told: dict[str, Any]) -> None:
    """All columns are those of the package, and what follows from them; extra dimensions of LAS are not looked at."""
    file = open_cloud(path)
    columns = {name: column.astype(np.float64) for name, column in file.read().columns.items()}
    extras = set(file.layout.extras) if hasattr(file, "layout") else set()
    beside = {name for name, source in file.columns.items() if source.field in extras}
    assert set(told["names"]) == set(columns) - beside
    found = np.fromfile(f"{path}.columns").reshape(-1, file.count)
    for name, values in zip(told["names"], found, strict=True):
        np.testing.assert_array_equal(values, columns[name], err_msg=f"{path.name}: {name}")
    reader = PointReader(file, Reading(invalid_points="drop"), ())
    assert tuple(told["metres"]) == reader.metres
    if reader.colored:
        surveyor, chunk = reader.surveyor(), next(reader.chunks())
        surveyor.add(chunk)
        shades = np.fromfile(f"{path}.rgb", np.uint8).reshape(-1, 3)
        seen = reader.points(chunk, surveyor.result())
        assert np.array_equal(shades[seen.rows], seen.colors)


def test_ply_of_every_form(rules: Path, tmp_path: Path) -> None:
    """Lists, other elements before the vertices, every end of line, names in other alphabets, colours 0 to 1."""
    sphere = Element("sphere", ["list uchar int parts", "short kind"], [([1, 2, 3], 4), ([], -5)])
    half = Element(
        "vertex",
        [*(f"float {axis}" for axis in "XYZ"), *(f"float scalar_{name}" for name in ("R", "G", "B")), "float Rf"],
        [(1.5, 2.5, 3.5, 0.25, 0.5, 0.75, 9.0), (1, 2, 3, 1, 0, 0.5, 9.5)],
    )
    dense = Element(
        "vertex",
        [*(f"float {axis}" for axis in "xyz"), *(f"ushort diffuse_{name}" for name in COLORS), "char label"],
        [(1, 2, float(row), 256 * row, 255, 65535, -row) for row in range(9)],
    )
    for form in FORMS:
        made = {
            "plain": ply(form, [points(), faces([0, 1, 2])], ["comment Büro".encode("cp1252")]),
            "behind": ply(form, [points(3)] if form == "ascii" else [sphere, points(3)], end="\r\n"),
            "half": ply(form, [half], end="\r"),
            "dense": ply(form, [dense, faces([0, 1, 2, 3], [1])]),
        }
        if form != "ascii":
            made["lists"] = ply(form, [seen_points()])
        for name, data in made.items():
            (tmp_path / f"{name}-{form}.ply").write_bytes(data)
    paths = sorted(tmp_path.iterdir())
    told = read(tmp_path, rules)
    assert len(paths) == 14
    for path in paths:
        check(path, told[path.name])


def test_pcd_of_every_kind(rules: Path, tmp_path: Path) -> None:
    """Fields of several values, padding, integers of every width, colours packed into floats or written as numbers."""
    bits = _RNG.integers(0, 1 << 24, 40).astype(np.uint32)
    wide = [("_", np.zeros((40, 3), np.uint8)), ("normal", _RNG.normal(size=(40, 3)).astype(np.float32))]
    whole = [("id", np.arange(40, dtype=np.int64) - 7), ("Label", _RNG.integers(0, 9, 40).astype(np.uint8))]
    holes = np.where(np.arange(40) % 5 == 0, np.nan, 1.5)
    for kind in ("ascii", "binary", "binary_compressed"):
        made = {
            "float": [*_XYZ, ("rgb", bits.view(np.float32)), *whole],
            "number": [*_XYZ, *wide, ("rgba", bits)],
            "channels": [*_XYZ, *((name, (bits >> place & 255).astype(np.uint8)) for place, name in enumerate("bgr"))],
            "holes": [("x", holes), ("y", holes), ("z", holes.astype(np.float32)), ("rgb", bits)],
        }
        for name, fields in made.items():
            (tmp_path / f"{name}-{kind}.pcd").write_bytes(pcd(fields, kind))
    spelled = pcd([*_XYZ, ("rgb", bits.astype(np.float64))], "ascii", SIZE="8 8 8 4", TYPE="F F F F")
    (tmp_path / "spelled.pcd").write_bytes(spelled)
    paths = sorted(tmp_path.iterdir())
    told = read(tmp_path, rules)
    for path in paths:
        check(path, told[path.name])


def test_las_of_every_format(rules: Path, tmp_path: Path) -> None:
    """Every dimension full of random values; LAZ too, but for waveforms."""
    for number in range(11):
        write_random(tmp_path / f"{number}.las", number, seed=number)
        if number not in (4, 5, 9, 10):
            write_random(tmp_path / f"{number}.laz", number, seed=number)
    (tmp_path / "hand.las").write_bytes(las_bytes(plain_points(30), 30))
    paths = sorted(tmp_path.iterdir())
    told = read(tmp_path, rules)
    for path in paths:
        check(path, told[path.name])


def keys(*entries: tuple[int, int]) -> bytes:
    """A directory of GeoTIFF keys that hold numbers."""
    rows = [(1, 1, 0, len(entries)), *((key, 0, 1, value) for key, value in entries)]
    return np.array(rows, "<u2").tobytes()


UNITS = {
    "metre code": [(3072, 25832)],
    "foot code": [(3072, 2994)],
    "us foot code": [(3072, 6529)],
    "explicit": [(3072, 25832), (3076, 9002)],
    "height": [(3072, 25832), (4099, 9003)],
    "degrees": [(1024, 2), (2048, 4326)],
    "unknown unit": [(3072, 25832), (3076, 9036)],
    "unknown system": [(3072, 2136)],
    "nothing": [],
}


def test_units_of_las(rules: Path, tmp_path: Path) -> None:
    import pyproj

    for name, entries in UNITS.items():
        vlrs = [(b"LASF_Projection", 34735, keys(*entries))]
        (tmp_path / f"{name}.las").write_bytes(las_bytes(plain_points(9), 9, vlrs=vlrs))
    for code in (25832, 2994, 6529, 4326, 7415):
        text = pyproj.CRS.from_epsg(code).to_wkt("WKT1_GDAL").encode()
        vlrs = [(b"LASF_Projection", 2112, text + b"\0")]
        data = las_bytes(
            plain_points(9, point_size=30), 9, minor=4, point_format=6, point_size=30, vlrs=vlrs, encoding=16
        )
        (tmp_path / f"wkt {code}.las").write_bytes(data)
    paths = sorted(tmp_path.iterdir())
    told = read(tmp_path, rules)
    refused = []
    for path in paths:
        try:
            PointReader(open_cloud(path), Reading(), ())
        except InputError:
            refused.append(path.stem)
            assert isinstance(told[path.name], str), path
            continue
        check(path, told[path.name])
    assert refused == ["degrees", "unknown system", "unknown unit", "wkt 4326"]


def test_damaged_files_are_refused_or_read_alike(rules: Path, tmp_path: Path) -> None:
    """Bytes changed at random, and files cut: a sentence, or columns; where the package has columns too, the same."""
    sound = tmp_path / "sound"
    sound.mkdir()
    write_random(sound / "a.las", 7, 20)
    write_random(sound / "b.laz", 3, 20)
    (sound / "c.ply").write_bytes(ply("binary_little_endian", [points(9)]))
    (sound / "d.ply").write_bytes(ply("ascii", [points(9)]))
    for number, kind in enumerate(("ascii", "binary", "binary_compressed")):
        (sound / f"e{number}.pcd").write_bytes(pcd([*_XYZ, ("rgb", np.arange(40, dtype=np.uint32))], kind))
    folder = tmp_path / "damaged"
    folder.mkdir()
    rng = np.random.default_rng(3)
    for path in sorted(sound.iterdir()):
        data = path.read_bytes()
        for trial in range(40):
            changed = np.frombuffer(data, np.uint8).copy()
            places = rng.integers(0, min(len(data), 600), rng.integers(1, 4))
            changed[places] = rng.integers(0, 256, len(places))
            short = changed[: rng.integers(1, len(data))] if trial % 4 == 0 else changed
            (folder / f"{trial}-{path.name}").write_bytes(short.tobytes())
    paths = sorted(folder.iterdir())
    told, alike = read(folder, rules), 0
    for path in paths:
        mine = told[path.name]
        try:
            file = open_cloud(path)
            PointReader(file, Reading(), ())
            columns = file.read().columns
        except InputError:
            continue
        if isinstance(mine, str):  # stricter
            assert mine.startswith(f"{path.name}: ") and "\n" not in mine
            continue
        found = np.fromfile(f"{path}.columns").reshape(-1, file.count)
        shared = [name for name in mine["names"] if name in columns]
        for name in shared:
            values = found[mine["names"].index(name)]
            np.testing.assert_array_equal(values, columns[name].astype(np.float64), err_msg=f"{path}: {name}")
        alike += len(shared) >= 3
    assert alike > 40
