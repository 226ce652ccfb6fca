"""The data module of a folder of clouds."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bscnet.data.datamodule import ScanDataModule
from bscnet.data.dataset import EvalDataset, TrainDataset
from bscnet.data.fingerprint import text_hash
from bscnet.data.folder.description import read_description
from bscnet.data.folder.report import FolderReport, examine
from bscnet.data.folder.source import READER_VERSION, FolderSource
from bscnet.data.folder.table import report_table
from bscnet.errors import InputError

if TYPE_CHECKING:
    from rich.console import RenderableType

EXAMINATION_VERSION = 1
"""Part of the key of remembered examinations: raise it when the same folder would be judged otherwise."""

_log = logging.getLogger(__name__)
_told: set[str] = set()


class FolderDataModule(ScanDataModule):
    """A `ScanDataModule` over a folder of PLY, PCD, LAS, LAZ, NPZ or text files, as its `dataset.yaml` describes them.

    features: None takes the described ones. validate: look at the whole folder before its first use; errors stop, and
    warnings are logged once. The other options are those of `ScanDataModule`.
    InputError: a number out of range, no folder, a description that is wrong, data with errors.
    """

    def __init__(
        self, root: str | Path, features: Sequence[str] | None = None, validate: bool = True, **options: Any
    ) -> None:
        description = read_description(root)
        super().__init__(root, features=tuple(features or description.features), **options)
        self.class_names = description.class_names
        self.validate = validate
        self._validated = False

    def make_source(self) -> FolderSource:
        """The reader of the folder."""
        return FolderSource(self.root, self.features.names)

    def problems(self) -> list[str]:
        """The errors of the folder's report."""
        return self._examined.errors

    def report(self) -> RenderableType:
        """Scenes, points of each class, and what looks wrong."""
        return report_table(self._examined)

    @cached_property
    def _examined(self) -> FolderReport:
        return examine(self.root, self.voxel_size, self.features.names)

    def prepare_data(self) -> None:
        """Look at the folder, unless that has been done and no file has changed since; InputError: the first error."""
        if not self.validate or self._validated:
            return
        source = self.make_source()
        key = self._key(source)
        memory = None if self.cache is None else self.cache.directory / "examined" / f"{key}.json"
        warnings = _remembered(memory)
        if warnings is None:
            report = self._examined
            if report.errors:
                more = f" (and {len(report.errors) - 1} more, see `bscnet doctor`)" if len(report.errors) > 1 else ""
                raise InputError(report.errors[0] + more)
            warnings = report.warnings
            _remember(memory, warnings)
        self._validated = True
        if key not in _told:
            _told.add(key)
            for warning in warnings:
                _log.warning("%s", warning)

    def _find(self) -> tuple[TrainDataset, EvalDataset]:
        self.make_source().require([])
        return super()._find()

    def _key(self, source: FolderSource) -> str:
        """Changes with every file's size or modification time."""
        parts = [f"{EXAMINATION_VERSION} {READER_VERSION} {self.voxel_size!r}", source.description.key]
        for split, scenes in source.splits.items():
            for path in scenes.values():
                stat = path.stat()
                parts.append(f"{split} {path.relative_to(self.root)} {stat.st_size} {stat.st_mtime_ns}")
        return text_hash("\n".join(parts))


def _remembered(memory: Path | None) -> list[str] | None:
    if memory is None:
        return None
    try:
        found = json.loads(memory.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, list) and all(isinstance(text, str) for text in found) else None


def _remember(memory: Path | None, warnings: list[str]) -> None:
    if memory is None:
        return
    aside = memory.with_suffix(f".{os.getpid()}")
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(warnings), "utf-8")
        aside.replace(memory)
    except OSError as error:
        raise InputError(f"cache folder {memory.parents[1]}: cannot be written ({error.strerror})") from error
