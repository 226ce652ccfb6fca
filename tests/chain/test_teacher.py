"""A teacher is held against what is to be trained."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bscnet.chain.teacher import build_distillation, require_teacher
from bscnet.errors import InputError
from bscnet.runs.directory import config_hash
from fixtures.composed import compose_settings
from fixtures.stage_checkpoint import write_checkpoint

SMALL = ("model=unet_s", "model.network.m=8", "model.network.depth=1")


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    path = tmp_path / "stage1" / "checkpoints" / "last.ckpt"
    write_checkpoint(path, 1, "method=real", *SMALL)
    return path


def test_without_a_teacher_there_is_nothing_to_check() -> None:
    settings = compose_settings("method=bnn", *SMALL)
    require_teacher(settings)
    assert build_distillation(settings, []) is None
    without = {key: value for key, value in settings.plain.items() if key != "distill"}
    assert config_hash(settings.changed("distill", weight=3.0).plain) == config_hash(without)


def test_a_teacher_is_read_as_it_was_trained(teacher: Path) -> None:
    settings = compose_settings("method=bnn", *SMALL, f"distill.teacher={teacher}", "distill.weight=0.5")
    names = ["a"]
    with pytest.raises(InputError, match="knows other classes than data=rooms has"):
        build_distillation(settings, names)
    known = torch.load(teacher, weights_only=True)
    found = build_distillation(settings, known["bscnet"]["class_names"])
    assert found is not None and (found.weight, found.temperature, found.kind) == (0.5, 1.0, "logits")
    for name, value in found.teacher.state_dict().items():
        assert torch.equal(value, known["state_dict"][f"network.{name}"])
    other = compose_settings("method=bnn", *SMALL, f"distill.teacher={teacher}", "distill.weight=0.6")
    assert config_hash(settings.plain) != config_hash(other.plain)
    assert config_hash(other.plain) != config_hash(compose_settings("method=bnn", *SMALL).plain)
