"""A table of finished chains as files: for people, for programs, as a plot, and in short in the README."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.common.readme import fill
from benchmarks.common.report import write
from bscnet.whole_file import write_text_whole

Found = Mapping[str, Any]


@dataclass(frozen=True)
class ChainTable:
    """What is made of what was found, plain values with `chains` and `missing`.

    name: of the files. program: the script, for the JSON file. place: the README's, of `summary`. document: the whole
    Markdown file. figure: the plot.
    """

    name: str
    program: str
    place: str
    document: Callable[[Found], str]
    summary: Callable[[Found], str]
    figure: Callable[[Found], Figure]

    def write(self, found: Found, out: Path, readme: Path | None) -> None:
        """Write NAME.md, NAME.json and NAME.png, and fill the README if it is named.

        Raises:
            InputError: the README has no place for it; then nothing is written.
        """
        filled = None if readme is None else fill(readme.read_text(encoding="utf-8"), self.place, self.summary(found))
        write(out, self.name, self.document(found), {"made_by": self.program, **found}, indent=2)
        self.figure(found).savefig(out / f"{self.name}.png", dpi=120)
        if readme is not None and filled is not None:
            write_text_whole(readme, filled)

    def tell(self, found: Found, out: Path) -> None:
        """Say on the terminal where the table is, and which chains are missing."""
        for sentence in found["missing"]:
            print(f"missing: {sentence}", file=sys.stderr)
        print(f"{out / self.name}.md: {len(found['chains'])} chains")
