"""What the benchmarks share: networks, verdicts, turns, memory, tables and their place in a document."""

from __future__ import annotations

import json
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from rich.progress import Progress

from benchmarks.common import turns
from benchmarks.common.chains import missing_note, tell
from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, TORCH, thread_variables
from benchmarks.common.memory import forget_peak, peak_mb
from benchmarks.common.networks import make_network
from benchmarks.common.places import fill
from benchmarks.common.process import KeepFirst
from benchmarks.common.results import Place, Results
from benchmarks.common.tables import hundredths, number, plain_table
from benchmarks.common.verdicts import against, met, ratio_verdict
from bscnet.chain.stage_network import stage_network
from bscnet.errors import InputError
from fixtures.composed import compose_settings


@pytest.mark.parametrize("name", ["unet_h", "unet_s", "fcn_h", "fcn_s"])
def test_networks_are_those_that_a_chain_trains(name: str) -> None:
    settings = compose_settings(f"model={name}", "method=bsc_manual", "data=rooms")
    torch.manual_seed(0)
    trained = stage_network(settings, "all", None)[1].state_dict()
    torch.manual_seed(0)
    measured = make_network(name, "a1w1", "shifted").state_dict()
    assert measured.keys() == trained.keys()
    assert all(torch.equal(measured[key], value) for key, value in trained.items())


