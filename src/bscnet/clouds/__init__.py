"""Files of point clouds: what columns they have, reading them whole or in chunks, writing them with columns added.

Everything that opens a cloud comes through `open_cloud`: training, prediction, pictures and the benchmarks alike.
NumPy alone, and laspy, lazrs and pyproj where a LAS file is read.
"""

from __future__ import annotations

from bscnet.clouds.cloud import Cloud
from bscnet.clouds.fields import Field, Rows
from bscnet.clouds.file import CloudFile
from bscnet.clouds.open import ENDINGS, open_cloud, read_cloud

__all__ = ["ENDINGS", "Cloud", "CloudFile", "Field", "Rows", "open_cloud", "read_cloud"]
