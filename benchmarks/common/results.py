"""What a benchmark leaves: a document, its twin for programs, a plot where there is one, and a place in the README."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.common.readme import fill
from bscnet.whole_file import write_json_whole, write_text_whole

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks"
README = ROOT / "README.md"

Found = Mapping[str, Any]


@dataclass(frozen=True)
class Results:
    """How what was found, plain values, is told.

    Attributes:
        name: of the files.
        place: the README's; None where it has none.
        document: makes the whole Markdown file.
        summary: makes what stands in the README; None where nothing does.
        figure: makes the plot; None where there is none.
        command: that makes them, for the JSON file of a table that no `make` target names.
    """

    name: str
    place: str | None
    document: Callable[[Found], str]
    summary: Callable[[Found], str] | None
    figure: Callable[[Found], Figure] | None = None
    command: str | None = None

    def write(self, found: Found, folder: Path, readme: Path | None = None) -> None:
        """Write NAME.md, NAME.json and NAME.png, each whole or not at all, and fill the README if it is named.

        Raises:
            InputError: the README has no place for it; then nothing is written.
        """
        filled = None if readme is None else self._filled(found, readme)
        said = found if self.command is None else {"made_by": self.command, **found}
        write_json_whole(folder / f"{self.name}.json", said, indent=1)
        write_text_whole(folder / f"{self.name}.md", self.document(found))
        if self.figure is not None:
            self.figure(found).savefig(folder / f"{self.name}.png", dpi=120)
        if readme is not None and filled is not None:
            write_text_whole(readme, filled)

    def publish(self, found: Found, folder: Path) -> None:
        """`write`, with the README where it has a place and the folder is that of the committed results."""
        self.write(found, folder, README if self.place is not None and folder.resolve() == FOLDER else None)

    def refill(self, folder: Path = FOLDER, readme: Path = README) -> None:
        """Fill the README from the JSON file of a folder.

        Raises:
            InputError: the README has no place for it.
        """
        found = json.loads((folder / f"{self.name}.json").read_text(encoding="utf-8"))
        write_text_whole(readme, self._filled(found, readme))

    def _filled(self, found: Found, readme: Path) -> str:
        assert self.place is not None and self.summary is not None
        return fill(readme.read_text(encoding="utf-8"), self.place, self.summary(found))
