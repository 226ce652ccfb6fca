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
from benchmarks.shipped_weights import card
from benchmarks.shipped_weights.places import RESULTS, Places
from benchmarks.shipped_weights.summary import facts
from benchmarks.studies import program as studies_program
from benchmarks.studies import report as studies
from benchmarks.training import report as training
from benchmarks.training import summary as training_summary

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {
    "runtime": runtime.markdown,
    "training": training.markdown,
    "data": data.markdown,
    "real_lidar": lidar.document,
    "quick_rooms": quick.document,
    "study": studies.document,
}
PLACES = {
    "runtime": ("runtime", runtime_summary.summary),
    "training": ("training", training_summary.summary),
    "data": ("data", data.summary),
    "lidar": ("real_lidar", lidar.summary),
    "quick": ("quick_rooms", quick.summary),
    "study": ("study", studies.summary),
}


def committed(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "benchmarks" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_made_of_its_json(name: str) -> None:
    text = (ROOT / "benchmarks" / f"{name}.md").read_text(encoding="utf-8")
    assert text == DOCUMENTS[name](committed(name))


def test_the_model_card_and_the_facts_beside_the_model_are_made_of_one_json() -> None:
    places, found = Places(), committed(RESULTS)
    assert places.card.read_text(encoding="utf-8") == card.document(found)
    assert json.loads(places.facts.read_text(encoding="utf-8")) == facts(found)


@pytest.mark.parametrize("place", PLACES)
def test_the_readme_is_filled_from_the_json(place: str) -> None:
    name, summary = PLACES[place]
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == fill(text, place, summary(committed(name)))


def test_studies_in_short_are_those_in_the_folder() -> None:
    assert committed("study")["studies"] == studies_program.collect(studies_program.STUDIES)["studies"]


@pytest.mark.parametrize("file", sorted(studies_program.STUDIES.glob("*.json")), ids=lambda file: file.stem)
def test_a_study_says_what_its_chains_say(file: Path) -> None:
    from bscnet.study.cases import all_cases
    from bscnet.study.findings import findings
    from bscnet.study.record import load_records
    from bscnet.study.report import as_values, document
    from bscnet.study.table import read_table

    table, records = read_table(file.stem), load_records(file)
    sections = findings(table, {case: records[case] for case in all_cases(table) if case in records})
    said = json.loads(json.dumps(as_values(table, sections, records)))
    assert json.loads(file.read_text(encoding="utf-8")) == said
    text = document(table, sections, f"bscnet study {table.name}", f"{table.name}.png")
    assert file.with_suffix(".md").read_text(encoding="utf-8") == text
