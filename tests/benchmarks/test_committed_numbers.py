"""The committed documents and the README's places say what the committed JSON says: none is edited by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.common.readme import fill
from benchmarks.data import report as data
from benchmarks.quick_rooms import report as quick
from benchmarks.real_lidar import report as lidar
from benchmarks.runtime import report as runtime
from benchmarks.runtime import summary as runtime_summary
from benchmarks.training import report as training
from benchmarks.training import summary as training_summary

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {
    "runtime": runtime.markdown,
    "training": training.markdown,
    "data": data.markdown,
    "real_lidar": lidar.document,
    "quick_rooms": quick.document,
}
PLACES = {
    "runtime": ("runtime", runtime_summary.summary),
    "training": ("training", training_summary.summary),
    "data": ("data", data.summary),
    "lidar": ("real_lidar", lidar.summary),
    "quick": ("quick_rooms", quick.summary),
}


def committed(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "benchmarks" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_made_of_its_json(name: str) -> None:
    text = (ROOT / "benchmarks" / f"{name}.md").read_text(encoding="utf-8")
    assert text == DOCUMENTS[name](committed(name))


@pytest.mark.parametrize("place", PLACES)
def test_the_readme_is_filled_from_the_json(place: str) -> None:
    name, summary = PLACES[place]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == fill(text, place, summary(committed(name)))
