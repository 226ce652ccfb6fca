"""Where the command writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.common.results import ROOT
from bscnet import shipped

NAME = shipped.DEFAULT
RESULTS = "shipped_weights"


@dataclass(frozen=True)
class Places:
    """Files of the model that ships, in a checkout or in another folder that is laid out as one."""

    root: Path = ROOT

    @property
    def model(self) -> Path:
        """The model file within the package."""
        return self.root / "src" / "bscnet" / "weights" / shipped.shipped_file(NAME).name

    @property
    def facts(self) -> Path:
        """What is said of it there."""
        return shipped.facts_file(self.model)

    @property
    def card(self) -> Path:
        """The model card."""
        return self.root / "docs" / "model_card.md"

    @property
    def results(self) -> Path:
        """The card's numbers."""
        return self.root / "benchmarks" / f"{RESULTS}.json"

    def picture(self, what: str) -> Path:
        """One of the card's pictures, beside it; points and shades of colour make a JPEG a fifth as large as a PNG."""
        return self.card.with_name(f"{NAME}-{what}.jpg")

    def records(self, chain: Path) -> Path:
        """What is kept of the finished steps, in the binary network's chain."""
        return chain / "shipped"
