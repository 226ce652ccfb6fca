from __future__ import annotations

import pytest

from bscnet.chain.validate import PRESET_GROUPS, RULES, wanted_stages
from bscnet.errors import InputError
from bscnet.models import layers
from bscnet.search import CANDIDATES, CONFIDENCE, MANUAL, REDUCTIONS


@pytest.mark.parametrize(
    "override, sentence",
    [
        ("method.relax=foo", "method.relax=foo is not known: allowed are softmax, gumbel_softmax, gumbel_st"),
        ("model.act=foo", "model.act=foo is not known: allowed are prelu, rprelu, hardtanh"),
        ("method.G=3.5", "method.G=3.5 is not known: allowed are 1, 2, 4, 8, 9, 16"),
        ("method.G=true", "method.G=true is not known"),
        ("method.order=foo", "method.order=foo is not known: allowed are search_first, pretrain_search_final"),
        ("method.clip_latent=1", "method.clip_latent=1 is not known: allowed are true, false"),
        ("model.layers_per_block=3", "model.layers_per_block=3 is not known: allowed are 1, 2"),
        ("data.voxel_size=0", "data.voxel_size=0 is not usable: it must be a number above 0"),
        ("data.voxel_size=inf", "data.voxel_size=inf is not usable"),
        ("data.voxel_size=nan", "data.voxel_size=nan is not usable"),
        ("recipe.epochs=2.5", "recipe.epochs=2.5 is not usable: it must be a whole number from 1 up"),
        ("recipe.batch_size=0", "recipe.batch_size=0 is not usable: it must be a whole number from 1 up, null"),
        ("recipe.milestones=[60,x]", r"recipe.milestones=\[60, 'x'\] must be a list of whole numbers"),
        ("seed=-1", "seed=-1 is not usable"),
        ("output_dir=''", "output_dir= is not usable: it must be a text"),
        ("method.stages=[]", r"method.stages=\[\] must be a list with at least one stage"),
        ("method.stages=[{name: a, precision: a2w2}]", r"method.stages\[0\].precision=a2w2 is not known"),
        ("method=_base", "method.name, method.stages: no value is given"),
        ("trainer.precision=16", "trainer.precision=16 is not known: allowed are 32-true, 16-mixed, bf16-mixed"),
        ("trainer.precision=64-true", "trainer.precision=64-true is not known"),
        (
            "trainer.matmul_precision=tf32",
            "trainer.matmul_precision=tf32 is not known: allowed are null, highest, high",
        ),
        ("trainer.log_every_n_steps=0", "trainer.log_every_n_steps=0 is not usable"),
        (
            "data.datamodule.pin_memory=yes",
            "data.datamodule.pin_memory=yes is not known: allowed are auto, true, false",
        ),
        (
            "backend.name=cuda",
            "backend.name=cuda is not known: allowed are auto, minkowski, native, spconv_triton, torch",
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(settings, override, sentence):
    with pytest.raises(InputError, match=sentence):
        settings(override)


def test_a_preset_of_another_number_of_groups_is_refused_where_it_is_used(settings):
    with pytest.raises(InputError, match="method.manual=corners8 is a table for 8 groups: give method.G=8 too"):
        settings("method=bsc_manual", "method.manual=corners8")
    assert settings("method=bsc_net", "method.manual=corners8")["method"]["G"] == 4


def test_every_group_can_be_asked_for(settings):
    for preset, groups in PRESET_GROUPS.items():
        chosen = settings("method=bsc_manual", f"method.manual={preset}", f"method.G={groups}")["method"]
        assert (chosen["manual"], chosen["G"]) == (preset, groups)


@pytest.mark.parametrize(
    "key, known",
    [
        ("method.cands", CANDIDATES),
        ("method.conf", CONFIDENCE),
        ("method.reduce", REDUCTIONS),
        ("method.manual", [*MANUAL, "random", "none"]),
        ("method.sfsc_layers", layers.SFSC_LAYERS),
        ("model.layer_style", layers.LAYER_STYLES),
        ("model.down_short", layers.DOWN_SHORTS),
    ],
)
def test_the_allowed_words_are_those_the_code_knows(key, known):
    assert set(RULES[key].options) == set(known)


def test_the_presets_have_as_many_groups_as_stated():
    assert {name: len(shifts) for name, shifts in MANUAL.items()} == PRESET_GROUPS


def test_wanted_stages():
    assert wanted_stages("all", 3, "bsc_net") == [1, 2, 3]
    assert wanted_stages(2, 3, "bsc_net") == [2]
    for bad in (0, 4, "two", True, None, 1.0):
        with pytest.raises(InputError, match="is not a stage of method bsc_net: allowed are all, 1, 2, 3"):
            wanted_stages(bad, 3, "bsc_net")
