from __future__ import annotations

import pytest

from bscnet.errors import InputError
from bscnet.models.spec import HEAD_SWITCHES
from bscnet.nn import ACTIVATIONS
from bscnet.nn.relaxation import RELAX
from bscnet.nn.shift_logits import SHIFT_LOGITS
from bscnet.quantizers import ESTIMATORS, WEIGHT_FORMS, WEIGHT_PENALTIES, WEIGHT_SCALES
from bscnet.search import CANDIDATES, CONFIDENCE, MANUAL
from bscnet.settings import words
from bscnet.settings.words import chosen, require_word


@pytest.mark.parametrize(
    "kind, table",
    [
        (words.Activation, ACTIVATIONS),
        (words.Candidates, CANDIDATES),
        (words.Confidence, CONFIDENCE),
        (words.Estimator, ESTIMATORS),
        (words.Family, HEAD_SWITCHES),
        (words.Logits, SHIFT_LOGITS),
        (words.Preset, MANUAL),
        (words.Relaxation, RELAX),
        (words.WeightForm, WEIGHT_FORMS),
        (words.WeightPenalty, WEIGHT_PENALTIES),
        (words.WeightScaling, WEIGHT_SCALES),
    ],
)
def test_every_word_is_implemented(kind, table):
    assert set(words.words(kind)) == set(table)


def test_a_word_that_is_none_is_refused_with_those_that_are():
    assert chosen(MANUAL, "faces8", "manual") is MANUAL["faces8"]
    with pytest.raises(InputError, match="method.conf=sure is not known: allowed are entropy, one_minus_max, nll_max"):
        chosen(CONFIDENCE, "sure", "method.conf")
    require_word(words.Init, "carried", "init")
    with pytest.raises(InputError, match="init=drawn is not known: allowed are random, carried"):
        require_word(words.Init, "drawn", "init")
