"""Looking at a folder before training: what is there, and what looks wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bscnet.clouds.open import ENDINGS
from bscnet.counted import counted
from bscnet.data.fingerprint import FileHasher
from bscnet.datasets.folder.described import read_description
from bscnet.datasets.folder.description import FILE_NAME, SPLITS, Description, load_description
from bscnet.datasets.folder.findings import Finding, findings
from bscnet.datasets.folder.measure import SceneReport, measure
from bscnet.datasets.folder.scenes import find_scenes, other_files
from bscnet.errors import InputError


@dataclass(frozen=True)
class FolderReport:
    """What a look at a folder gave. voxel_size: metres. scenes: those that could be read, in order of their splits.

    findings: errors first.
    """

    root: Path
    voxel_size: float
    description: Description
    scenes: tuple[SceneReport, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> list[str]:
        """Sentences about what keeps the folder from being trained on."""
        return [finding.text for finding in self.findings if finding.error]

    @property
    def warnings(self) -> list[str]:
        """Sentences about what looks wrong but may be right."""
        return [finding.text for finding in self.findings if not finding.error]

    def counts(self, split: str) -> list[int]:
        """Points of each class in a split."""
        rows = [scene.counts for scene in self.scenes if scene.split == split]
        return [sum(column) for column in zip(*rows, strict=True)]


def examine(root: str | Path, voxel_size: float = 0.05, features: tuple[str, ...] | None = None) -> FolderReport:
    """Read every file below the root and judge what is found; no damaged file ends the look at the others.

    features: in place of the described ones. The split test is read with its labels where its files have some.
    InputError: no folder, or a description or splits that are wrong.
    """
    root = Path(root)
    description = load_description(root)
    splits = find_scenes(root, description.splits)
    found = [Finding(True, f"{root}: no clouds here, they must lie in train/, val/ and test/")]
    if not any(splits.values()):
        return FolderReport(root, voxel_size, description, (), tuple(found))
    found = []
    try:
        description = read_description(root)
    except InputError:  # the first file is damaged, as the loop below will tell
        description = replace(description, features=("one", "offset"))
    if features:
        description = replace(description, features=features)
    hasher, scenes = FileHasher(), []
    for split in SPLITS:
        for name, path in splits[split].items():
            try:
                scenes.append(measure(name, split, path, hasher.of_file(path), description, voxel_size))
            except InputError as error:
                found.append(Finding(True, str(error)))
    if not description.class_names:
        found.append(
            Finding(False, f"{root / FILE_NAME}: no 'classes' are described, so nothing can be trained or scored")
        )
    found += [
        Finding(False, f"{root}: the split {split} has no clouds") for split in ("train", "val") if not splits[split]
    ]
    if description.splits is None:
        strange = other_files(root)
        if strange:
            told = counted(len(strange), "such file")
            found.append(Finding(False, f"{strange[0]}: not read ({told}), clouds end in {', '.join(ENDINGS)}"))
    found += findings(scenes, description, voxel_size)
    return FolderReport(
        root, voxel_size, description, tuple(scenes), tuple(sorted(found, key=lambda one: not one.error))
    )


def check(root: str | Path, voxel_size: float = 0.05) -> list[str]:
    """One sentence for each thing that keeps the folder from being trained on; empty when all is well."""
    try:
        return examine(root, voxel_size).errors
    except InputError as error:
        return [str(error)]
