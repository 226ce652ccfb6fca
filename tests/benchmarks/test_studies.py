"""The studies in short: what is told of a folder of studies, and what of one without the main study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.studies.program import collect, run
from benchmarks.studies.report import MAIN, document, front, summary
from bscnet.errors import InputError
from bscnet.whole_file import write_json_whole

DIFFERENCE = {"summary": {"count": 3, "mean": 0.012, "std": 0.01, "half": 0.025}, "p": 0.2, "wins": 2, "sign_p": 1.0}
ARM = {"count": 3, "mean": 0.25, "std": 0.01, "half": 0.02, "against_reference": None}


def study(name: str) -> dict[str, Any]:
    question = {"name": "shifts help", "better": "b", "worse": "a", "answer": "not shown", "difference": DIFFERENCE}
    arms = {"a": ARM, "b": {**ARM, "mean": 0.262, "against_reference": DIFFERENCE}}
    section = {"overrides": [], "arms": arms, "questions": [question], "missing": ["b seed=4"]}
    told = {"a": {"about": "plain"}, "b": {"about": "shifted"}}
    return {
        "study": name,
        "title": "Do shifts help?",
        "arms": told,
        "sections": [section],
        "chains": [{"arm": "a"}],
    }


def test_a_folder_of_studies_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    write_json_whole(tmp_path / "in" / "one.json", study("one"))
    assert run(["--studies", str(tmp_path / "in"), "--out", str(tmp_path)]) == 0
    assert "1 studies" in capsys.readouterr().out
    text = (tmp_path / "study.md").read_text(encoding="utf-8")
    assert "| `b` | 3 | 26.20 ± 1.00 | +1.20 ± 2.50 |" in text
    assert "- shifts help (`b` − `a` +1.20 ± 2.50, 2 of 3 seeds above): **not shown**" in text
    assert "Chains that are missing: 1." in text


def test_the_front_page_has_the_arms_in_words(tmp_path: Path) -> None:
    first, second = MAIN
    write_json_whole(tmp_path / "a.json", study(second))
    lines = front(collect(tmp_path)).splitlines()
    assert lines[0] == f"| method | {MAIN[second]} (seeds) |"
    assert lines[2:4] == ["| plain | 25.00 ± 1.00 (3) |", "| shifted | 26.20 ± 1.00 (3) |"]
    assert lines[-1] == f"{MAIN[second]}: shifts help: **not shown**."
    other = study(first)
    other["sections"][0]["arms"] = {"b": other["sections"][0]["arms"]["b"], "c": {**ARM, "count": 1, "std": None}}
    other["arms"]["c"] = {"about": "searched"}
    write_json_whole(tmp_path / "b.json", other)
    lines = front(collect(tmp_path)).splitlines()
    assert lines[0] == f"| method | {MAIN[first]} (seeds) | {MAIN[second]} (seeds) |"
    assert lines[2:5] == [
        "| shifted | 26.20 ± 1.00 (3) | 26.20 ± 1.00 (3) |",
        "| searched | 25.00 (1) |  |",
        "| plain |  | 25.00 ± 1.00 (3) |",
    ]


def test_the_readme_tells_the_main_studies_alone(tmp_path: Path) -> None:
    write_json_whole(tmp_path / "one.json", study("one"))
    assert front(collect(tmp_path)) == "No study of rooms has been made yet."
    assert summary(collect(tmp_path)) == "No study of rooms has been made yet."
    for number, name in enumerate(MAIN):
        write_json_whole(tmp_path / f"{number}.json", study(name))
        assert summary(collect(tmp_path)).count("**not shown**") == number + 1
        assert f"[study/{name}.md](study/{name}.md)" in summary(collect(tmp_path))
    assert document(collect(tmp_path)).count("## ") == 3


def test_a_folder_without_studies_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no study"):
        collect(tmp_path)
    (tmp_path / "one.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="one.json is not the file of a study"):
        collect(tmp_path)
