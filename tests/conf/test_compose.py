from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

from bscnet.chain.build import build_network, identity
from bscnet.chain.stages import method_stages
from bscnet.models import NetworkSpec
from bscnet.paths import config_dir
from bscnet.search import CANDIDATES, composite_layers, current_plan, layer_level, manual_shifts, shifted_layers
from bscnet.settings.words import OptimizerName, ScheduleName, words
from bscnet.sparse import BACKENDS
from fixtures.composed import compose_settings
from fixtures.methods import LITERATURE, OWN

GROUPS = ("model", "method", "data", "backend", "recipe", "logger", "trainer", "launcher", "experiment")
PARTS = ("optimizer", "schedule", "loss", "augmentation", "callbacks")
"""Groups of what a recipe is put together from."""
CHOICES = [
    (group, path.stem)
    for group in (*GROUPS, *PARTS)
    for path in sorted((Path(config_dir()) / group).glob("*.yaml"))
    if not path.stem.startswith("_")
]


def test_the_groups_offer_what_the_commands_name():
    names = {group: {name for found, name in CHOICES if found == group} for group in (*GROUPS, *PARTS)}
    assert names["model"] == {"fcn_s", "fcn_h", "unet_s", "unet_s4", "unet_h"}
    assert names["method"] == {*OWN, *LITERATURE}
    assert set(LITERATURE) == {
        *("bnn", "xnor_net", "xnor_net_pp", "bireal", "irnet", "reactnet", "real_to_binary", "bipointnet"),
        *("bnn_plus", "recu", "fda", "rbonn"),
    }
    assert names["data"] >= {"rooms", "scannet", "nyu_depth_v2", "folder", "real_lidar", "real_rgbd", "real_garage"}
    assert names["backend"] == {"auto", *BACKENDS}
    assert names["recipe"] == {"paper", "quick", "modern"}
    assert names["optimizer"] == set(words(OptimizerName)) and names["schedule"] == set(words(ScheduleName))
    assert names["callbacks"] == {"none", "ema", "early_stopping", "lr_monitor", "throughput"}
    assert names["logger"] == {"csv", "wandb", "tensorboard", "mlflow"}
    assert names["trainer"] >= {"cpu", "gpu", "ddp", "ddp_gpu"}
    assert names["launcher"] == {"basic", "joblib", "submitit", "submitit_local", "ray"}
    assert names["experiment"] >= {"quick_rooms", "scannet_5cm", "scannet_2cm"}


@pytest.mark.parametrize("group, name", [(group, name) for group, name in CHOICES if group in GROUPS])
def test_every_choice_composes(group, name, tmp_path):
    further = []
    if (group, name) == ("data", "folder"):  # the folder itself says how many classes and which features there are
        (tmp_path / "dataset.yaml").write_text("classes: [ground, roof, tree]\nfeatures: [rgb, height]\n")
        further = [f"data.root={tmp_path}"]
    settings = compose_settings(f"{group}={name}", *further)
    if further:
        assert (settings.data.num_classes, settings.data.in_channels) == (3, 4)
    if group not in ("launcher", "experiment", "trainer"):
        assert getattr(settings, group).name == name
    if group in ("data", "experiment"):
        parts = settings.data.datamodule._target_.rsplit(".", 1)
        assert hasattr(importlib.import_module(parts[0]), parts[1])


def test_every_part_of_a_recipe_composes():
    names = {part: [name for group, name in CHOICES if group == part] for part in PARTS}
    for place in range(max(map(len, names.values()))):
        chosen = {part: options[place % len(options)] for part, options in names.items()}
        settings = compose_settings(*(f"{part}={name}" for part, name in chosen.items()))
        assert list(settings.callbacks) == [name for name in [chosen.pop("callbacks")] if name != "none"]
        assert {part: getattr(settings, part).name for part in chosen} == chosen


def test_the_modern_recipe_chooses_all_parts_and_each_can_be_given():
    settings = compose_settings("experiment=rooms", "recipe=modern")
    found = [getattr(settings, part).name for part in PARTS[:4]]
    assert found == ["adamw", "one_cycle", "cross_entropy_lovasz", "modern"]
    assert (list(settings.callbacks), settings.trainer.gradient_clip_val) == (["ema"], 1.0)
    words = ("optimizer=sgd", "callbacks=[ema,lr_monitor]", "callbacks.ema.decay=0.9", "schedule.pct_start=0.2")
    settings = compose_settings("recipe=modern", *words)
    assert (settings.optimizer.name, settings.callbacks["ema"]["decay"]) == ("sgd", 0.9)
    assert list(settings.callbacks) == ["ema", "lr_monitor"]


