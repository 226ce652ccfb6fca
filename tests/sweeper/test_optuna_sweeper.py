from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest
import yaml

pytest.importorskip("optuna", reason="hydra/sweeper=optuna needs it")
pytestmark = pytest.mark.usefixtures("scored")

FIXED = ("hydra/sweeper=optuna", "method=real", "model=fcn_s")


def folder(app, name="optuna-*"):
    (found,) = app.output.glob(f"{name}/001")
    return found


def rows(app, name="optuna-*"):
    return list(csv.DictReader((folder(app, name) / "trials.csv").read_text().splitlines()))


def near_three(cfg):
    """A score that is highest at a learning rate of three times the recipe's, and higher for odd seeds."""
    return 0.5 - abs(math.log10(cfg.recipe.lr_scale / 3)) / 4 + 0.1 * (cfg.seed % 2)


def test_every_trial_is_a_chain_and_the_best_of_them_is_told(app, scored, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    app.score = near_three
    words = ("recipe.lr_scale=tag(log,interval(0.1,100))", "seed=choice(0,1)", "hydra.sweeper.n_trials=4")
    assert app.run("-m", *FIXED, *words) == 0
    found = rows(app)
    assert [row["trial"] for row in found] == ["0", "1", "2", "3"]
    assert {row["state"] for row in found} == {"complete"} and len({row["val_miou"] for row in found}) == 4
    for row in found:
        chain = json.loads(Path(row["directory"], "result.json").read_text())
        assert (chain["status"], chain["seed"]) == ("finished", int(row["seed"]))
        assert float(row["val_miou"]) == chain["stages"][-1]["val_miou"]
        assert str(folder(app)) in row["directory"] and 0.1 <= float(row["recipe.lr_scale"]) <= 100
    assert scored == [row["directory"] for row in found]
    best = max(found, key=lambda row: float(row["val_miou"]))
    kept = yaml.safe_load((folder(app) / "optimization_results.yaml").read_text())
    assert (kept["best_value"], kept["trial"]) == (float(best["val_miou"]), int(best["trial"]))
    assert kept["best_params"] == {"recipe.lr_scale": float(best["recipe.lr_scale"]), "seed": best["seed"]}
    assert f"recipe.lr_scale={best['recipe.lr_scale']}" in kept["overrides"]
    shown = capsys.readouterr().out
    assert f"best: trial {best['trial']}, val mIoU {100 * float(best['val_miou']):.2f} %" in shown
    assert f"recipe.lr_scale={best['recipe.lr_scale']}" in shown.split("again: ")[1]
    assert [call["title"] for call in app.calls] == [f"trial {number}" for number in range(4)]


def test_an_interrupted_search_goes_on_where_it_stopped(app, capsys):
    def stop(cfg):
        if len(app.calls) == 4:  # of the second trial, the second stage
            raise KeyboardInterrupt

    app.before = stop
    words = (*FIXED, "method=bsc_baseline", "recipe.lr_scale=interval(1,9)", "hydra.sweeper.n_trials=2")
    assert app.run(*words) == 130
    assert capsys.readouterr().err.strip().endswith("resume=true")
    before = rows(app)
    assert [row["state"] for row in before] == ["complete", "running"]
    app.before, app.calls = (lambda cfg: None), []
    assert app.run(*words, "resume=true") == 0
    assert [call["stage"] for call in app.calls] == [2]
    after = rows(app)
    assert [row["recipe.lr_scale"] for row in after] == [row["recipe.lr_scale"] for row in before]
    assert [row["state"] for row in after] == ["complete", "complete"]


def test_a_point_that_is_drawn_twice_is_trained_once(app):
    assert app.run(*FIXED, "seed=choice(3)", "hydra.sweeper.n_trials=3", "hydra.sweeper.n_jobs=2") == 0
    assert len(app.calls) == 1
    assert [(row["seed"], row["val_miou"]) for row in rows(app)] == [("3", "0.5")] * 3


def test_a_search_stops_at_a_chain_that_fails_and_tries_it_again(app, capsys):
    def fail(cfg):
        raise RuntimeError("out of memory")

    app.before = fail
    words = (*FIXED, "seed=range(1,9,3)", "hydra.sweeper.n_trials=1")
    assert app.run(*words) == 1
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1 and "stage 1: RuntimeError: out of memory" in errors
    (before,) = rows(app)
    assert before["state"] == "running" and before["seed"] in ("1", "4", "7")
    app.before = lambda cfg: None
    assert app.run(*words, "resume=true") == 0
    (after,) = rows(app)
    assert (after["state"], after["seed"]) == ("complete", before["seed"])


def test_failures_that_are_allowed_are_kept_in_the_table(app, capsys):
    words = ("seed=choice(-1)", "hydra.sweeper.n_trials=2", "hydra.sweeper.max_failure_rate=1")
    assert app.run(*FIXED, *words) == 0
    assert [(row["seed"], row["state"]) for row in rows(app)] == [("-1", "fail")] * 2
    assert all("seed=-1 is not usable" in row["reason"] for row in rows(app))
    assert "no trial has a score" in capsys.readouterr().out
    assert app.run(*FIXED, "seed=choice(-1)", "hydra.sweeper.study_name=strict") == 2
    assert "error: trial 0: seed=-1 is not usable" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["seed=0"], "has nothing to search"),
        (["seed=0,1", "hydra.sweeper.max_failure_rate=foo"], "hydra.sweeper.max_failure_rate=foo is not usable"),
        (["seed=0,1", "hydra.sweeper.params=5"], "hydra.sweeper.params=5 is not usable"),
        (["seed=0,1", "hydra.sweeper.sampler.seed=foo"], "hydra.sweeper.sampler.seed=foo is not usable"),
        (["seed=0,1", "hydra.sweeper.study_name=a/../../b"], "is not usable: it is the name of a folder"),
        (["seed=0,1", "hydra.sweeper.n_trials=0"], "hydra.sweeper.n_trials=0 is not usable"),
        (["seed=0,1", "+hydra.sweeper.sampler.colour=red"], "is no sampler of Optuna's"),
    ],
)
def test_a_search_that_cannot_be_is_one_sentence_before_any_work(app, capsys, words, sentence):
    assert app.run(*FIXED, *words) == 2
    errors = capsys.readouterr().err
    assert sentence in errors and errors.count("\n") == 1 and "Traceback" not in errors
    assert app.calls == [] and not app.output.exists()
