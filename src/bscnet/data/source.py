"""What a data set must offer to be trained on, and the cached way to its decoded scans."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bscnet.data.cache import ArrayCache, Arrays
from bscnet.data.scan import Scan
from bscnet.errors import InputError

_EXTRA = "extra-"


class SceneSource(Protocol):
    """A reader of named scenes; `bscnet.datasets.scannet.ScanNet` is one."""

    def scenes(self, split: str) -> list[str]:
        """Names of the split's scenes; InputError when there is no such list."""

    def files(self, scene: str, labelled: bool = True) -> list[Path]:
        """The files a scene is read from, the one to blame first."""

    def require(self, scenes: Sequence[str], labelled: bool = True) -> None:
        """InputError unless every file of the scenes is there."""

    def read(self, scene: str, labelled: bool = True) -> Scan:
        """Decode a scene; InputError naming the file if it is missing or damaged."""

    def fingerprint(self, scene: str, labelled: bool = True) -> str:
        """Hash of all that decides what `read` returns."""


class ScanStore:
    """Decoded scans of a source, kept in a cache folder where one is given."""

    def __init__(self, source: SceneSource, cache: ArrayCache | None = None, labelled: bool = True) -> None:
        self.source, self.cache, self.labelled = source, cache, labelled

    def fingerprint(self, scene: str) -> str:
        """Hash of all that decides what `scan` returns."""
        return self.source.fingerprint(scene, self.labelled)

    def scan(self, scene: str) -> Scan:
        """The scene as its files hold it.

        InputError: as `SceneSource.read` says; a file changes while it is read, or the cache cannot be written.
        """
        if self.cache is None:
            return self.source.read(scene, self.labelled)

        def build() -> Arrays:
            scan = self.source.read(scene, self.labelled)
            if self.fingerprint(scene) != key:
                file = self.source.files(scene, self.labelled)[0]
                raise InputError(f"{file}: this file or one beside it changed while it was read")
            further = {_EXTRA + name: values for name, values in scan.extra.items()}
            return {"points": scan.points, "colors": scan.colors, "labels": scan.labels, **further}

        key = self.fingerprint(scene)
        arrays = self.cache.get(key, build)
        extra = {name.removeprefix(_EXTRA): values for name, values in arrays.items() if name.startswith(_EXTRA)}
        return Scan(scene, arrays["points"], arrays["colors"], arrays["labels"], extra)
