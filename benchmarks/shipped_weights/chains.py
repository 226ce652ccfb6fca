"""The chains: the binary network that ships, and the real-valued one that stands beside it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bscnet.chain.overrides import quoted
from bscnet.chain.settings import composed_settings
from bscnet.errors import InputError
from bscnet.runs.directory import chain_home
from bscnet.runs.finished import finished_manifests
from bscnet.runs.manifest import Manifest
from bscnet.settings.composed import Settings

EXPERIMENT = "indoor_5cm"
KINDS = ("real", "binary")
"""In the order of training: the real-valued network may teach the other."""

_OF_BINARY = ("method", "distill")
"""Config groups that make the binary network: an override of theirs leaves the other as it is."""


class Chains:
    """Both chains of one recipe.

    Args:
        words: overrides of the experiment.
        runs: folder of the chains; None: the experiment's.
        distilled: whether the finished real-valued network teaches the binary one.
    """

    def __init__(self, words: Sequence[str] = (), runs: Path | None = None, distilled: bool = False) -> None:
        self.words, self.distilled = list(words), distilled
        self._folder = [] if runs is None else [f"output_dir={quoted(str(runs))}"]

    def overrides(self, kind: str) -> list[str]:
        """What makes a chain.

        Raises:
            InputError: the binary network is to be taught by one that is not trained yet.
        """
        first = [f"experiment={EXPERIMENT}"]
        if kind == "real":
            words = [word for word in self.words if _group(word) not in _OF_BINARY]
            return [*first, *words, "method=real", *self._folder]
        teacher = [f"distill.teacher={quoted(str(self.finished('real').directory))}"] if self.distilled else []
        return [*first, *self.words, *teacher, *self._folder]

    def settings(self, kind: str) -> Settings:
        """The checked configuration of a chain; InputError: see `overrides`, or a value that is not known."""
        return composed_settings(self.overrides(kind))

    def newest(self, kind: str) -> Manifest | None:
        """The record of the newest finished chain of this very configuration; None: there is none."""
        found = finished_manifests(chain_home(self.settings(kind)))
        return found[-1] if found else None

    def finished(self, kind: str) -> Manifest:
        """The same; InputError: there is none."""
        found = self.newest(kind)
        if found is None:
            home = chain_home(self.settings(kind))
            raise InputError(f"the {kind} network of this recipe is not trained yet ({home}): run the step train first")
        return found

    def train(self, kind: str) -> int:
        """Run a chain, or go on with it where it was interrupted; a finished one is left alone. The exit status."""
        if self.newest(kind) is not None:
            return 0
        command = [sys.executable, "-m", "bscnet.run", *self.overrides(kind), "resume=true"]
        return subprocess.run(command, check=False).returncode


def _group(word: str) -> str:
    """The config group that an override is of: method of ++method.G=8."""
    return word.partition("=")[0].partition(".")[0].lstrip("+~")