def test_thread_settings_of_a_process() -> None:
    assert thread_variables(TORCH, 3) == {"OMP_NUM_THREADS": "3"}
    assert thread_variables(ENGINE, 3) == {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "1"}
    assert thread_variables(ENGINE_AS_IT_COMES, 3) == {"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "3"}


def test_a_verdict_is_the_ratio_of_medians_beside_the_ratios_of_rounds() -> None:
    found = ratio_verdict([8.0, 3.0, 6.0], [2.0, 3.0, 4.0], at_least=2.0)
    assert (found["ratio"], found["ratio_min"], found["ratio_max"]) == (2, 1, 4)
    assert (found["target"], found["missed_by"]) == (">= 2", 0)
    fewer = ratio_verdict([8.0, 3.0, 6.0], [2.0, 3.0, 4.0, 4.0], at_least=2.0)
    assert (fewer["ratio"], fewer["ratio_min"], fewer["ratio_max"]) == (pytest.approx(6 / 3.5), 1, 4)
    assert fewer["target"] == ">= 2" and fewer["missed_by"] == pytest.approx(1 - 6 / 7)
    assert ratio_verdict([3.0], [2.0], at_least=2.0)["missed_by"] == pytest.approx(0.25)
    assert ratio_verdict([5.0], [2.0], at_most=2.5)["missed_by"] == 0
    assert ratio_verdict([6.0], [2.0], at_most=2.5)["missed_by"] == pytest.approx(0.2)
    assert ratio_verdict([6.0], [2.0])["missed_by"] is None


@pytest.mark.parametrize(
    "verdict, words",
    [
        (against(3.0, at_least=2.0), "yes"),
        (against(1.5, at_least=2.0), "no, by 25.0 %"),
        (against(0.06, at_most=0.05), "no, by 20.0 %"),
        (against(1.0), ""),
    ],
)
def test_verdicts_in_words(verdict: dict[str, Any], words: str) -> None:
    assert met(verdict, "{:.1f}".format) == words


class Answering:
    """Stands in for a worker: answers with the number of its turn."""

    def __init__(self, name: str) -> None:
        self.name, self.turns, self.closed = name, 0, False

    def answer(self) -> dict[str, Any]:
        return {"ready": True}

    def ask(self, request: str) -> dict[str, Any]:
        self.turns += 1
        return {"turn": self.turns}

    def close(self) -> None:
        self.closed = True


def test_turns_end_after_the_rounds_or_the_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PAUSE_SECONDS", 0)
    for seconds, counted in ((1e9, 5), (0.0, turns.AT_LEAST)):
        workers: Any = {name: Answering(name) for name in "ab"}
        with Progress(disable=True) as display:
            answers = turns.take_turns(workers, 5, seconds, display, "test")
        assert {name: len(found) for name, found in answers.items()} == dict.fromkeys("ab", counted + 1)
        assert all(worker.closed for worker in workers.values())


def test_the_first_round_is_not_counted() -> None:
    calls: list[str] = []

    def way(name: str) -> Callable[[], int]:
        return lambda: calls.append(name) or len(calls)  # type: ignore[func-returns-value]

    assert turns.counted_rounds({name: way(name) for name in "ab"}, 2) == {"a": [3, 5], "b": [4, 6]}
    assert calls == ["a", "b"] * 3


def test_the_first_array_alone_is_kept(tmp_path: Path) -> None:
    keep = KeepFirst(str(tmp_path / "kept.npy"))
    keep(np.arange(3))
    keep(np.zeros(3))
    assert np.load(tmp_path / "kept.npy").tolist() == [0, 1, 2]
    KeepFirst("")(np.zeros(3))
    assert [path.name for path in tmp_path.iterdir()] == ["kept.npy"]


def test_peak_memory_begins_anew() -> None:
    if not forget_peak():
        pytest.skip("this machine does not let a process forget its peak memory")
    before = peak_mb()
    # Not an array: the allocator may have so much memory of earlier tests at hand, which is resident already.
    with mmap.mmap(-1, 64 * 2**20) as block:
        block.write(b"1" * len(block))
        assert peak_mb() - before >= 63
    forget_peak()
    assert peak_mb() - before <= 32


def test_a_plain_table_has_no_padding() -> None:
    text = plain_table(["a", "number"], [["long name", "1"], ["b", "20"]], left=1)
    assert text == "| a | number |\n| --- | ---: |\n| long name | 1 |\n| b | 20 |\n"


@pytest.mark.parametrize(
    "value, digits, text",
    [
        (None, 3, ""),
        (0, 3, "0"),
        (0.04567, 3, "0.0457"),
        (0.000842, 3, "0.000842"),
        (1.2345, 3, "1.23"),
        (-1.2345, 2, "-1.2"),
        (20.0, 3, "20.0"),
        (1234.5, 3, "1234"),
    ],
)
def test_numbers_keep_the_digits_that_count(value: float | None, digits: int, text: str) -> None:
    assert number(value, digits) == text


def test_fractions_in_percent_have_two_decimals() -> None:
    assert [hundredths(value) for value in (None, 0.0, 0.12345, 1.0)] == ["", "0.00", "12.35", "100.00"]


def the_results(page: Path, command: str | None = "python -m benchmarks.two") -> Results:
    return Results(
        name="two",
        document=lambda found: f"# {len(found['chains'])} chains\n",
        places=(
            Place(page, "two", lambda found: f"{len(found['chains'])} of them"),
            Place(page, "first", lambda found: str(found["chains"][0])),
        ),
        figure=(lambda found: Figure(figsize=(1, 1))) if command else None,
        command=command,
    )


MARKS = "<!-- results:two -->\n{}\n<!-- /results:two -->\n<!-- results:first -->\n{}\n<!-- /results:first -->\n"


def test_results_are_three_files_and_places_in_a_page(tmp_path: Path) -> None:
    found = {"chains": ["a", "b"], "missing": ["c: failed"], "folds": {0: 1}}
    out, readme = tmp_path / "out", tmp_path / "README.md"
    readme.write_text(MARKS.format("old", "old"))
    results = the_results(readme)
    results.write(found, out, results.places)
    assert (out / "two.md").read_text() == "# 2 chains\n" and (out / "two.png").stat().st_size > 100
    written = json.loads((out / "two.json").read_text())
    assert written == {"made_by": "python -m benchmarks.two", **found, "folds": {"0": 1}}
    assert readme.read_text() == MARKS.format("2 of them", "a")
    (out / "two.json").write_text(json.dumps({"chains": ["a"]}))
    results.refill(out)
    assert readme.read_text() == MARKS.format("1 of them", "a")


def test_without_a_plot_and_a_command_results_are_two_files_that_say_what_was_found(tmp_path: Path) -> None:
    the_results(tmp_path / "no-page.md", command=None).publish({"chains": []}, tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["two.json", "two.md"]
    assert (tmp_path / "new" / "two.md").read_text() == "# 0 chains\n"
    assert json.loads((tmp_path / "new" / "two.json").read_text()) == {"chains": []}


def test_a_page_without_the_place_leaves_the_old_table(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("nothing here")
    results = the_results(readme)
    with pytest.raises(InputError, match="results:two"):
        results.write({"chains": [], "missing": []}, tmp_path / "out", results.places)
    assert not (tmp_path / "out").exists() and readme.read_text() == "nothing here"


def test_chains_that_are_missing_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tell({"chains": ["a", "b"], "missing": ["c: failed"]}, tmp_path / "two.md")
    printed = capsys.readouterr()
    assert printed.err == "missing: c: failed\n" and printed.out == f"{tmp_path / 'two.md'}: 2 chains\n"
    assert missing_note([]) == "" and missing_note(["a", "b"]) == "\nMissing: a; b.\n"


def test_a_page_gets_what_stands_between_its_marks() -> None:
    text = "a\n<!-- results:quick -->\nold\n<!-- /results:quick -->\nb <!-- results:training -->\n"
    once = fill(text, "quick", "| new |\n")
    assert once == "a\n<!-- results:quick -->\n| new |\n<!-- /results:quick -->\nb <!-- results:training -->\n"
    assert fill(once, "quick", "| new |") == once
    with pytest.raises(InputError, match="<!-- /results:training -->"):
        fill(text, "training", "x")
