from __future__ import annotations

import pytest

from bscnet.data.transforms import TRANSFORMS
from bscnet.errors import InputError
from bscnet.models.spec import HEAD_SWITCHES
from bscnet.nn import ACTIVATIONS
from bscnet.nn.relaxation import RELAX
from bscnet.nn.shift_logits import SHIFT_LOGITS
from bscnet.quantizers import ESTIMATORS, WEIGHT_FORMS, WEIGHT_PENALTIES, WEIGHT_SCALES
from bscnet.search import CANDIDATES, CONFIDENCE, MANUAL
from bscnet.settings import words
from bscnet.settings.words import chosen, require_word
from bscnet.training.class_weights import RULES as CLASS_WEIGHTS
from bscnet.training.optimizer import OPTIMIZERS
from bscnet.training.schedule import SCHEDULES


@pytest.mark.parametrize(
    "kind, table",
    [
        (words.Activation, ACTIVATIONS),
        (words.Augmentation, TRANSFORMS),
        (words.Candidates, CANDIDATES),
        (words.ClassWeights, CLASS_WEIGHTS),
        (words.Confidence, CONFIDENCE),
        (words.Estimator, ESTIMATORS),
        (words.Family, HEAD_SWITCHES),
        (words.Logits, SHIFT_LOGITS),
        (words.OptimizerName, OPTIMIZERS),
        (words.Preset, MANUAL),
        (words.Relaxation, RELAX),
        (words.ScheduleName, SCHEDULES),
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