def test_defaults_are_those_of_the_specification():
    settings = compose_settings()
    assert (settings.stage, settings.recipe.name, settings.backend.name) == ("all", "paper", "auto")
    assert (settings.data.name, settings.method.name) == ("rooms", "bsc_net")
    method, model = settings.method, settings.model
    expected = {
        "G": 4, "manual": "tetra4", "cands": "all27", "relax": "softmax", "share_kernel": True, "conf": "entropy",
        "reduce": "paper", "search_prec": "a1w32", "order": "search_first", "stage2_init": "search",
        "sfsc_layers": "all", "w_scale": "mean_abs", "ste_act": "approx", "clip_latent": True,
        "logits": "free", "alpha_init": "uniform", "arch_travel": None, "temperature_end": None, "decide": "argmax",
        "levels": None, "min_sites": None, "plan": None,
    }  # fmt: skip
    assert {key: getattr(method, key) for key in expected} == expected
    expected = {"layer_style": "r2b", "act": "prelu", "layers_per_block": 2, "down_short": "avgpool"}
    assert {key: getattr(model, key) for key in expected} == expected
    assert (model.name, model.network.head_norm) == ("unet_s", True)
    assert compose_settings("model=fcn_s").model.network.fcn_up == "unpool_add"
    assert (settings.recipe.epochs, settings.schedule.milestones) == (128, (60, 100))
    expected = {"optimizer": "adam", "schedule": "steps", "loss": "cross_entropy", "augmentation": "paper"}
    assert {group: getattr(settings, group).name for group in expected} == expected
    assert settings.callbacks == {} and settings.trainer.gradient_clip_val is None


@pytest.mark.parametrize(
    "launcher, package",
    [("basic", None), ("joblib", "joblib"), ("submitit", "submitit"), ("submitit_local", "submitit")],
)
def test_a_launcher_is_the_plugin_or_a_stand_in_that_says_what_to_install(launcher, package):
    with initialize_config_dir(config_dir(), version_base="1.3"):
        cfg = compose("config", [f"launcher={launcher}"], return_hydra_config=True)
    target = cfg.hydra.launcher._target_
    assert "bscnet_chain_sweeper" in cfg.hydra.sweeper._target_
    if package is None:
        assert target.endswith("BasicLauncher")
    elif importlib.util.find_spec(f"hydra_plugins.hydra_{package}_launcher"):
        assert target.startswith(f"hydra_plugins.hydra_{package}_launcher")
    else:
        assert target.endswith("MissingLauncher") and cfg.hydra.launcher.package == f"hydra-{package}-launcher"


@pytest.mark.parametrize(
    "method, model",
    [
        (method, model)
        for place, method in enumerate([*OWN, *LITERATURE])
        for model in (("fcn_s", "unet_h"), ("fcn_h", "unet_s"))[place % 2]
    ],
)
def test_every_model_can_be_built_for_every_stage_of_every_method(model, method):
    """Every method with both families, every model with half of the methods of each kind."""
    small = "model.network.m=8"
    settings = compose_settings(f"model={model}", f"method={method}", small)
    for spec in method_stages(settings):
        network = build_network(settings, spec)
        names = [name for name, _ in network.named_parameters()]
        assert any(name.endswith("alpha") for name in names) == (spec.conv == "composite")
        assert any(name.endswith("shifts") for name, _ in network.named_buffers()) == (spec.conv == "shifted")


@pytest.mark.parametrize(
    "override",
    [
        "model.layer_style=react", "model.layer_style=bireal", "model.act=rprelu", "model.layers_per_block=1",
        "model.down_short=maxpool", "model.down_short=none", "model.network.fcn_up=unpool_concat",
        "model.network.fcn_up=deconv", "model.proj_norm=false", "model.short_norm=false", "method.sfsc_layers=first",
        "method.sfsc_layers=last", "method.w_scale=learned", "method.ste_act=clip", "method.share_kernel=false",
        "method.relax=gumbel_softmax", "method.relax=gumbel_st", "method.cands=corners9", "method.cands=faces7",
        "method.G=1", "method.G=2", "method.G=8", "method.logits=factorised", "method.logits=orbits",
        "method.logits=by_level", "method.alpha_init=tetra4", "method.alpha_init=random", "method.levels=[0,1]",
        "method.w_form=recurrent", "method.ste_weight=ede",
        "method.w_penalty=bilinear", "method.w_penalty_weight=0.1", "method.sign_noise=true",
        "method.per_site_scale=true", "method.scene_gate=true",
    ],
)  # fmt: skip
def test_every_switch_reaches_a_network_that_can_be_built(override):
    small = ("method=bsc_net", "model=fcn_s", "model.network.m=8", "model.network.depth=2")
    plain, settings = compose_settings(*small), compose_settings(*small, override)
    stages = method_stages(settings)
    assert identity(settings, stages[0]) != identity(plain, stages[0])
    for spec in stages:
        build_network(settings, spec)


