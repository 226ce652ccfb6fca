"""Loggers beside the CSV files: what a run is called there, what it holds, and that it goes on under its id."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from bscnet.chain import loggers
from bscnet.chain.finals import chain_finals, stage_finals
from bscnet.chain.loggers import build_callbacks, build_loggers, close_loggers, log_final, logs_to_wandb
from bscnet.chain.run_names import RunName, run_name
from bscnet.chain.stages import method_stages
from bscnet.chain.wandb_runs import wandb_is_offline, where_to_look
from bscnet.errors import InputError
from bscnet.installation import how_to_install
from bscnet.runs.stage import StageOutcome
from bscnet.settings.composed import Settings
from bscnet.settings.machine import LoggerSettings
from fixtures.composed import compose_settings
from fixtures.wandb_files import wandb_runs

AUTO = LoggerSettings(name="wandb")


def _run(settings: Settings, tmp_path: Path) -> RunName:
    """The second stage of bsc_net in a chain's folder."""
    spec = method_stages(settings)[1]
    directory = tmp_path / "rooms-x" / "003" / "stage2"
    directory.mkdir(parents=True, exist_ok=True)
    return run_name(settings, directory.parent, directory, spec)


def _train(settings: Settings, run: RunName, loss: float) -> None:
    made = build_loggers(settings, run)
    made[0].log_metrics({"train/loss_step": loss}, step=4)
    log_final(made, run, {"final/miou": 0.25, "final/loss": None})
    close_loggers(made, "success")


def test_a_run_is_called_after_its_chain_and_its_stage(tmp_path: Path) -> None:
    settings = compose_settings("seed=7", "data.voxel_size=0.05", "recipe.lr_scale=3")
    stage = _run(settings, tmp_path)
    assert (stage.group, stage.kind, stage.name) == ("rooms-x-003", "activations", "rooms-x-003-stage2-activations")
    assert stage.tags == ("bsc_net", "unet_s", "rooms", "5cm", "seed 7")
    assert stage.config["run"]["lr"] == pytest.approx(3e-3) and stage.config["run"]["index"] == 2
    assert settings.plain.items() <= stage.config.items()
    chain = run_name(settings, stage.directory.parent, stage.directory.parent)
    assert (chain.group, chain.kind, chain.name) == ("rooms-x-003", "chain", "rooms-x-003")


def test_an_offline_run_holds_the_configuration_and_goes_on_under_its_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    settings = compose_settings("logger=wandb", "logger.project=mine")
    run = _run(settings, tmp_path)
    _train(settings, run, 2.0)
    _train(Settings.of({**settings.plain, "resume": True}), run, 1.0)
    first, second = wandb_runs(run.directory)
    assert first.id == second.id
    for found in (first, second):
        assert (found.name, found.group, found.job_type, found.project) == (run.name, run.group, run.kind, "mine")
        assert (found.tags, found.exit_code) == (list(run.tags), 0)
        known = {key: value for key, value in found.config.items() if not key.startswith("_wandb")}
        assert known == run.config
        assert found.summary["final/miou"] == 0.25 and "final/loss" not in found.summary
        assert [row["trainer/global_step"] for row in found.history] == [4]
    assert [row["train/loss_step"] for row in (*first.history, *second.history)] == [2.0, 1.0]
    line = where_to_look(settings.logger, run.directory.parent, "my runs/003")
    assert line.endswith("wandb sync 'my runs/003'/stage*/wandb/offline-run-*")


def test_a_run_that_failed_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    settings = compose_settings("logger=wandb")
    run = _run(settings, tmp_path)
    close_loggers(build_loggers(settings, run), "failed")
    assert [found.exit_code for found in wandb_runs(run.directory)] == [1]


