"""A folder of one's own clouds: reading, describing, examining and serving them.

Names are loaded on first use: reading and examining need neither torch nor Lightning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.lazy import lazy_names

if TYPE_CHECKING:
    from bscnet.data.folder.datamodule import FolderDataModule
    from bscnet.data.folder.description import Description, read_description
    from bscnet.data.folder.report import FolderReport, check, examine
    from bscnet.data.folder.source import FolderSource
    from bscnet.data.folder.table import report_table

__all__ = [
    "Description",
    "FolderDataModule",
    "FolderReport",
    "FolderSource",
    "check",
    "examine",
    "read_description",
    "report_table",
]

_MODULE_OF = {
    "Description": "description",
    "FolderDataModule": "datamodule",
    "FolderReport": "report",
    "FolderSource": "source",
    "check": "report",
    "examine": "report",
    "read_description": "description",
    "report_table": "table",
}

__getattr__ = lazy_names(__name__, _MODULE_OF)