def searched_pi(*overrides: str) -> dict[str, torch.Tensor]:
    settings = compose_settings("method=bsc_net", "model.network.m=8", "model.network.depth=1", *overrides)
    specs = method_stages(settings)
    search = next(spec for spec in specs if spec.conv == "composite")
    layers = composite_layers(build_network(settings, search))
    return {name: layer.importance().detach() for name, layer in layers.items()}


def test_a_search_after_pretraining_starts_at_the_plain_network():
    pis = searched_pi("method.order=pretrain_search_final")
    assert len(pis) == 6  # candidate 0 is the centre
    assert all(float((pi[:, 0] - 0.9).abs().max()) < 1e-6 for pi in pis.values())
    uniform = searched_pi("method.order=pretrain_search_final", "method.alpha_init=uniform")
    for pis in (uniform, searched_pi()):
        assert all(float((pi - 1 / 27).abs().max()) < 1e-6 for pi in pis.values())


def test_a_search_starts_at_the_preset_and_alternates_as_it_does():
    pis = searched_pi("method.alpha_init=tetra4", "method.alpha_weight=0.5", "method.manual_alternate=true")
    for name, pi in pis.items():
        sign = -1 if name.endswith(".1.conv") else 1
        shifts = [tuple(sign * c for c in shift) for shift in manual_shifts("tetra4", 4)]
        places = [CANDIDATES["all27"].index(shift) for shift in shifts]
        assert float((pi[range(4), places] - 0.5).abs().max()) < 1e-6


@pytest.mark.parametrize("model", ["unet_s", "fcn_s"])
def test_levels_that_are_not_asked_for_are_plain(model):
    small = ("model.network.m=8", "model.network.depth=2", f"model={model}", "method.levels=[0,2]")
    for method, kind in (("bsc_net", composite_layers), ("bsc_manual", shifted_layers)):
        settings = compose_settings(f"method={method}", *small)
        spec = method_stages(settings)[0]
        assert {layer_level(name) for name in kind(build_network(settings, spec))} == {0, 2}


def test_layers_of_a_level_share_their_logits():
    settings = compose_settings(
        "method=bsc_net", "model.network.m=8", "model.network.depth=1", "method.logits=by_level"
    )
    spec = method_stages(settings)[0]
    network = build_network(settings, spec)
    layers = composite_layers(network)
    for level in (0, 1):
        own = {id(layer.alpha) for name, layer in layers.items() if layer_level(name) == level}
        assert len(own) == 1
    state = {name: torch.full_like(value, 2.0) if name.endswith("alpha") else value
             for name, value in network.state_dict().items()}  # fmt: skip
    again = NetworkSpec.from_dict(identity(settings, spec)).build()
    again.load_state_dict(state)
    assert len({id(layer.alpha) for layer in composite_layers(again).values()}) == 2


def test_random_shifts_can_differ_from_layer_to_layer():
    def plan(*overrides: str) -> dict[str, tuple[tuple[int, int, int], ...]]:
        settings = compose_settings("method=bsc_manual", "model.network.m=8", "model.network.depth=1", *overrides)
        spec = method_stages(settings)[0]
        return current_plan(build_network(settings, spec)).shifts

    same = plan("method.manual=random")
    assert len(set(same.values())) == 1
    found = plan("method.manual=random_per_layer")
    assert len(set(found.values())) == len(found) == 6
    assert (
        found
        == plan("method.manual=random_per_layer")
        != plan("method.manual=random_per_layer", "method.manual_seed=1")
    )


def test_methods_of_the_literature_share_networks_and_stages_with_the_baseline():
    baseline = compose_settings("method=bsc_baseline")
    for method in LITERATURE:
        settings = compose_settings(f"method={method}")
        specs = [method_stages(one) for one in (settings, baseline)]
        assert specs[0] == specs[1]
        assert settings.model == baseline.model


def test_searched_networks_start_unshifted():
    settings = compose_settings("method=bsc_net", "model.network.m=8", "model.network.depth=1", "method.G=8")
    specs = method_stages(settings)
    shifts = [value for name, value in build_network(settings, specs[1]).named_buffers() if name.endswith("shifts")]
    assert shifts and all(torch.equal(value, torch.zeros_like(value)) for value in shifts)
