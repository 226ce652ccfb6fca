"""The committed documents and their places in other pages say what the committed JSON says: none is edited by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.common.places import fill
from benchmarks.common.results import Place, Results
from benchmarks.data import program as data
from benchmarks.quick_rooms import program as quick_rooms
from benchmarks.real_lidar import program as real_lidar
from benchmarks.runtime import program as runtime
from benchmarks.shipped_weights import card
from benchmarks.shipped_weights.places import RESULTS, Places
from benchmarks.shipped_weights.summary import facts
from benchmarks.studies import program as studies
from benchmarks.training import program as training

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = tuple(program.RESULTS for program in (runtime, training, data, real_lidar, quick_rooms, studies))
PLACES = [(results, place) for results in WRITTEN for place in results.places]


def committed(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "benchmarks" / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("results", WRITTEN, ids=lambda results: results.name)
def test_a_document_is_made_of_its_json(results: Results) -> None:
    text = (ROOT / "benchmarks" / f"{results.name}.md").read_text(encoding="utf-8")
    assert text == results.document(committed(results.name))


def test_the_model_card_and_the_facts_beside_the_model_are_made_of_one_json() -> None:
    places, found = Places(), committed(RESULTS)
    assert places.card.read_text(encoding="utf-8") == card.document(found)
    assert json.loads(places.facts.read_text(encoding="utf-8")) == facts(found)


@pytest.mark.parametrize("results, place", PLACES, ids=lambda value: value.name)
def test_the_places_are_filled_from_the_json(results: Results, place: Place) -> None:
    text = place.page.read_text(encoding="utf-8")
    assert text == fill(text, place.name, place.summary(committed(results.name)))


def test_studies_in_short_are_those_in_the_folder() -> None:
    assert committed("study")["studies"] == studies.collect(studies.STUDIES)["studies"]


@pytest.mark.parametrize("file", sorted(studies.STUDIES.glob("*.json")), ids=lambda file: file.stem)
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
