"""What a machine must have for a Trainer's settings, and how torch is told to use its GPU."""

from __future__ import annotations

import os

import pytest
import torch
from omegaconf import OmegaConf

import bscnet.sparse
from bscnet.chain.device import require_device, set_allocator, trainer_options
from bscnet.chain.job import stage_job
from bscnet.errors import InputError

VARIABLES = ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF")


@pytest.fixture
def engine(monkeypatch):
    """Both backends are there, and MinkowskiEngine is the one that auto takes."""
    found = {"auto": "minkowski", "minkowski": "minkowski", "torch": "torch"}
    monkeypatch.setattr(bscnet.sparse, "resolve_backend", lambda name, device: (found[name], f"on {device}"))


def test_without_a_gpu_a_trainer_on_one_is_refused(settings, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    require_device(settings("trainer=auto"))
    with pytest.raises(InputError, match=r"trainer\.accelerator=gpu, and there is no GPU here"):
        require_device(settings("trainer=gpu"))


@pytest.mark.parametrize("precision", ["16-mixed", "bf16-mixed"])
@pytest.mark.parametrize("trainer", ["cpu", "gpu"])
def test_minkowski_engine_takes_no_mixed_precision_whatever_it_is_called(
    settings, engine, monkeypatch, precision, trainer
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    words = (f"trainer={trainer}", f"trainer.precision={precision}")
    with pytest.raises(
        InputError, match=rf"trainer\.precision={precision} is not for backend=minkowski: add backend=torch"
    ):
        settings(*words, "backend=minkowski")
    if (trainer, precision) == ("cpu", "16-mixed"):
        with pytest.raises(InputError, match=r"trainer\.precision=16-mixed is for GPUs alone: on a CPU add"):
            require_device(settings(*words, "backend=torch"))
        return
    require_device(settings(*words, "backend=torch"))
    with pytest.raises(
        InputError, match=r"is not for backend=minkowski \(which backend=auto is here\): add backend=torch"
    ):
        require_device(settings(*words, "backend=auto"))
    require_device(settings(f"trainer={trainer}", "backend=auto"))


def test_a_backend_that_cannot_serve_is_refused_in_any_precision(settings, monkeypatch):
    def refuse(name, device):
        raise InputError(f"backend is {name!r}, but it computes on CUDA only, not on {device}")

    monkeypatch.setattr(bscnet.sparse, "resolve_backend", refuse)
    with pytest.raises(InputError, match="backend is 'spconv_triton', but it computes on CUDA only, not on cpu"):
        require_device(settings("trainer=cpu", "backend=spconv_triton"))


def test_a_job_elsewhere_refuses_too(settings, engine, tmp_path):
    asked = settings("stage=1", "trainer=cpu", "trainer.precision=bf16-mixed", "threads=1")
    failure = stage_job(OmegaConf.create(asked.plain), tmp_path)
    assert failure.input_error
    assert "trainer.precision=bf16-mixed is not for backend=minkowski" in failure.reason


def test_lightning_gets_its_own_options_alone(settings):
    options = trainer_options(settings("trainer=gpu").trainer)
    assert options.keys() == {
        "accelerator", "devices", "strategy", "precision", "accumulate_grad_batches", "log_every_n_steps",
        "gradient_clip_val", "gradient_clip_algorithm",
    }  # fmt: skip


@pytest.mark.parametrize("taken", [None, *VARIABLES])
def test_the_allocator_is_told_unless_the_environment_tells_it(settings, monkeypatch, taken):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    set_allocator(settings("trainer=cpu").trainer)
    assert not any(name in os.environ for name in VARIABLES)
    if taken is not None:
        monkeypatch.setenv(taken, "max_split_size_mb:64")
    set_allocator(settings("trainer=ddp_gpu").trainer)
    found = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    monkeypatch.delenv(VARIABLES[0], raising=False)
    expected = {VARIABLES[0]: "expandable_segments:True"} if taken is None else {taken: "max_split_size_mb:64"}
    assert found == expected
