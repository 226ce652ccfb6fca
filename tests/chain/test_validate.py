from __future__ import annotations

import pytest

from bscnet.chain.validate import wanted_stages
from bscnet.errors import InputError
from bscnet.search import MANUAL
from bscnet.settings.words import PRESET_GROUPS


@pytest.mark.parametrize(
    "override, sentence",
    [
        ("method.relax=foo", "method.relax=foo is not known: allowed are softmax, gumbel_softmax, gumbel_st, supernet"),
        ("model.act=foo", "model.act=foo is not known: allowed are prelu, rprelu, hardtanh"),
        ("method.G=3.5", "method.G=3.5 is not known: allowed are 1, 2, 4, 8, 9, 16"),
        ("method.G=true", "method.G=true is not known"),
        ("method.order=foo", "method.order=foo is not known: allowed are search_first, pretrain_search_final"),
        ("method.clip_latent=1", "method.clip_latent=1 is not known: allowed are true, false"),
        ("model.layers_per_block=3", "model.layers_per_block=3 is not known: allowed are 1, 2"),
        ("data.voxel_size=0", "data.voxel_size=0 is not usable: it must be a number above 0"),
        ("data.voxel_size=inf", "data.voxel_size=inf is not usable"),
        ("seed=4294967296", "seed=4294967296 is not usable: it must be a whole number from 0 to 4294967295"),
        ("data.voxel_size=nan", "data.voxel_size=nan is not usable"),
        ("+optimizer.betas=[0.9,nan]", r"optimizer.betas\[1\]=nan is not usable: it is no number"),
        ("recipe.norm_momentum=5", "recipe.norm_momentum=5 is not usable: it must be a number above 0 to 1"),
        ("threads=100000", "threads=100000 is not usable: it must be a whole number from 1 to 1024"),
        ("+recipe.shares.serch=2", "recipe.shares.serch is of no stage: stages are search, pretrain, real"),
        ("recipe.epochs=2.5", "recipe.epochs=2.5 is not usable: it must be a whole number from 1 up"),
        ("recipe.batch_size=0", "recipe.batch_size=0 is not usable: it must be a whole number from 1 up, null"),
        (
            "schedule.milestones=[60,x]",
            r"schedule.milestones=\[60, 'x'\] is not usable: it must be a list of whole numbers from 1 up",
        ),
        ("loss.class_weights=rare", "loss.class_weights=rare is not known: allowed are none, inverse, sqrt_inverse"),
        ("seed=-1", "seed=-1 is not usable"),
        ("output_dir=''", "output_dir= is not usable: it must be a text"),
        ("method.stages=[]", r"method.stages=\[\] is not usable: it must be a list with at least one row"),
        ("method.stages=[{name: a, precision: a2w2}]", r"method.stages\[0\].precision=a2w2 is not known"),
        ("method=_base", "method.name, method.stages: no value is given"),
        ("method.alpha_weight=0", "method.alpha_weight=0 is not usable: it must be a number above 0 to 1"),
        ("method.alpha_weight=1.5", "method.alpha_weight=1.5 is not usable"),
        ("method.levels=[1,1]", r"method.levels=\[1, 1\] is not usable: it must be a list of different whole numbers"),
        ("method.levels=[]", r"method.levels=\[\] is not usable"),
        ("method.levels=[7]", r"method.levels=\[7\] has a level that the network has not: allowed are 0 to 6"),
        ("recipe.shares.search=0", "recipe.shares.search=0 is not usable: it must be a number above 0"),
        ("recipe.norm_batches=-1", "recipe.norm_batches=-1 is not usable"),
        ("method.decide=foo", "method.decide=foo is not known: allowed are argmax, mean, perturbation"),
        ("method.plan=p.json", "method.plan=p.json takes the place of a preset, which method bsc_net has not"),
        ("method.plan_change=mirrored", "method.plan_change=mirrored changes a plan, and there is none"),
        (
            "method.relax=supernet",
            "method.relax=supernet trains no logits to decide by: give method.decide=",
        ),
        ("method.alpha_init=corners8", "method.alpha_init=corners8 is a table for 8 groups: give method.G=8 too"),
        ("trainer.precision=16", "trainer.precision=16 is not known: allowed are 32-true, 16-mixed, bf16-mixed"),
        ("trainer.precision=64-true", "trainer.precision=64-true is not known"),
        (
            "trainer.matmul_precision=tf32",
            "trainer.matmul_precision=tf32 is not known: allowed are null, highest, high",
        ),
        ("method.w_penalty_weight=-1", "method.w_penalty_weight=-1 is not usable: it must be a number from 0 up"),
        ("distill.kind=hints", "distill.kind=hints is not known: allowed are logits, attention"),
        ("distill.temperature=0", "distill.temperature=0 is not usable: it must be a number above 0"),
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
    assert settings("method=bsc_net", "method.manual=corners8").method.G == 4


@pytest.mark.parametrize(
    "overrides, sentence",
    [
        (("method.arch_travel=2", "method.lr_arch=0.1"), "method.arch_travel and method.lr_arch both say how fast"),
        (("method.levels=[0]", "method.min_sites=30"), "method.levels and method.min_sites both say which levels"),
        (("method.logits=orbits", "method.cands=faces7"), "method.logits=orbits is of all 27 shifts"),
        (("method.logits=factorised", "method.cands=corners9"), "method.logits=factorised is of all 27 shifts"),
    ],
)
def test_settings_that_do_not_fit_each_other_are_refused(settings, overrides, sentence):
    with pytest.raises(InputError, match=sentence):
        settings("method=bsc_net", *overrides)


def test_what_a_method_does_not_use_is_not_refused(settings):
    settings("method=bsc_baseline", "method.relax=supernet", "method.alpha_init=corners8")
    settings("method=bsc_manual", "method.manual=corners8", "method.plan=p.json", "method.plan_change=permuted")


def test_weights_with_a_memory_of_gradients_take_none_that_are_scaled(settings):
    with pytest.raises(InputError, match="trainer.precision=16-mixed scales gradients, which method.w_form=recurrent"):
        settings("method=rbonn", "trainer.precision=16-mixed", "trainer.accelerator=gpu", "backend=torch")
    assert settings("method=rbonn", "trainer.precision=bf16-mixed", "backend=torch").method.name == "rbonn"


def test_every_group_can_be_asked_for(settings):
    for preset, groups in PRESET_GROUPS.items():
        chosen = settings("method=bsc_manual", f"method.manual={preset}", f"method.G={groups}").method
        assert (chosen.manual, chosen.G) == (preset, groups)


def test_the_presets_have_as_many_groups_as_stated():
    assert {name: len(shifts) for name, shifts in MANUAL.items()} == PRESET_GROUPS


def test_wanted_stages():
    assert wanted_stages("all", 3, "bsc_net") == [1, 2, 3]
    assert wanted_stages(2, 3, "bsc_net") == [2]
    for bad in (0, 4, "two", True, None, 1.0):
        with pytest.raises(InputError, match="is not a stage of method bsc_net: allowed are all, 1, 2, 3"):
            wanted_stages(bad, 3, "bsc_net")
