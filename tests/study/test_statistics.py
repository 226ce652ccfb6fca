"""Intervals, paired tests and Holm's correction, against scipy's own and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bscnet.study.statistics import answer, holm, paired, summarize


def test_a_summary_is_students() -> None:
    values = [0.2, 0.25, 0.22, 0.31]
    found = summarize(values)
    low, high = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    assert (found.count, found.mean, found.std) == (
        4,
        pytest.approx(np.mean(values)),
        pytest.approx(np.std(values, ddof=1)),
    )
    assert (found.mean - found.half, found.mean + found.half) == (pytest.approx(low), pytest.approx(high))
    alone = summarize([0.5])
    assert (alone.count, alone.mean, alone.std, alone.half) == (1, 0.5, None, None)


def test_differences_are_paired_by_seed() -> None:
    first, second = {1: 0.3, 2: 0.4, 3: 0.35, 9: 0.9}, {3: 0.3, 2: 0.41, 1: 0.2, 7: 0.0}
    found = paired(first, second)
    assert found is not None
    test = stats.ttest_rel([0.3, 0.4, 0.35], [0.2, 0.41, 0.3])
    assert found.p == pytest.approx(test.pvalue)
    assert (found.wins, found.summary.count) == (2, 3)
    assert found.summary.mean == pytest.approx((0.1 - 0.01 + 0.05) / 3)
    assert found.sign_p == pytest.approx(1.0)  # two of three


def test_seeds_that_are_not_shared_do_not_count() -> None:
    assert paired({1: 0.3}, {2: 0.3}) is None
    alone = paired({1: 0.3}, {1: 0.2})
    assert alone is not None and alone.p is None and answer(alone, None) == "open"


def test_equal_arms_differ_in_nothing() -> None:
    found = paired({1: 0.3, 2: 0.4}, {1: 0.3, 2: 0.4})
    assert found is not None and found.p == 1.0 and found.sign_p is None


def test_holm_by_hand() -> None:
    # sorted 0.01, 0.02, 0.03, 0.04 times 4, 3, 2, 1, never falling
    assert holm([0.04, 0.01, None, 0.03, 0.02]) == pytest.approx([0.06, 0.04, None, 0.06, 0.06], nan_ok=True)
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_an_answer_has_a_direction() -> None:
    above, below = paired({1: 0.31, 2: 0.42}, {1: 0.3, 2: 0.4}), paired({1: 0.2, 2: 0.3}, {1: 0.3, 2: 0.4})
    assert answer(above, 0.01) == "shown"
    assert answer(below, 0.01) == "the other way round"
    assert answer(above, 0.05) == "not shown"
    assert answer(None, None) == "open"
