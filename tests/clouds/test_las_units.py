"""The units of LAS files by every way in which they state them, with pyproj and without."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import laspy
import numpy as np
import pyproj
import pytest

from bscnet.clouds.formats.las.crs import units_of_wkt
from bscnet.clouds.formats.las.reader import LasFile
from bscnet.clouds.units import metres_of
from bscnet.errors import InputError
from fixtures.las_files import VlrLike, las_bytes, plain_points

WKT_BIT = 16
MODEL, GEOGRAPHIC, GEO_UNIT, PROJECTED, UNIT, UNIT_SIZE, VERTICAL, HEIGHT_UNIT = (
    1024, 2048, 2052, 3072, 3076, 3077, 4096, 4099,
)  # fmt: skip
GEOGCS = (
    'GEOGCS["g",DATUM["d",SPHEROID["s",6378137,298.257222101]{}],PRIMEM["Greenwich",0],'
    'UNIT["degree",0.0174532925199433]]'
)
HELMERT = ",TOWGS84[1,2,3,0,0,0,0]"
GRID = (
    'PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",3],'
    'PARAMETER["scale_factor",1],PARAMETER["false_easting",0],PARAMETER["false_northing",0]'
)
LOCAL = 'LOCAL_CS["site",LOCAL_DATUM["d",0],UNIT["foot",0.3048],AXIS["x",EAST],AXIS["y",NORTH]]'
GEOCENTRIC = (
    'GEOCCS["g",DATUM["d",SPHEROID["s",6378137,298.257222101]],PRIMEM["Greenwich",0],UNIT["metre",1],'
    'AXIS["X",OTHER],AXIS["Y",EAST],AXIS["Z",NORTH]]'
)

SYSTEMS = {
    "EPSG:25832": ("m", None),
    "EPSG:2994": ("ft", None),
    "EPSG:6529": ("us-ft", None),
    "EPSG:6339+6360": ("m", "us-ft"),
    "EPSG:2994+8228": ("ft", "ft"),
    "EPSG:27700+5701": ("m", "m"),
    "EPSG:4326": ("degree", None),
    "EPSG:4979": ("degree", "m"),
    "EPSG:4269+5703": ("degree", "m"),
    "EPSG:4978": ("m", None),
}


@pytest.fixture(params=[True, False], ids=["pyproj", "no pyproj"])
def has_pyproj(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    if not request.param:
        monkeypatch.setitem(sys.modules, "pyproj", None)
    return bool(request.param)


def stated(folder: Path, vlrs: list[VlrLike], encoding: int = 0, behind: bool = False) -> tuple[str | None, str | None]:
    path = folder / "scan.las"
    more = {"evlrs": vlrs} if behind else {"vlrs": vlrs}
    path.write_bytes(las_bytes(plain_points(3), 3, minor=4, encoding=encoding, **more))
    file = LasFile(path)
    return file.units, file.height_units


def wkt(text: str, user: bytes = b"LASF_Projection") -> VlrLike:
    return user, 2112, text.encode() + b"\0"


def keys(values: dict[int, int | float]) -> list[VlrLike]:
    """Records of GeoTIFF keys; values that are no whole numbers stand in a record of their own."""
    entries, doubles = [], []
    for key, value in sorted(values.items()):
        if isinstance(value, float):
            entries.append((key, 34736, 1, len(doubles)))
            doubles.append(value)
        else:
            entries.append((key, 0, 1, value))
    directory = struct.pack("<4H", 1, 1, 0, len(entries)) + b"".join(struct.pack("<4H", *entry) for entry in entries)
    found: list[VlrLike] = [(b"LASF_Projection", 34735, directory)]
    return [*found, (b"LASF_Projection", 34736, np.array(doubles, "<f8").tobytes())] if doubles else found


VERSIONS = ("WKT1_GDAL", "WKT1_ESRI", "WKT2_2015", "WKT2_2019")
NOT_IN_WKT_1 = {("EPSG:4979", "WKT1_GDAL"), ("EPSG:4978", "WKT1_ESRI")}


@pytest.mark.parametrize("system, version", [(s, v) for s in SYSTEMS for v in VERSIONS if (s, v) not in NOT_IN_WKT_1])
def test_wkt_of_every_version_tells_its_units(system: str, version: str, has_pyproj: bool, tmp_path: Path) -> None:
    text = pyproj.CRS(system).to_wkt(version)
    for behind in (False, True):
        assert stated(tmp_path, [wkt(text)], WKT_BIT, behind) == SYSTEMS[system]


@pytest.mark.parametrize(
    "text, units",
    [
        (f'PROJCS["p",{GEOGCS.format("")},{GRID},UNIT["US survey foot",0.304800609601219]]', ("us-ft", None)),
        (f'PROJCS["p",{GEOGCS.format("")},{GRID},UNIT["Foot_US",0.3048006]]', ("us-ft", None)),
        (f'PROJCS["p",{GEOGCS.format(HELMERT)},{GRID},UNIT["foot",0.3048]]', ("ft", None)),
        (f'PROJCS [ "p" , {GEOGCS.format("")}, {GRID} , UNIT [ "mètre" , 1.0 ] ]', ("m", None)),
        (f'PROJCS["p",{GEOGCS.format("")},PROJECTION["Nobody_Knows"],UNIT["foot",0.3048]]', ("ft", None)),
        (f'COMPD_CS["c",PROJCS["p",{GEOGCS.format(HELMERT)},{GRID},UNIT["metre",1]],VERT_CS["v",VERT_DATUM["d",2005],'
         'UNIT["foot",0.3048],AXIS["Up",UP]]]', ("m", "ft")),
        (GEOGCS.format(HELMERT), ("degree", None)),
        (LOCAL, ("ft", None)),
        (GEOCENTRIC, ("m", None)),
        ('VERT_CS["v",VERT_DATUM["d",2005],UNIT["metre",1],AXIS["Up",UP]]', (None, "m")),
    ],
)  # fmt: skip
def test_wkt_as_programs_write_it(
    text: str, units: tuple[str | None, str | None], has_pyproj: bool, tmp_path: Path
) -> None:
    assert stated(tmp_path, [wkt(text)], WKT_BIT) == units
    assert stated(tmp_path, [wkt(text, b"liblas")]) == units


GEOTIFF = [
    # the code of a system alone
    ({MODEL: 1, PROJECTED: 25832}, ("m", None), (None, None)),
    ({PROJECTED: 2994}, ("ft", None), (None, None)),
    ({MODEL: 1, PROJECTED: 6529, VERTICAL: 5703}, ("us-ft", "m"), (None, None)),
    ({MODEL: 1, PROJECTED: 6339, VERTICAL: 6360}, ("m", "us-ft"), (None, None)),
    # an explicit unit comes first: some producers name the system in metres, and measure in feet
    ({MODEL: 1, PROJECTED: 32104, UNIT: 9003, HEIGHT_UNIT: 9003}, ("us-ft", "us-ft"), ("us-ft", "us-ft")),
    ({MODEL: 1, PROJECTED: 2994, UNIT: 9002}, ("ft", None), ("ft", None)),
    # a system that the file defines itself
    ({MODEL: 1, GEOGRAPHIC: 4326, PROJECTED: 32767, UNIT: 9001, HEIGHT_UNIT: 9002}, ("m", "ft"), ("m", "ft")),
    ({MODEL: 1, PROJECTED: 32767, UNIT: 32767, UNIT_SIZE: 0.304800609601219}, ("us-ft", None), ("us-ft", None)),
    ({MODEL: 1, PROJECTED: 32767, UNIT: 32767, UNIT_SIZE: 0.01}, ("cm", None), ("cm", None)),
    ({MODEL: 1, PROJECTED: 32767}, (None, None), (None, None)),
    # angles, with heights in a unit of length
    ({MODEL: 2, GEOGRAPHIC: 4326}, ("degree", None), ("degree", None)),
    ({MODEL: 2, GEOGRAPHIC: 4326, UNIT: 9001, HEIGHT_UNIT: 9001}, ("degree", "m"), ("degree", "m")),
    ({MODEL: 2, GEOGRAPHIC: 32767, 2054: 9102}, ("degree", None), ("degree", None)),
    ({GEOGRAPHIC: 4326}, ("degree", None), (None, None)),
    # measured from the middle of the earth
    ({MODEL: 3, GEOGRAPHIC: 4978}, ("m", None), (None, None)),
    ({MODEL: 3, GEO_UNIT: 9001}, ("m", None), ("m", None)),
    # a laser scanner that writes the system in the place of the unit
    ({MODEL: 1, UNIT: 32632, GEO_UNIT: 9001, VERTICAL: 5030, HEIGHT_UNIT: 9001}, ("m", "m"), (None, "m")),
    # codes of heights in GeoTIFF 1.0, which mean other things in EPSG's list of today
    ({MODEL: 1, PROJECTED: 25832, VERTICAL: 5105}, ("m", None), (None, None)),
    ({HEIGHT_UNIT: 9002}, (None, "ft"), (None, "ft")),
    # what says nothing
    ({}, (None, None), (None, None)),
    ({MODEL: 7, PROJECTED: 0, UNIT: 0, HEIGHT_UNIT: 0, VERTICAL: 1}, (None, None), (None, None)),
    ({MODEL: 1, PROJECTED: 1025, UNIT: 65535, UNIT_SIZE: -1.0}, (None, None), (None, None)),
]  # fmt: skip


@pytest.mark.parametrize("values, units, without", GEOTIFF)
def test_geotiff_keys_tell_their_units(
    values: dict[int, int | float],
    units: tuple[str | None, str | None],
    without: tuple[str | None, str | None],
    has_pyproj: bool,
    tmp_path: Path,
) -> None:
    """Codes of systems mean nothing without pyproj; units and kinds of systems do."""
    for behind in (False, True):
        assert stated(tmp_path, keys(values), behind=behind) == (units if has_pyproj else without)


def test_damaged_keys_tell_what_is_left_of_them(tmp_path: Path) -> None:
    (user, number, directory), (_, _, doubles) = keys({MODEL: 1, UNIT: 32767, UNIT_SIZE: 0.3048})
    assert stated(tmp_path, [(user, number, directory), (user, 34736, doubles)]) == ("ft", None)
    assert stated(tmp_path, [(user, number, directory), (user, 34736, doubles[:7])]) == (None, None)
    assert stated(tmp_path, [(user, number, directory)]) == (None, None)
    assert stated(tmp_path, [(user, number, directory[:7])]) == (None, None)
    directory = keys({MODEL: 1, UNIT: 9002, HEIGHT_UNIT: 9001})[0][2]
    assert stated(tmp_path, [(user, number, directory[:-1])]) == ("ft", None)
    assert stated(tmp_path, [(user, number, directory[:6] + b"\xff\xff" + directory[8:])]) == ("ft", "m")


def test_laspys_own_records_of_a_system_tell_its_units(tmp_path: Path) -> None:
    for version, point_format in (("1.2", 3), ("1.4", 7)):
        for system in ("EPSG:25832", "EPSG:2994", "EPSG:4326"):
            header = laspy.LasHeader(version=version, point_format=point_format)
            header.add_crs(pyproj.CRS(system))
            las = laspy.LasData(header)
            las.x = las.y = las.z = np.zeros(2)
            las.write(str(tmp_path / "scan.laz"))
            file = LasFile(tmp_path / "scan.laz")
            assert (file.units, file.height_units) == SYSTEMS[system]


def test_of_wkt_and_keys_the_header_says_which_counts(tmp_path: Path) -> None:
    feet, metres = wkt(pyproj.CRS("EPSG:2994").to_wkt()), keys({MODEL: 1, PROJECTED: 25832})
    assert stated(tmp_path, [feet, *metres], WKT_BIT) == ("ft", None)
    assert stated(tmp_path, [feet, *metres]) == ("m", None)
    # the other one, where that one says nothing
    assert stated(tmp_path, [wkt("nothing"), *metres], WKT_BIT) == ("m", None)
    assert stated(tmp_path, [feet, *keys({})]) == ("ft", None)
    assert stated(tmp_path, [wkt(""), feet]) == ("ft", None)
    assert stated(tmp_path, [wkt("nothing"), *keys({HEIGHT_UNIT: 9002})], WKT_BIT) == (None, "ft")
    assert stated(tmp_path, [], WKT_BIT) == (None, None)


@pytest.mark.parametrize(
    "records, told",
    [
        ([wkt(pyproj.CRS("EPSG:2314").to_wkt())], "'Clarke's foot' of 0.304797 m"),
        (keys({MODEL: 1, PROJECTED: 2314}), "'Clarke's foot' of 0.304797 m"),
        ([wkt(f'PROJCS["p",{GEOGCS.format("")},{GRID},UNIT["kilometre",1000]]')], "'kilometre' of 1000 m"),
        (keys({MODEL: 1, UNIT: 9036}), "EPSG:9036"),
        (keys({MODEL: 1, UNIT: 9001, HEIGHT_UNIT: 9005}), "EPSG:9005"),
        (keys({MODEL: 1, UNIT: 32767, UNIT_SIZE: 7.5}), "of 7.5 m"),
    ],
)
def test_units_that_are_not_known_are_named(records: list[VlrLike], told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        stated(tmp_path, records)
    sentence = str(error.value)
    assert (
        f"scan.las: the coordinate system of the file has the unit {told}, known are m, cm, mm, ft, us-ft" in sentence
    )


def test_metres_of_a_file_in_two_units(tmp_path: Path) -> None:
    stated(tmp_path, [wkt(pyproj.CRS("EPSG:6339+6360").to_wkt())], WKT_BIT)
    assert metres_of(LasFile(tmp_path / "scan.las"), None) == (1.0, 1.0, pytest.approx(1200 / 3937))


ABSURD = [
    "PROJCS[" * 9000,
    "COMPD_CS[" * 500 + "]" * 500,
    '"' * 60_000,
    " " * 60_000,
    "projcs" + " " * 60_000,
    'PROJCS["a",' + 'UNIT["b",' * 6000,
    "+proj=pipeline " + "+step +proj=merc " * 3000,
    '{"type":"ProjectedCRS"' + ',"a":[[[[' * 1000,
    "EPSG:2994",
    "/etc/passwd",
    "\0\0\0",
    "x" * 70_000,
    'PROJCS["a",UNIT["b",1e-+.5]]',
]


@pytest.mark.parametrize("text", ABSURD)
def test_absurd_text_in_the_place_of_wkt_tells_nothing(text: str, has_pyproj: bool) -> None:
    assert units_of_wkt(Path("scan.las"), text) == (None, None)


def test_damaged_wkt_is_nothing_worse_than_wrong(has_pyproj: bool) -> None:
    rng = np.random.default_rng(7)
    found = set()
    for system, version in (("EPSG:6339+6360", "WKT2_2019"), ("EPSG:2994", "WKT1_GDAL")):
        text = pyproj.CRS(system).to_wkt(version)
        for _ in range(20):
            damaged = list(text[: rng.integers(1, len(text))] if rng.random() < 0.5 else text)
            for place in rng.integers(0, len(damaged), 3):
                damaged[place] = chr(rng.integers(1, 1000))
            try:
                found.add(units_of_wkt(Path("scan.las"), "".join(damaged)).level)
            except InputError as error:
                found.add(str(error)[:60])
    assert {None, "ft", "m"} <= found