def test_tensorboard_holds_curves_configuration_and_final_scores(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    settings = compose_settings("logger=tensorboard", "data.voxel_size=0.05")
    run = _run(settings, tmp_path)
    _train(settings, run, 2.0)
    _train(Settings.of({**settings.plain, "resume": True}), run, 1.0)
    events = EventAccumulator(str(run.directory / "tensorboard")).Reload()
    assert {"train/loss_step", "final/miou"} <= set(events.Tags()["scalars"])
    assert events.Scalars("final/miou")[-1].value == 0.25
    assert "_hparams_/session_start_info" in events.summary_metadata
    assert "voxel_size: 0.05" in (run.directory / "tensorboard" / "hparams.yaml").read_text()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_mlflow_holds_curves_configuration_and_final_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    settings = compose_settings("logger=mlflow", "data.voxel_size=0.05", f"output_dir={tmp_path}")
    run = _run(settings, tmp_path)
    _train(settings, run, 2.0)
    _train(Settings.of({**settings.plain, "resume": True}), run, 1.0)
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = client.get_experiment_by_name("bscnet")
    (found,) = client.search_runs([experiment.experiment_id])
    assert (found.info.run_name, found.info.status) == (run.name, "FINISHED")
    assert found.data.tags["group"] == run.group and found.data.tags["job_type"] == run.kind
    assert found.data.params["data/voxel_size"] == "0.05" and found.data.params["resume"] == "False"
    assert found.data.metrics["final/miou"] == 0.25 and found.data.metrics["train/loss_step"] == 1.0


@pytest.mark.parametrize("name, extra", [("wandb", "train"), ("tensorboard", "tensorboard"), ("mlflow", "mlflow")])
def test_a_logger_whose_package_is_absent_names_the_extra(
    name: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loggers, "missing", lambda *names: list(names))
    settings = compose_settings(f"logger={name}")
    advice = re.escape(how_to_install(extra))
    with pytest.raises(InputError, match=rf"logger={name} needs .* {advice}, or take logger=csv"):
        build_loggers(settings, _run(settings, tmp_path))
    assert build_loggers(compose_settings("logger=csv"), _run(settings, tmp_path)) == []


@pytest.mark.parametrize("name", ["wandb", "tensorboard", "mlflow"])
def test_the_first_process_of_several_logs_alone(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loggers, "missing", lambda *names: [])
    monkeypatch.delenv("SLURM_PROCID", raising=False)
    monkeypatch.setenv("LOCAL_RANK", "1")
    settings = compose_settings(f"logger={name}")
    run = _run(settings, tmp_path)
    assert build_loggers(settings, run) == [] and list(run.directory.iterdir()) == []


def test_wandb_switched_off_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = compose_settings("logger=wandb")
    run = _run(settings, tmp_path)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert build_loggers(settings, run) == [] == build_callbacks(settings)
    assert not logs_to_wandb(settings) and not list(run.directory.iterdir())
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert logs_to_wandb(settings) and len(build_callbacks(settings)) == 1
    assert not logs_to_wandb(compose_settings("logger=csv")) and build_callbacks(compose_settings("logger=csv")) == []


def test_wandb_is_offline_without_an_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_MODE", "WANDB_API_KEY", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert wandb_is_offline(AUTO)
    (tmp_path / "netrc").write_text("machine api.wandb.ai login user password secret")
    assert not wandb_is_offline(AUTO)
    for mode, offline in (("offline", True), ("dryrun", True), ("online", False), ("shared", False), ("", False)):
        monkeypatch.setenv("WANDB_MODE", mode)
        assert wandb_is_offline(AUTO) is offline
    assert wandb_is_offline(replace(AUTO, offline=True))
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert not wandb_is_offline(replace(AUTO, offline=False))


def test_final_numbers_have_the_same_names_for_a_stage_and_a_chain() -> None:
    scores = {"miou": 0.5, "macc": 0.6, "acc": 0.7, "loss": 1.5}
    stages = [StageOutcome(k, "x", "a1w1", "c", 3, 0.5, 10.0, best_val_miou=0.55, scores=scores) for k in (1, 2)]
    one = stage_finals(stages[-1])
    assert one == {
        "final/miou": 0.5, "final/macc": 0.6, "final/acc": 0.7, "final/loss": 1.5,
        "final/best_miou": 0.55, "final/epochs": 3, "final/seconds": 10.0,
    }  # fmt: skip
    of_scenes = {"miou": 0.4, "macc": 0.3, "acc": None, "classes": {"a": {"iou": 0.1}, "b": {"iou": None}}}
    whole = chain_finals(stages, of_scenes)
    assert whole.keys() == {*one, "iou/a", "iou/b"}
    assert (whole["final/miou"], whole["final/epochs"], whole["final/seconds"]) == (0.4, 6, 20.0)
    old = stage_finals(StageOutcome(1, "x", "a1w1", "c", 3, math.nan, 1.0))
    assert old["final/macc"] is None
