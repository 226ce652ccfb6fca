from __future__ import annotations

import math
from pathlib import Path

import pytest

optuna = pytest.importorskip("optuna", reason="searches need it")

from bscnet.errors import InputError  # noqa: E402
from bscnet.tuning.space import read_space  # noqa: E402
from bscnet.tuning.trials import JOURNAL_NAME, Trials  # noqa: E402

WORDS = ["x=interval(0,1)", "kind=a,b"]


def tpe(number):
    return optuna.samplers.TPESampler(seed=7 + number, n_startup_trials=3)


def opened(home, words=WORDS, storage=None, resume=True):
    return Trials(home, read_space(words), tpe, storage, resume)


def run(trials, count, total, stop=None):
    """Run a search whose score is known, up to a trial at which it is killed."""
    while batch := trials.batch(count, total):
        for trial in batch:
            if trial.number == stop:
                return
            value = -((trial.params["x"] - 0.3) ** 2) + (trial.params["kind"] == "b")
            trials.complete(trial, value, Path(f"chain{trial.number}"))


def points(trials):
    return [(one.params, one.state, one.val_miou, one.directory) for one in trials.all()]


@pytest.mark.parametrize("count", [1, 2])
def test_a_search_that_is_killed_tries_what_it_would_have_tried(count, tmp_path):
    run(opened(tmp_path / "whole"), count, 8)
    for stop in (2, 5):
        run(opened(tmp_path / "cut"), count, 8, stop)
        assert [one.state for one in opened(tmp_path / "cut").all()][stop] == "running"
    run(opened(tmp_path / "cut"), count, 8)
    whole = opened(tmp_path / "whole")
    assert points(opened(tmp_path / "cut")) == points(whole)
    assert len({one.params["x"] for one in whole.all()}) == 8
    assert whole.best() == max(whole.all(), key=lambda one: one.val_miou)
    assert whole.best().params["kind"] == "b"


def test_a_new_run_has_a_new_folder(tmp_path):
    run(opened(tmp_path), 1, 1)
    assert opened(tmp_path, resume=False).all() == [] and len(opened(tmp_path).all()) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["001", "002"]


def test_a_trial_without_a_score_has_failed(tmp_path):
    trials = opened(tmp_path)
    first, second = trials.batch(2, 2)
    trials.complete(first, math.nan, Path("chain"))
    trials.fail(second, "out of memory")
    assert [(one.state, one.reason, one.val_miou) for one in trials.all()] == [
        ("fail", "no validation point has a label", None), ("fail", "out of memory", None),
    ]  # fmt: skip
    assert trials.best() is None and trials.batch(1, 2) == []


def test_a_trial_that_was_not_drawn_to_its_end_is_put_aside(tmp_path):
    trials = opened(tmp_path)
    trials._study.ask({"x": trials._space.ranges["x"]})
    (new,) = trials.batch(1, 2)
    assert (new.number, [one.state for one in trials.all()]) == (1, ["fail", "running"])


def test_a_folder_is_of_one_search(tmp_path):
    run(opened(tmp_path), 1, 1)
    with pytest.raises(InputError, match="is a search of other settings or ranges"):
        opened(tmp_path, ["x=interval(0,2)", "kind=a,b"])


def test_a_database_keeps_the_trials_where_one_is_named(tmp_path):
    database = f"sqlite:///{tmp_path / 'all.db'}"
    run(opened(tmp_path / "home", storage=database), 1, 2)
    assert len(opened(tmp_path / "home", storage=database).all()) == 2
    assert not (tmp_path / "home" / "001" / JOURNAL_NAME).exists()
    with pytest.raises(InputError, match=r"cannot be opened \(nonsense://x\)"):
        opened(tmp_path / "other", storage="nonsense://x")
    assert not (tmp_path / "other").exists()
