from __future__ import annotations

import csv
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bscnet.data.collate import Batch
from fixtures.tiny_training import TinyData, batch_of, spec, train, unet


class _Wide:
    """Two batches of unequal size: of scene 1 nothing is left out, of scene 2 and 3 what is told."""

    def __init__(self, dropped: tuple[int, int]) -> None:
        self.dropped = dropped
        self.sampler, self.batch_sampler = None, None

    def __len__(self) -> int:
        return 2

    def __iter__(self) -> Iterator[Batch]:
        yield batch_of([1])
        yield replace(batch_of([2, 3]), dropped_per_scene=list(self.dropped))


class WideData(TinyData):
    def __init__(self, *dropped: int) -> None:
        super().__init__()
        self.dropped = dropped

    def train_dataloader(self) -> Any:
        return _Wide(self.dropped)  # type: ignore[arg-type]


def logged(directory: Path) -> list[float]:
    with (directory / "csv" / "version_0" / "metrics.csv").open() as file:
        return [float(row["train/dropped"]) for row in csv.DictReader(file) if row["train/dropped"]]


@pytest.mark.parametrize("conv", ["plain", "composite"])
def test_the_share_left_out_is_logged_and_warned_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, conv: str
) -> None:
    with caplog.at_level(logging.WARNING, "bscnet.training.dropped"):
        train(unet(conv=conv), spec(conv=conv, epochs=2), WideData(40, 200), tmp_path)
    assert logged(tmp_path) == pytest.approx([240 / 600] * 2)  # scenes have 120 points each
    (record,) = (record for record in caplog.records if record.name == "bscnet.training.dropped")
    assert "left out 40 % of the points" in record.getMessage()
    assert "of scene3 (62.5 %)" in record.getMessage()


@pytest.mark.parametrize("dropped, times", [((0, 0), 0), ((1, 2), 0), ((2, 2), 1)])
def test_from_one_percent_on_it_is_worth_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, dropped: tuple[int, int], times: int
) -> None:
    with caplog.at_level(logging.WARNING, "bscnet.training.dropped"):
        train(unet(), spec(epochs=1), WideData(*dropped), tmp_path)
    assert logged(tmp_path) == pytest.approx([sum(dropped) / (360 + sum(dropped))])
    assert len(caplog.records) == times
