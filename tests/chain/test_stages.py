from __future__ import annotations

from dataclasses import replace

import pytest

from bscnet.chain.stages import method_stages, scenes_per_step, stage_epochs
from bscnet.errors import InputError
from bscnet.settings.recipe import RecipeSettings
from bscnet.training.schedule import scale_milestones

# (precision, conv, lr, init, shifts) of every stage: BSC-Net supplement, and our reading of the search's precision
REAL = [("a32w32", "plain", 1e-3, "random", "none")]
BASELINE = [("a1w32", "plain", 1e-3, "random", "none"), ("a1w1", "plain", 2e-4, "carried", "none")]
MANUAL = [("a1w32", "shifted", 1e-3, "random", "manual"), ("a1w1", "shifted", 2e-4, "carried", "manual")]
NET = [
    ("a1w32", "composite", 1e-3, "random", "none"),
    ("a1w32", "shifted", 1e-3, "carried", "searched"),
    ("a1w1", "shifted", 2e-4, "carried", "searched"),
]
PRETRAIN = [
    ("a1w32", "plain", 1e-3, "random", "none"),
    ("a1w1", "composite", 1e-3, "carried", "none"),
    ("a1w1", "shifted", 2e-4, "carried", "searched"),
]


@pytest.mark.parametrize(
    "overrides, expected",
    [
        (["method=real"], REAL),
        (["method=bsc_baseline"], BASELINE),
        (
            ["method=bsc_baseline", "method.extra_stage=true"],
            [BASELINE[0], ("a1w32", "plain", 1e-3, "carried", "none"), BASELINE[1]],
        ),
        (["method=bsc_manual"], MANUAL),
        (["method=bsc_net"], NET),
        (["method=bsc_net", "method.search_prec=a32w32"], [("a32w32", *NET[0][1:]), *NET[1:]]),
        (
            ["method=bsc_net", "method.stage2_init=scratch"],
            [NET[0], ("a1w32", "shifted", 1e-3, "random", "searched"), NET[2]],
        ),
        (["method=bsc_net", "method.order=pretrain_search_final"], PRETRAIN),
        (["method=bsc_manual", "recipe.lr_scale=0.5"], [(*row[:2], row[2] / 2, *row[3:]) for row in MANUAL]),
    ],
)
def test_stages_of_every_method_and_order(settings, overrides, expected):
    stages = method_stages(settings(*overrides))
    assert [(s.precision, s.conv, s.lr, s.init, s.shifts) for s in stages] == expected
    assert [s.index for s in stages] == list(range(1, len(stages) + 1))
    assert len({s.name for s in stages}) == len(stages)


@pytest.mark.parametrize("method", ["real", "bsc_baseline", "bsc_manual", "bsc_net"])
@pytest.mark.parametrize(
    "model, voxel_size, epochs, milestones",
    [
        ("fcn_s", 0.05, 128, (60, 100)),
        ("fcn_h", 0.02, 128, (60, 100)),
        ("unet_s", 0.02, 128, (60, 100)),
        ("unet_h", 0.05, 128, (60, 100)),
        ("unet_h", 0.02, 256, (120, 200)),
    ],
)
def test_paper_schedule_and_its_doubling(settings, method, model, voxel_size, epochs, milestones):
    values = settings(f"method={method}", f"model={model}", f"data.voxel_size={voxel_size}")
    schedule = values.schedule
    assert (schedule.name, schedule.gamma) == ("steps", 0.1)
    for stage in method_stages(values):
        found = scale_milestones(schedule.milestones, stage.epochs, schedule.reference_epochs)
        assert (stage.epochs, found) == (epochs, milestones)


@pytest.mark.parametrize("model, weight", [("fcn_s", 0.1), ("fcn_h", 0.1), ("unet_s", 0.01), ("unet_h", 0.01)])
@pytest.mark.parametrize("order, search", [("search_first", 0), ("pretrain_search_final", 1)])
def test_confidence_loss_weighs_by_family_and_acts_in_the_search_only(settings, model, weight, order, search):
    stages = method_stages(settings("method=bsc_net", f"model={model}", f"method.order={order}"))
    assert [s.conf_weight for s in stages] == [weight if place == search else 0.0 for place in range(3)]


def test_confidence_weight_can_be_given(settings):
    assert method_stages(settings("method=bsc_net", "method.conf_weight=0.5"))[0].conf_weight == 0.5


@pytest.mark.parametrize("epochs, expected", [(128, (60, 100)), (64, (30, 50)), (8, (4, 6)), (12, (6, 9)), (1, (1, 1))])
def test_milestones_follow_the_epochs_in_proportion(epochs, expected):
    assert scale_milestones([60, 100], epochs, 128) == expected


