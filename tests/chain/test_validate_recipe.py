from __future__ import annotations

from typing import Any

import pytest

from bscnet.chain.validate_recipe import named_classes
from bscnet.errors import InputError
from bscnet.settings.check import check
from bscnet.settings.composed import Settings
from bscnet.settings.groups import Configuration
from fixtures.composed import compose_settings


@pytest.mark.parametrize(
    "overrides, sentence",
    [
        (["loss.cross_entropy=0"], "loss.cross_entropy=0 and loss.lovasz=0 leave nothing"),
        (["augmentation.transforms=[blur]"], "the augmentation 'blur' is not known: allowed are dropout, crop"),
        (
            ["augmentation.transforms=rotate"],
            "augmentation.transforms=rotate is not usable: it must be a list",
        ),
        (["augmentation.mix3d=1.5"], "augmentation.mix3d=1.5 is not usable: it must be a number from 0 to 1"),
        (["optimizer.name=lion"], "optimizer.name=lion is not known: allowed are adam, adamw, sgd"),
        (["+callbacks.mine={patience: 3}"], "callbacks.mine={'patience': 3} names no class"),
        (["+trainer.callbacks=[early]"], r"trainer.callbacks\[0\]=early names no class"),
        (["+trainer.callbacks=early"], "trainer.callbacks=early is not usable: it must be a list of"),
    ],
)
def test_a_wrong_part_is_one_sentence(overrides: list[str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        compose_settings(*overrides)


def test_what_is_not_there_has_its_default_and_what_is_not_resolved_passes() -> None:
    """A record of an older version lacks these groups."""
    plain = dict(compose_settings().plain)
    for group in ("optimizer", "schedule", "loss", "augmentation"):
        del plain[group]
    settings = Settings.of(plain)
    assert (settings.loss.cross_entropy, settings.augmentation.transforms, settings.callbacks) == (1.0, None, {})
    check(Configuration, {"augmentation": {"transforms": "${mine}"}, "callbacks": "${other}"})


def test_callbacks_are_a_mapping() -> None:
    with pytest.raises(InputError, match="callbacks=early is not usable: it must be keys and values"):
        check(Configuration, {"callbacks": "early"})


def test_callbacks_are_told_by_their_keys() -> None:
    mine, other = {"_target_": "a.B"}, {"_target_": "c.D"}
    plain: dict[str, Any] = dict(compose_settings().plain)
    plain.update(callbacks={"mine": mine}, trainer={**plain["trainer"], "callbacks": [other]})
    assert dict(named_classes(Settings.of(plain))) == {"callbacks.mine": mine, "trainer.callbacks[0]": other}
