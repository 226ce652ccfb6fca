from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback

from bscnet.errors import InputError
from bscnet.runs.checkpoint import read_checkpoint
from bscnet.runs.stage import StageOutcome
from bscnet.search import ShiftPlan
from fixtures.same import same
from fixtures.tiny_training import CLASSES, TinyData, drops, spec, train, unet


def rows_of(directory: Path) -> list[dict[str, str]]:
    with (directory / "csv" / "version_0" / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def column(directory: Path, name: str) -> list[float]:
    return [float(row[name]) for row in rows_of(directory) if row[name]]


@pytest.mark.parametrize("conv", ["plain", "shifted", "composite"])
def test_a_stage_learns_logs_and_leaves_its_checkpoints(tmp_path: Path, conv: str, backend: str) -> None:
    stage = spec("a1w32", conv, epochs=4)
    found = train(unet("a1w32", conv), stage, TinyData(steps=3), tmp_path, backend=backend, schedule=drops(2, 3, of=4))
    assert (found.stage, found.name, found.precision, found.epochs) == (1, conv, "a1w32", 4)
    assert found.checkpoint == str(tmp_path / "checkpoints" / "last.ckpt")
    assert (tmp_path / "checkpoints" / "best.ckpt").exists()
    miou = column(tmp_path, "val/miou")
    assert len(miou) == 4
    assert found.val_miou == pytest.approx(miou[-1])
    assert found.best_val_miou == pytest.approx(max(miou))
    assert found.epoch == 3
    assert 0 < found.seconds < 120
    losses = column(tmp_path, "train/loss_epoch")
    assert losses[-1] < losses[0]
    assert column(tmp_path, "lr") == pytest.approx([0.01, 0.01, 0.001, 0.0001])
    for name in CLASSES:
        assert len(column(tmp_path, f"val/iou/{name}")) == 4
    iou = [column(tmp_path, f"val/iou/{name}")[-1] for name in CLASSES]
    assert sum(iou) / 3 == pytest.approx(miou[-1], abs=1e-6)
    assert (found.plan_path is not None) == (conv == "composite")
    if found.plan_path is not None:
        layers = ShiftPlan.load(found.plan_path).shifts
        assert len(layers) == 6
        for layer in layers:
            assert (
                len(column(tmp_path, f"search/max_pi/{layer}")) == len(column(tmp_path, f"search/entropy/{layer}")) == 4
            )


class _Stop(Callback):
    """Interrupts the run in a given epoch: at a batch, or when the epoch has been saved."""

    def __init__(self, epoch: int, batch: int | None, error: type[BaseException]) -> None:
        self.epoch, self.batch, self.error = epoch, batch, error

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if trainer.current_epoch == self.epoch and batch_idx == self.batch:
            raise self.error("stopped")

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.current_epoch == self.epoch and self.batch is None:
            raise self.error("stopped")


def finished(
    directory: Path, callbacks: tuple[Callback, ...] = (), resume: bool = False, **options: Any
) -> StageOutcome:
    """Five epochs of a search that draws random numbers (Gumbel noise)."""
    network = unet("a1w1", "composite", relax="gumbel_softmax")
    stage = spec("a1w1", "composite", epochs=5)
    kwargs = {"schedule": drops(2, 4, of=5), "seed": 3, **options}
    return train(network, stage, TinyData(), directory, resume=resume, callbacks=callbacks, **kwargs)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run that was never interrupted."""
    directory = tmp_path_factory.mktemp("whole")
    finished(directory)
    return directory


@pytest.mark.parametrize(
    "epoch,batch,error",
    [
        (0, 0, RuntimeError),  # before anything was saved: starts again
        (2, None, KeyboardInterrupt),  # between two epochs
        (2, 1, KeyboardInterrupt),  # within an epoch: that epoch is repeated
        (4, 0, RuntimeError),  # in the last epoch
    ],
)
def test_interrupted_and_resumed_is_bit_for_bit_uninterrupted(
    whole: Path, tmp_path: Path, epoch: int, batch: int | None, error: type[BaseException]
) -> None:
    parts = tmp_path
    with pytest.raises(error):
        finished(parts, (_Stop(epoch, batch, error),))
    assert (parts / "checkpoints" / "last.ckpt").exists() == (epoch > 0)
    torch.rand(7)  # whatever happens between the runs must not matter
    outcome = finished(parts, resume=True)
    assert outcome.epochs == 5
    for name in ("last.ckpt", "best.ckpt"):
        one, other = (read_checkpoint(folder / "checkpoints" / name) for folder in (whole, parts))
        assert one["state_dict"].keys() == other["state_dict"].keys()
        for entry in ("state_dict", "optimizer_states", "lr_schedulers", "epoch", "global_step"):
            assert same(one[entry], other[entry]), entry
        for entry in ("val_miou", "best_val_miou", "epochs"):
            assert one["bscnet"]["progress"][entry] == other["bscnet"]["progress"][entry]


def test_the_noise_of_the_search_matters_to_the_weights(tmp_path: Path) -> None:
    """Else the test above would not see a random state that is lost."""
    for seed in (0, 1):
        network = unet("a1w1", "composite", relax="gumbel_softmax")
        train(network, spec("a1w1", "composite", epochs=1), TinyData(), tmp_path / str(seed), seed=seed)
    one, other = (read_checkpoint(tmp_path / str(seed) / "checkpoints" / "last.ckpt") for seed in (0, 1))
    assert not same(one["state_dict"], other["state_dict"])


def test_a_finished_stage_is_not_trained_again(tmp_path: Path) -> None:
    first = finished(tmp_path)
    before = (tmp_path / "checkpoints" / "last.ckpt").read_bytes()
    again = finished(tmp_path, resume=True)
    assert again == first
    assert (tmp_path / "checkpoints" / "last.ckpt").read_bytes() == before


def test_seconds_add_up_over_runs(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        finished(tmp_path, (_Stop(3, None, RuntimeError),))
    before = read_checkpoint(tmp_path / "checkpoints" / "last.ckpt")["bscnet"]["progress"]["seconds"]
    assert finished(tmp_path, resume=True).seconds > before


def test_resume_refuses_the_checkpoint_of_another_stage(tmp_path: Path) -> None:
    train(unet(), spec(), TinyData(), tmp_path, metadata={"model": "unet_s"})
    kept = (tmp_path / "checkpoints" / "last.ckpt").read_bytes()
    with pytest.raises(
        InputError, match=r"last\.ckpt is of another network or stage: it has stage=1, precision='a32w32'"
    ):
        train(unet("a1w1"), spec("a1w1", index=2), TinyData(), tmp_path, resume=True)
    with pytest.raises(InputError, match=r"model='unet_s', this run needs model='unet_h'"):
        train(unet(), spec(), TinyData(), tmp_path, resume=True, metadata={"model": "unet_h"})
    with pytest.raises(InputError, match="has seen 2 epochs already, this run asks for 1"):
        train(unet(), spec(epochs=1), TinyData(), tmp_path, resume=True)
    assert (tmp_path / "checkpoints" / "last.ckpt").read_bytes() == kept


def test_resume_refuses_a_truncated_checkpoint(tmp_path: Path) -> None:
    train(unet(), spec(), TinyData(), tmp_path)
    last = tmp_path / "checkpoints" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:1000])
    with pytest.raises(InputError, match=r"last\.ckpt cannot be read: it is truncated or not a checkpoint"):
        train(unet(), spec(), TinyData(), tmp_path, resume=True)


class _Precision(Callback):
    def on_train_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        self.seen = torch.get_float32_matmul_precision()


@pytest.mark.parametrize("asked", ["high", None])
def test_matrix_products_are_as_precise_as_asked_during_the_fit_alone(tmp_path: Path, asked: str | None) -> None:
    watch, before = _Precision(), torch.get_float32_matmul_precision()
    train(unet(), spec(epochs=1), TinyData(), tmp_path, matmul_precision=asked, callbacks=[watch])
    assert watch.seen == (asked or before)
    with pytest.raises(RuntimeError, match="stopped"):
        train(
            unet(), spec(epochs=1), TinyData(), tmp_path / "stopped", matmul_precision=asked,
            callbacks=[_Stop(0, 0, RuntimeError)],
        )  # fmt: skip
    assert torch.get_float32_matmul_precision() == before


def test_the_best_checkpoint_can_be_the_carried_one(tmp_path: Path) -> None:
    network = unet()
    found = train(network, spec(epochs=5, lr=0.05), TinyData(), tmp_path, carried="best")
    assert found.checkpoint == str(tmp_path / "checkpoints" / "best.ckpt")
    assert found.val_miou == found.best_val_miou
    scored = [(int(row["epoch"]), float(row["val/miou"])) for row in rows_of(tmp_path) if row["val/miou"]]
    assert found.epoch is not None and dict(scored)[found.epoch] == pytest.approx(found.val_miou)
    stored = read_checkpoint(found.checkpoint)["state_dict"]
    assert all(torch.equal(stored[f"network.{key}"], value) for key, value in network.state_dict().items())