def test_quick_recipe_gives_every_method_the_same_epochs(settings):
    totals = set()
    for method in ("real", "bsc_baseline", "bsc_manual", "bsc_net"):
        stages = method_stages(settings("recipe=quick", f"method={method}"))
        totals.add(sum(s.epochs for s in stages))
    assert totals == {settings("recipe=quick").recipe.epochs}


def test_final_networks_of_all_methods_train_equally_long_and_the_rest_is_on_top(settings):
    given = ("recipe=quick", "recipe.budget=final_stages", "recipe.epochs=49")
    found = {
        method: {stage.name: stage.epochs for stage in method_stages(settings(*given, f"method={method}", *extra))}
        for method, *extra in (
            ("real",),
            ("bsc_baseline", "method.extra_stage=true"),
            ("bsc_manual", "method.extra_stage=true"),
            ("bsc_net",),
        )
    }
    assert found == {
        "real": {"real": 49},
        "bsc_baseline": {"activations": 24, "activations_again": 25, "weights": 25},
        "bsc_manual": {"activations": 24, "activations_again": 25, "weights": 25},
        "bsc_net": {"search": 25, "activations": 24, "weights": 25},
    }
    pretrained = method_stages(settings(*given, "method=bsc_net", "method.order=pretrain_search_final"))
    assert [(stage.name, stage.epochs) for stage in pretrained] == [("pretrain", 24), ("search", 25), ("weights", 25)]


@pytest.mark.parametrize("method", ["real", "bsc_baseline", "bsc_manual"])
def test_methods_without_a_search_can_have_a_stage_of_its_length(settings, method):
    stages = method_stages(settings(f"method={method}", "method.extra_stage=true"))
    without = method_stages(settings(f"method={method}"))
    assert len(stages) == len(without) + 1
    again = stages[1]
    assert (again.precision, again.conv, again.shifts, again.lr) == (
        without[0].precision, without[0].conv, without[0].shifts, without[0].lr,
    )  # fmt: skip
    assert again.init == "carried" and again.epochs == 128


def test_stages_can_have_shares_of_the_epochs(settings):
    def epochs(*overrides):
        return [stage.epochs for stage in method_stages(settings("method=bsc_net", *overrides))]

    assert epochs("recipe.shares.search=0.25") == [32, 128, 128]
    quick = ("recipe=quick", "recipe.shares.search=0.5")
    assert epochs(*quick) == [9, 19, 20] and sum(epochs(*quick)) == 48
    assert epochs(*quick, "recipe.budget=final_stages") == [12, 24, 24]
    assert epochs("recipe=quick", "recipe.budget=final_stages", "recipe.shares.weights=2") == [24, 16, 32]
    assert epochs("recipe.epochs=1", "recipe.shares.search=0.1") == [1, 1, 1]


def test_the_recipes_are_as_they_were(settings):
    assert settings().recipe.budget == "per_stage"
    assert set(settings().recipe.shares.values()) == {1}
    assert (settings().recipe.norm_batches, settings("recipe=quick").recipe.budget) == (0, "per_chain")


def test_what_does_not_divide_goes_to_the_last_stages():
    recipe = RecipeSettings(name="r", epochs=11, budget="per_chain")
    assert stage_epochs(recipe, 3, doubled=False) == [3, 4, 4]
    assert stage_epochs(recipe, 3, doubled=True) == [7, 7, 8]
    assert stage_epochs(replace(recipe, budget="per_stage"), 3, doubled=False) == [11, 11, 11]


def test_too_few_epochs_for_the_stages_is_refused():
    with pytest.raises(InputError, match=r"recipe\.epochs=2 .*at least 3"):
        stage_epochs(RecipeSettings(name="r", epochs=2, budget="per_chain"), 3, doubled=False)


def test_too_few_epochs_for_the_final_stages_is_refused(settings):
    with pytest.raises(InputError, match=r"recipe\.epochs=1 .*of 2 stages \(recipe\.budget=final_stages\): at least 2"):
        method_stages(settings("recipe=quick", "recipe.budget=final_stages", "recipe.epochs=1", "method=bsc_net"))


@pytest.mark.parametrize("voxel_size, scenes", [(0.05, 32), (0.1, 32), (0.02, 5), (0.03, 5), (0.01, 5)])
def test_batch_size_rule(settings, voxel_size, scenes):
    recipe = settings().recipe
    assert scenes_per_step(recipe, voxel_size) == scenes
    assert scenes_per_step(replace(recipe, batch_size=7), voxel_size) == 7
