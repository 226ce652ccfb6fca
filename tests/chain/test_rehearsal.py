"""What cannot be made is one sentence, before anything is made."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import EarlyStopping

from bscnet.chain.named_callbacks import named_callbacks
from bscnet.chain.rehearsal import rehearse
from bscnet.chain.stages import method_stages
from bscnet.errors import InputError
from bscnet.search import ShiftPlan
from bscnet.settings.composed import Settings
from bscnet.training.averaging import Ema
from bscnet.training.segmentation import MONITORED
from bscnet.training.throughput import SceneThroughput
from fixtures.composed import compose_settings

STOPPING = "pytorch_lightning.callbacks.EarlyStopping"


@pytest.fixture(scope="module")
def modern() -> Settings:
    return compose_settings("method=bsc_baseline", "recipe=modern", "recipe.batch_size=2", "trainer=cpu")


def changed(settings: Settings, key: str, value: Any) -> Settings:
    """The settings with another value; "~" takes the key away."""
    found = copy.deepcopy(dict(settings.plain))
    *path, last = key.split(".")
    node = found
    for part in path:
        node = node.setdefault(part, {})
    if value == "~":
        del node[last]
    else:
        node[last] = value
    return Settings.of(found)


def tried(settings: Settings, here: bool = True) -> None:
    rehearse(settings, method_stages(settings), here)


@pytest.mark.parametrize("here", [True, False])
def test_what_can_be_made_is_passed(modern: Settings, here: bool) -> None:
    tried(modern, here)
    further = {"limit_train_batches": 0.5, "profiler": {"_target_": "pytorch_lightning.profilers.SimpleProfiler"}}
    tried(modern.changed("trainer", **further, deterministic=True), here)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(
    "key, value, sentence",
    [
        ("optimizer.foo", 1, "optimizer.foo is not an option of optimizer=adamw$"),
        ("optimizer.lr", 1, "optimizer.lr is not an option of optimizer=adamw: bscnet gives it"),
        ("optimizer.betas", [0.9, 1.5], "optimizer=adamw cannot be made of its options: Invalid beta parameter"),
        ("schedule.foo", 1, "schedule.foo is not an option of schedule=one_cycle"),
        ("schedule.pct_start", 1.5, "schedule=one_cycle cannot be made of its options: Expected float between 0 and 1"),
        ("optimizer.betas", [0.9], "optimizer=adamw cannot be made of its options: tuple index out of range"),
        ("optimizer.amsgrad", 5, "optimizer=adamw cannot be made of its options: _fused_adamw_.. received an invalid"),
        ("schedule.div_factor", 0, "schedule=one_cycle cannot be made of its options: float division by zero"),
        (
            "schedule.div_factor",
            1e-320,
            "schedule=one_cycle cannot be made of its options: it makes a learning rate of",
        ),
        ("schedule", {"name": "steps", "gamma": 0.1}, "schedule=steps needs schedule.milestones, schedule.reference"),
        ("schedule", {"name": "cosine", "warm_up": 1.0}, "schedule=cosine cannot be made of its options: warm_up is"),
        ("recipe.batch_size", 1, "augmentation.mix3d mixes two scenes of a batch: give recipe.batch_size=2 or more"),
        ("data.datamodule.foo", 1, "data.datamodule.foo is not an option of data=rooms"),
        (
            "data.datamodule.features",
            ["rgb", "warmth"],
            "data.features: the scans have no values for 'warmth', there are rgb, one",
        ),
        (
            "data.datamodule._target_",
            "os.getcwd",
            "data.datamodule._target_=os.getcwd of data=rooms makes no data",
        ),
        ("trainer.limit_train_batches", 0, "trainer.limit_train_batches=0 is not usable: it must be a number above 0"),
        ("trainer.num_nodes", 2, "trainer.num_nodes=2 needs a process on each machine, which SLURM alone starts"),
        (
            "logger",
            {"name": "wandb", "project": "a/b"},
            "logger.project=a/b is not usable: Weights & Biases takes no / in",
        ),
        ("trainer.gradient_clip", 1, "trainer.gradient_clip is no option of .* is trainer.gradient_clip_val meant?"),
        ("trainer.max_epochs", 3, "trainer.max_epochs cannot be given: recipe.epochs says how long"),
        ("trainer.fast_dev_run", True, "trainer.fast_dev_run cannot be given"),
        ("trainer.benchmark", "x", "trainer.benchmark=x is not usable: it must be true, false, null"),
        ("trainer.accumulate_grad_batches", 1.5, "trainer.accumulate_grad_batches=1.5 is not usable: it must be a who"),
        ("trainer.limit_train_batches", 1.5, "trainer.limit_train_batches=1.5 is not usable: You have passed invalid"),
        ("trainer.profiler", "fast", "trainer.profiler=fast is not usable: "),
        ("trainer.profiler", {"_target_": "no.Such"}, "trainer.profiler._target_=no.Such is nothing that can be found"),
        ("trainer.devices", "x", "trainer.devices=x is not usable"),
        ("trainer.strategy", "fast", "trainer.strategy=fast is not usable"),
        ("callbacks.mine", {"_target_": "no.Such"}, "callbacks.mine._target_=no.Such is nothing that can be found"),
        ("callbacks.mine", {"_target_": STOPPING}, "callbacks.mine cannot be made: .* missing 1 required .*'monitor'"),
        (
            "callbacks.mine",
            {"_target_": STOPPING, "monitor": "val/mIoU"},
            "callbacks.mine.monitor=val/mIoU is logged by no stage: allowed are val/miou, val/macc",
        ),
        (
            "callbacks.mine",
            {"_target_": STOPPING, "monitor": "val/iou/unicorn"},
            "val/iou/unicorn is logged by no stage",
        ),
        (
            "callbacks.mine",
            {"_target_": "fractions.Fraction"},
            "callbacks.mine is a Fraction, no callback of pytorch_li",
        ),
        ("callbacks.ema.decay", 2, "callbacks.ema cannot be made: decay=2 must be from 0 to below 1"),
        (
            "callbacks.mine",
            {"_target_": "pytorch_lightning.callbacks.EMAWeightAveraging"},
            "callbacks.mine would average the shifts .* take callbacks=ema, or give callbacks.mine.use_buffers=false",
        ),
        (
            "callbacks.mine",
            {"_target_": STOPPING, "monitor": "val/miou", "patience": "foo"},
            "callbacks.mine.patience=foo is not usable: it must be a whole number",
        ),
        ("trainer.callbacks", [{"_target_": "no.Such"}], r"trainer.callbacks\[0\]._target_=no.Such is nothing that"),
    ],
)
def test_what_cannot_be_made_is_one_sentence(modern: Settings, key: str, value: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as error:
        tried(changed(modern, key, value))
    assert "\n" not in str(error.value)


def test_networks_and_plans_are_made_before_a_stage_is(tmp_path: Path) -> None:
    words = ("method=bsc_manual", "model.network.m=8", "trainer=cpu")
    tried(compose_settings(*words, "method.manual=random", "method.G=8"))
    with pytest.raises(InputError, match="model=unet_s with method=bsc_manual: 16 channel groups asked for 8 channels"):
        tried(compose_settings(*words, "method.manual=random", "method.G=16"))
    with pytest.raises(InputError, match="shift plan /nowhere.json does not exist"):
        tried(compose_settings(*words, "method.plan=/nowhere.json"))
    plan = tmp_path / "plan.json"
    ShiftPlan({"no.such.layer": ((0, 0, 0),) * 4}).save(plan)
    with pytest.raises(InputError, match="the shift plan is of another network"):
        tried(compose_settings(*words, f"method.plan='{plan}'"))


def test_what_a_stage_starts_from_is_tried_before_it_is_made(tmp_path: Path) -> None:
    settings = compose_settings("method=bsc_net", "model.network.m=8", "trainer=cpu")
    second = method_stages(settings)[1:]
    bad = tmp_path / "bad"
    bad.write_text("no checkpoint")
    with pytest.raises(InputError, match="bad"):
        rehearse(settings, second, True, str(bad), None)
    with pytest.raises(InputError, match="bad is not a shift plan"):
        rehearse(settings, second, True, None, str(bad))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"data.root=.*file is a file, it must be a folder"):
        tried(changed(settings, "data.datamodule.root", str(tmp_path / "file")))


def test_callbacks_of_any_class_are_made_in_order(modern: Settings) -> None:
    throughput = {"_target_": "bscnet.training.throughput.SceneThroughput", "window_size": 5}
    listed = [{"_target_": STOPPING, "monitor": "val/iou/wall", "mode": "max"}]
    settings = changed(modern, "callbacks.throughput", throughput).changed("trainer", callbacks=listed)
    names = ["wall", "floor"]
    assert [type(one) for one in named_callbacks(settings, names)] == [Ema, SceneThroughput, EarlyStopping]
    assert named_callbacks(changed(modern, "callbacks", "~")) == []


def test_each_word_that_can_be_watched_is_known(modern: Settings) -> None:
    for name in MONITORED:
        tried(changed(modern, "callbacks.mine", {"_target_": STOPPING, "monitor": name}))
