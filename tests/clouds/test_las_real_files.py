"""LAS and LAZ files of several programs, which laspy's source package carries: read as laspy does, in their units."""

from __future__ import annotations

import laspy
import numpy as np
import pytest

from bscnet.clouds.formats.las.reader import LasFile
from bscnet.datasets.real.files import default_folder
from bscnet.datasets.real.package_files import PackageFiles, PackageUnavailableError, fetch
from fixtures.las_files import field_names

FILES = {
    "1_4_w_evlr.laz": "c16e65ec5c704f0a60d90b154cf21b1df9e5cd9b40cec58b2488754a0ced1a5b",
    "append-bug.laz": "15b8493da724b03f073f7b677981fd14177a00da5ff9751c57c0285d6c0b3f16",
    "autzen.las": "068a349959a45957184606a0442f8dd69aef24543e11963bc63835301df532f5",
    "autzen_trim.laz": "75867b3e75cfc3c2e96da9f753c04c9fbaa6a59468dea13e2859f3109b38bd66",
    "extrabytes.las": "b8daf5a96114ac86c42fff13e07abdc736e00e1eb34188506a6895b1126ed75b",
    "file_with_both_wkt_and_geotiff_vlrs.las": "58bc14d3268eecf5f286d463b2de4d99e1d045bb6e0f626827d9c2f0ee6053c8",
    "plane.laz": "2251306106cd2aaaf4d67b30a81704b421c7d46de0e49eebcd2d87efc00b5948",
    "simple.copc.laz": "c94fa8dfe14ce7bff074231ce9e8aa36f7200342a4ff675c2902205f40e72728",
    "simple1_3.las": "6753c0da6e89b9e9e1e866946746dadb2b2c31b7eb8fd4602bcaf6a1d1ad2cea",
    "simple1_4.las": "1162a745e71e9eedddf453062e01c476e791ea09a75190f68f52050dad4a0330",
}

# points, unit of x and y, unit of z, and what tells it
FACTS = {
    "1_4_w_evlr.laz": (1000, "us-ft", None),  # WKT 1
    "append-bug.laz": (37805, "m", None),  # WKT 2, and an EPSG code alone
    "autzen.las": (106, "ft", None),  # EPSG code and key of the unit
    "autzen_trim.laz": (110_000, "ft", None),  # keys of a system of its own
    "extrabytes.las": (1065, None, None),
    "file_with_both_wkt_and_geotiff_vlrs.las": (
        25408,
        "us-ft",
        None,
    ),  # WKT; the EPSG code is that of a system in metres
    "plane.laz": (28185, "m", None),  # keys of a system of its own
    "simple.copc.laz": (1065, "m", "us-ft"),  # WKT of a compound system
    "simple1_3.las": (999, "m", "m"),  # the code of the system under the key of the unit
    "simple1_4.las": (22600, "degree", "m"),  # keys, WKT behind the points
}

SECOND_RECORD = {"append-bug.laz"}
"""Files whose last dimension stands in a second record, which laspy passes over."""


@pytest.mark.parametrize("name", FACTS)
def test_real_files_are_read_as_laspy_reads_them_and_state_their_units(name: str) -> None:
    wanted = PackageFiles("laspy==2.7.0", "sdist", {f"tests/data/{one}": digest for one, digest in FILES.items()})
    try:
        path = fetch(wanted, default_folder())[f"tests/data/{name}"]
    except PackageUnavailableError as error:
        pytest.skip(str(error))
    file, las = LasFile(path), laspy.read(path)
    assert (file.count, file.units, file.height_units) == FACTS[name]
    rows = list(file.rows(30_000))
    names = [field.name for field in file.fields]
    if name in SECOND_RECORD:
        assert names[-1] == "confidence" and field_names(las)[-1] == "ExtraBytes"
        names.pop()
    else:
        assert names == field_names(las)
    for one in names:
        expected, found = np.array(las[one]), np.concatenate([part.fields[one] for part in rows])
        assert found.dtype == expected.dtype and found.tobytes() == expected.tobytes(), one
