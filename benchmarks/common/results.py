"""What a benchmark leaves: a document, its twin for programs, a plot where there is one, and its places elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.common.places import fill
from bscnet.whole_file import write_json_whole, write_text_whole

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks"
README = ROOT / "README.md"
INDEX = FOLDER / "README.md"
"""The page that has the short form of every benchmark."""

Found = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a page tells a benchmark in short: between the comments of this name, what `summary` makes."""

    page: Path
    name: str
    summary: Callable[[Found], str]


@dataclass(frozen=True)
class Results:
    """How what was found, plain values, is told.

    Attributes:
        name: of the files.
        document: makes the whole Markdown file.
        places: the pages that tell it in short.
        figure: makes the plot; None where there is none.
        command: that makes them, for the JSON file of a table that no `make` target names.
    """

    name: str
    document: Callable[[Found], str]
    places: tuple[Place, ...] = ()
    figure: Callable[[Found], Figure] | None = None
    command: str | None = None

    def write(self, found: Found, folder: Path, places: Sequence[Place] = ()) -> None:
        """Write NAME.md, NAME.json and NAME.png, each whole or not at all, and fill the places.

        Raises:
            InputError: a page lacks its place; then nothing is written.
        """
        filled = _filled(found, places)
        said = found if self.command is None else {"made_by": self.command, **found}
        write_json_whole(folder / f"{self.name}.json", said, indent=1)
        write_text_whole(folder / f"{self.name}.md", self.document(found))
        if self.figure is not None:
            self.figure(found).savefig(folder / f"{self.name}.png", dpi=120)
        for page, text in filled.items():
            write_text_whole(page, text)

    def publish(self, found: Found, folder: Path) -> None:
        """`write`, with the places where the folder is that of the committed results."""
        self.write(found, folder, self.places if folder.resolve() == FOLDER else ())

    def refill(self, folder: Path = FOLDER) -> None:
        """Fill the places from the JSON file of a folder.

        Raises:
            InputError: a page lacks its place.
        """
        found = json.loads((folder / f"{self.name}.json").read_text(encoding="utf-8"))
        for page, text in _filled(found, self.places).items():
            write_text_whole(page, text)


def _filled(found: Found, places: Sequence[Place]) -> dict[Path, str]:
    """The text of every page with its places filled."""
    texts: dict[Path, str] = {}
    for place in places:
        text = texts.get(place.page) or place.page.read_text(encoding="utf-8")
        texts[place.page] = fill(text, place.name, place.summary(found))
    return texts
