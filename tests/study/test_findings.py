"""What a study says of its records: arms, folds, questions, and the document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bscnet.cli import main
from bscnet.errors import InputError
from bscnet.study.cases import Case, all_cases
from bscnet.study.figures import study_figure
from bscnet.study.findings import findings
from bscnet.study.record import Record, load_records, save_plan
from bscnet.study.report import as_values, document
from bscnet.study.table import Table, read_table
from bscnet.whole_file import write_json_whole

TEXT = """
title: Plain against shifted
common: [data=rooms]
seeds: [1, 2, 3]
sections: {data.voxel_size: [0.1, 0.05]}
folds: {data.fold: [0, 1]}
arms:
  plain: {about: nothing shifted, overrides: [method=bsc_baseline]}
  shifted: {overrides: [method=bsc_net]}
reference: plain
questions: [{name: shifts help, better: shifted, worse: plain}]
"""
BONUS = {1: 0.10, 2: 0.11, 3: 0.12}


def record(case: Case) -> Record:
    """0.2 for plain, a bonus by seed for shifted; folds lie 0.02 above and below."""
    miou = 0.2 + (BONUS[case.seed] if case.arm == "shifted" else 0.0) + (0.02 if case.fold[0][-1] == "0" else -0.02)
    search = {"max_pi": 0.25, "margin": 0.1} if case.arm == "shifted" else None
    return Record(
        case=case,
        scores={"miou": miou, "acc": 0.5, "macc": 0.4, "loss": 1.0},
        iou={"wall": 0.5, "floor": None},
        stages=[{"name": "activations", "epochs": 2, "miou": 0.1}, {"name": "weights", "epochs": 2, "miou": miou}],
        epochs=4,
        seconds=10.0,
        costs={"ops_executed": 2e6, "ops_nominal": 3e6, "weight_bytes": 2048.0, "weight_bytes_real": 65536.0},
        plan={"body.0": [[0, 0, 1], [0, 0, -1]]} if search else None,
        search=search,
        commit="abc",
        backend="native",
    )


@pytest.fixture
def table(tmp_path: Path) -> Table:
    path = tmp_path / "shifts.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return read_table(str(path))


def test_a_seed_is_the_mean_of_its_folds(table: Table) -> None:
    records = {case: record(case) for case in all_cases(table)}
    first, second = findings(table, records)
    assert first.overrides == ("data.voxel_size=0.1",) and second.overrides == ("data.voxel_size=0.05",)
    assert first.arms["plain"].miou == pytest.approx({1: 0.2, 2: 0.2, 3: 0.2})
    assert first.arms["shifted"].summary.mean == pytest.approx(0.31)
    assert first.arms["shifted"].summary.std == pytest.approx(0.01)
    assert first.arms["plain"].against is None
    against = first.arms["shifted"].against
    assert against is not None and against.summary.mean == pytest.approx(0.11) and against.wins == 3


def test_a_seed_with_a_missing_fold_does_not_count(table: Table) -> None:
    cases = all_cases(table)
    lost = next(case for case in cases if (case.arm, case.seed) == ("shifted", 2))
    first, second = findings(table, {case: record(case) for case in cases if case != lost})
    assert sorted(first.arms["shifted"].miou) == [1, 3] and list(first.missing) == [lost]
    assert sorted(second.arms["shifted"].miou) == [1, 2, 3] and not second.missing


def test_the_answer_follows_from_the_difference(table: Table) -> None:
    cases = all_cases(table)
    (shown, _) = (section.answers[0] for section in findings(table, {case: record(case) for case in cases}))
    assert shown.verdict == "shown" and shown.corrected is not None and shown.corrected < 0.01
    (open_, _) = (section.answers[0] for section in findings(table, {}))
    assert open_.verdict == "open" and open_.difference is None


def test_a_question_is_open_until_all_its_seeds_are_there(table: Table) -> None:
    cases = all_cases(table)
    lost = next(case for case in cases if (case.arm, case.seed) == ("shifted", 2))
    first, second = findings(table, {case: record(case) for case in cases if case != lost})
    assert first.answers[0].verdict == "open" and first.answers[0].difference is not None
    assert second.answers[0].verdict == "shown"


def test_the_document_has_what_was_found(table: Table) -> None:
    records = {case: record(case) for case in all_cases(table)}
    text = document(table, findings(table, records), "bscnet study shifts", "shifts.png")
    rows = [line for line in text.splitlines() if line.startswith("| `shifted`")]
    assert len(rows) == 4  # scores and stages, in two sections
    assert [cell.strip() for cell in rows[0].strip("|").split("|")] == [
        *("`shifted`", "4", "3", "31.00 ± 1.00", "28.52 to 33.48", "+11.00 ± 2.48"),
        *("50.00", "40.00", "2.0", "2", "10", "0.25"),
    ]
    assert "activations (2): 10.00" in rows[1] and "weights (2): 31.00" in rows[1]
    assert "**shown**" in text and "3 of 3" in text
    assert "Missing" not in text and "Commits: abc." in text


def test_columns_line_up(table: Table) -> None:
    text = document(table, findings(table, {case: record(case) for case in all_cases(table)}), "x", "x.png")
    for block in text.split("\n\n"):
        if block.startswith("| "):
            assert len({len(line) for line in block.splitlines()}) == 1


def test_records_survive_their_file(table: Table, tmp_path: Path) -> None:
    records = {case: record(case) for case in all_cases(table)}
    file = tmp_path / "shifts.json"
    write_json_whole(file, as_values(table, findings(table, records), records))
    assert load_records(file) == records
    assert load_records(tmp_path / "none.json") == {}
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="is not the file of a study"):
        load_records(file)


def test_a_plan_is_written_from_its_record(table: Table, tmp_path: Path) -> None:
    from bscnet.search import ShiftPlan

    plain, shifted = all_cases(table)[:2]
    path = save_plan(record(shifted), tmp_path / "plans" / "one.json")
    assert ShiftPlan.load(path).shifts == {"body.0": ((0, 0, 1), (0, 0, -1))}
    with pytest.raises(InputError, match="has no search"):
        save_plan(record(plain), tmp_path / "plans" / "two.json")


def test_the_picture_is_curves_where_sections_are_numbers(table: Table) -> None:
    figure = study_figure(table, findings(table, {case: record(case) for case in all_cases(table)}))
    (axes,) = figure.axes
    assert axes.get_xlabel() == "data.voxel_size"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["plain", "shifted"]


def test_the_picture_has_a_point_for_every_seed(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    path.write_text(TEXT.replace("sections: {data.voxel_size: [0.1, 0.05]}\n", ""), encoding="utf-8")
    table = read_table(str(path))
    figure = study_figure(table, findings(table, {case: record(case) for case in all_cases(table)}))
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["plain", "shifted"]
    assert [len(line.get_xdata()) for line in axes.lines if line.get_marker() == "o"] == [3, 3]


def test_the_command_writes_what_is_finished(table: Table, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = {case: record(case) for case in all_cases(table) if case.seed == 1}
    out = tmp_path / "out"
    out.mkdir()
    write_json_whole(out / "shifts.json", as_values(table, findings(table, records), records))
    assert main(["study", str(tmp_path / "shifts.yaml"), "--no-run", "--out", str(out)]) == 0
    assert f"{out / 'shifts.md'}: 8 chains" in capsys.readouterr().out
    assert "Missing: 8 chains, the first of them plain" in (out / "shifts.md").read_text(encoding="utf-8")
    assert len(json.loads((out / "shifts.json").read_text(encoding="utf-8"))["chains"]) == 8
    assert (out / "shifts.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--arms", "none"], "--arms none: arms of shifts are plain,shifted"),
        (["--seeds", "7"], "--seeds 7: seeds of shifts are 1,2,3"),
        (["--seeds", "1,two"], "--seeds two: seeds of shifts are 1,2,3"),
        (["--jobs", "0"], "--jobs is 0, it must be at least 1"),
    ],
)
def test_bad_words_are_refused(
    table: Table, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["study", str(tmp_path / "shifts.yaml"), "--out", str(tmp_path / "out"), *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
