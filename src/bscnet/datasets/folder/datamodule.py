"""The data module of a folder of clouds."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bscnet.data.datamodule import ScanDataModule
from bscnet.data.dataset import EvalDataset, TrainDataset
from bscnet.data.fingerprint import text_hash
from bscnet.datasets.folder.described import read_description
from bscnet.datasets.folder.description import SPLITS
from bscnet.datasets.folder.report import FolderReport, examine
from bscnet.datasets.folder.source import READER_VERSION, FolderSource, without_classes
from bscnet.datasets.folder.table import report_table
from bscnet.errors import InputError
from bscnet.paths import user_cache
from bscnet.whole_file import write_json_whole

if TYPE_CHECKING:
    from rich.console import RenderableType

EXAMINATION_VERSION = 3
"""Part of the key of remembered examinations: raise it when the same folder would be judged otherwise."""

_log = logging.getLogger(__name__)
_judged: set[str] = set()
"""Keys of the folders that this process has looked at, so that the stages of a chain do so once."""


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
        self.reading, self.cloud_values = description.reading, self.features.names
        self.validate = validate
        self._validated = False

    def make_source(self) -> FolderSource:
        """The reader of the folder."""
        return FolderSource(self.root, self.features.names)

    def problems(self) -> list[str]:
        """The errors of the folder's report."""
        return self._examined.errors

    def condition(self) -> str:
        """See `ScanDataModule.condition`; says so where there is nothing to train on, and else how many scenes are."""
        report = self._examined
        if not report.description.class_names:
            return f"{self.root} can be read but not trained on: {without_classes(self.root)}"
        counts = {split: sum(scene.split == split for scene in report.scenes) for split in SPLITS}
        empty = [split for split in ("train", "val") if not counts[split]]
        if empty:
            return f"{self.root} can be read but not trained on: there are no clouds in {' and '.join(empty)}"
        return f"{self.root} is complete: {', '.join(f'{split} {count}' for split, count in counts.items())}"

    def report(self) -> RenderableType:
        """Scenes, points of each class, and what looks wrong."""
        return report_table(self._examined)

    @cached_property
    def _examined(self) -> FolderReport:
        return examine(self.root, self.voxel_size, self.features.names)

    def prepare_data(self) -> None:
        """Look at the folder, unless that has been done and no file has changed since; InputError: the first error.

        What was found is remembered in the cache folder, or in the user's own where there is none.
        """
        if not self.validate or self._validated:
            return
        source = self.make_source()
        key = self._key(source)
        if key not in _judged:
            memory = (user_cache() if self.cache is None else self.cache.directory) / "examined" / f"{key}.json"
            warnings = _remembered(memory)
            if warnings is None:
                warnings = self._examine()
                _remember(memory, warnings)
            for warning in warnings:
                _log.warning("%s", warning)
            _judged.add(key)
        self._validated = True

    def _examine(self) -> list[str]:
        report = examine(self.root, self.voxel_size, self.features.names)
        if report.errors:
            more = f" (and {len(report.errors) - 1} more, see `bscnet doctor`)" if len(report.errors) > 1 else ""
            raise InputError(report.errors[0] + more)
        return report.warnings

    def _find(self) -> tuple[TrainDataset, EvalDataset]:
        self.make_source().require([])
        return super()._find()

    def _key(self, source: FolderSource) -> str:
        """Changes with every file's size or modification time."""
        parts = [
            f"{EXAMINATION_VERSION} {READER_VERSION} {self.voxel_size!r} {self.root.resolve()}",
            source.description.key,
        ]
        for split, scenes in source.splits.items():
            for path in scenes.values():
                stat = path.stat()
                parts.append(f"{split} {path.relative_to(self.root)} {stat.st_size} {stat.st_mtime_ns}")
        return text_hash("\n".join(parts))


def _remembered(memory: Path) -> list[str] | None:
    try:
        found = json.loads(memory.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, list) and all(isinstance(text, str) for text in found) else None


def _remember(memory: Path, warnings: list[str]) -> None:
    """A folder that cannot be written only costs another look next time."""
    with suppress(InputError):
        write_json_whole(memory, warnings)
