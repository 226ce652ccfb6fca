"""Whole chains on tiny scenes: search, carry, binarize, interrupt, resume."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from bscnet import run
from bscnet.chain import native_gain
from bscnet.errors import InputError
from bscnet.models.step_time import StepTimes
from bscnet.runs.checkpoint import network_state, read_checkpoint
from bscnet.search import ShiftPlan
from fixtures.scannet_files import write_root
from fixtures.wandb_files import wandb_runs

SMALL = (
    "data=scannet", "data.num_workers=0", "data.voxel_size=0.2", "model.network.m=8", "model.network.depth=1",
    "recipe=quick", "trainer=cpu", "threads=1", "picture=false",
)  # fmt: skip


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    return write_root(tmp_path_factory.mktemp("scenes"), train=2, val=1, points=300)


@pytest.fixture
def chain(scenes, tmp_path, monkeypatch):
    """Runs a chain in this process; its exit status."""

    def start(*arguments, output="runs"):
        return started(monkeypatch, scenes, tmp_path / output, *arguments)

    return start


def started(monkeypatch, scenes, output, *arguments):
    """The exit status of a chain in this process."""
    monkeypatch.setattr(sys, "argv", ["run", *SMALL, f"data.root={scenes}", f"output_dir={output}", *arguments])
    try:
        return run.main()
    except SystemExit as stop:
        return stop.code


def result(output: Path):
    (path,) = output.glob("*/001/result.json")
    return json.loads(path.read_text())


def weights(row):
    return network_state(read_checkpoint(row["checkpoint"]))


SEARCH = ("recipe.epochs=3", "method.G=2")
REAL = ("recipe.epochs=1", "backend=torch", "method=real")


@pytest.fixture(scope="module")
def finished(scenes, tmp_path_factory):
    """The output folder of a chain with these words, which is trained once for all tests of the module."""
    made = {}

    def find(*arguments):
        if arguments not in made:
            folder = tmp_path_factory.mktemp("finished")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(native_gain, "step_times", lambda *_: StepTimes(1, {"torch": 1.0, "native": 1.0}))
                assert started(patch, scenes, folder, *arguments) == 0
            made[arguments] = folder
        return made[arguments]

    return find


@pytest.mark.slow
def test_bsc_net_searches_carries_and_binarizes(finished, backend):
    found = result(finished(*SEARCH, f"backend={backend}"))
    assert (found["status"], found["backend"]) == ("finished", backend)
    assert [(row["name"], row["precision"], row["epochs"]) for row in found["stages"]] == [
        ("search", "a1w32", 1), ("activations", "a1w32", 1), ("weights", "a1w1", 1),
    ]  # fmt: skip
    plan = ShiftPlan.load(found["stages"][0]["plan_path"])
    for row in found["stages"][1:]:
        state = weights(row)
        for layer, shifts in plan.shifts.items():
            assert torch.equal(state[f"{layer}.shifts"].long(), torch.tensor(shifts))
        assert not any(name.endswith("alpha") for name in state)


@pytest.mark.slow
def test_a_stage_starts_from_exactly_the_carried_weights(chain, tmp_path):
    nothing_learnt = "recipe.lr_scale=1e-30"
    assert chain("recipe.epochs=2", "backend=torch", "method=bsc_manual", nothing_learnt) == 0
    first, second = (weights(row) for row in result(tmp_path / "runs")["stages"])
    names = [name for name in first if name.endswith("weight") and name in second]
    assert len(names) > 5
    assert all(torch.equal(first[name].clamp(-1, 1), second[name].clamp(-1, 1)) for name in names)


@pytest.mark.slow
def test_an_interrupted_chain_ends_with_the_weights_of_an_uninterrupted_one(chain, scenes, tmp_path):
    arguments = ["recipe.epochs=9", "backend=torch"]
    command = [sys.executable, "-u", "-m", "bscnet.run", *SMALL, f"data.root={scenes}"]
    with subprocess.Popen(
        [*command, f"output_dir={tmp_path / 'stopped'}", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a suite that runs in the background has Ctrl-C switched off, and its children with it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            if line.startswith("stage 2") and "epoch 1/" in line:
                process.send_signal(signal.SIGINT)
        assert process.stderr.read().rstrip().endswith("resume=true")
        assert process.wait() == 130
    stopped = result(tmp_path / "stopped")
    assert (stopped["status"], [row["stage"] for row in stopped["stages"]]) == ("interrupted", [1])

    assert chain(*arguments, "resume=true", output="stopped") == 0
    assert chain(*arguments, output="whole") == 0
    resumed, whole = result(tmp_path / "stopped"), result(tmp_path / "whole")
    assert resumed["stages"][0] == stopped["stages"][0]
    for one, other in zip(resumed["stages"], whole["stages"], strict=True):
        first, second = weights(one), weights(other)
        assert first.keys() == second.keys()
        assert all(torch.equal(first[name], second[name]) for name in first)
        assert one["val_miou"] == other["val_miou"]


@pytest.mark.slow
def test_a_chain_is_trained_in_mixed_precision(chain, tmp_path, finished):
    assert chain(*SEARCH, "backend=torch", "trainer.precision=bf16-mixed") == 0
    found = result(tmp_path / "runs")["stages"]
    assert [row["epochs"] for row in found] == [1, 1, 1]
    singles = result(finished(*SEARCH, "backend=torch"))["stages"]  # trainer.precision is 32-true
    for mixed, single in zip(found, singles, strict=True):
        one, other = weights(mixed), weights(single)
        assert all(one[name].dtype == value.dtype for name, value in other.items())
        assert all(value.isfinite().all() for value in one.values())
        assert any(not torch.equal(one[name], value) for name, value in other.items())


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["trainer.precision=16-mixed", "backend=torch"], "trainer.precision=16-mixed is for GPUs alone"),
        (["trainer.precision=bf16-mixed", "backend=minkowski"], "is not for backend=minkowski: add backend=torch"),
        (["trainer.precision=64-true"], "trainer.precision=64-true is not known"),
    ],
)
def test_a_precision_that_cannot_be_had_is_refused_before_anything_is_made(chain, tmp_path, words, sentence, capsys):
    assert chain(*words) == 2
    errors = capsys.readouterr().err
    assert sentence in errors and errors.count("\n") == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "launcher, package", [("submitit_local", "hydra_plugins.hydra_submitit_launcher"), ("ray", "ray")]
)
def test_a_stage_is_trained_by_a_job_that_goes_on_by_itself(launcher, package, chain, tmp_path, monkeypatch, capfd):
    pytest.importorskip(package, reason=f"launcher={launcher} needs it")
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    assert chain("recipe.epochs=2", "backend=torch", "method=real", f"launcher={launcher}") == 0
    found = result(tmp_path / "runs")
    assert found["status"] == "finished" and found["stages"][0]["epochs"] == 2
    (log,) = (tmp_path / "runs").glob("*/001/stage1/stage.log")
    assert log.read_text().count("epoch 2/2") == 1
    if launcher == "submitit_local":
        shown = capfd.readouterr().out
        assert f"what the jobs print: {tmp_path / 'runs' / '.submitit' / 'JOB'}" in shown
        (printed,) = (tmp_path / "runs" / ".submitit").glob("*/*_0_log.out")
        assert "stage 1 real  epoch 2/2" in printed.read_text()


@pytest.mark.slow
def test_two_cpu_processes_train_a_chain_and_say_it_once(chain, tmp_path, capfd):
    """By the native backend; tests/training/test_ddp.py trains the others so."""
    assert chain("recipe.epochs=2", "backend=native", "method=real", "trainer=ddp") == 0
    found = result(tmp_path / "runs")
    assert (found["status"], len(found["stages"])) == ("finished", 1)
    out, err = capfd.readouterr()
    assert err == ""
    assert len([line for line in out.splitlines() if line.startswith("stage 1 real  epoch ")]) == 2
    (log,) = (tmp_path / "runs").glob("*/001/stage1/stage.log")
    assert log.read_text().count("epoch 1/2") == 1 and log.read_text().count("finished after 2 epochs") == 1


@pytest.mark.slow
def test_every_stage_is_an_offline_wandb_run_and_the_chain_is_one_too(chain, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.delenv("WANDB_SILENT", raising=False)
    words = ("recipe.epochs=2", "backend=torch", "method=bsc_baseline", "logger=wandb", "picture=true")
    assert chain(*words) == 0
    (run_directory,) = (tmp_path / "runs").glob("*/001")
    whole, *stages = sorted(wandb_runs(run_directory), key=lambda one: one.config["run"].get("index", 0))
    assert [one.job_type for one in (whole, *stages)] == ["chain", "activations", "weights"]
    assert {one.group for one in (whole, *stages)} == {f"{run_directory.parent.name}-001"}
    assert len({one.id for one in (whole, *stages)}) == 3
    rows = result(tmp_path / "runs")["stages"]
    for one, row in zip((*stages, whole), (*rows, rows[-1]), strict=True):
        assert one.exit_code == 0
        assert one.tags == ["bsc_baseline", "unet_s", "scannet", "20cm", "seed 0"]
        assert one.config["data"]["voxel_size"] == 0.2 and one.config["model"]["network"]["m"] == 8
        assert one.summary["final/miou"] == pytest.approx(row["val_miou"], abs=1e-6)
    scores = json.loads((run_directory / "scores.json").read_text())
    found = {key: value["iou"] for key, value in scores["classes"].items() if value["iou"] is not None}
    assert {key: whole.summary[f"iou/{key}"] for key in found} == found
    assert whole.summary["final/seconds"] == pytest.approx(sum(row["seconds"] for row in rows))
    assert whole.summary["network/params_1bit"] > 0 and whole.summary["network/ops"] > 0
    sent = [
        path
        for path in run_directory.glob("wandb/offline-run-*/files/media/html/**/*.html")
        if path.stat().st_size > 1000
    ]
    assert sorted(path.name.split("_")[0] for path in sent) == ["best", "worst"]
    out, err = capfd.readouterr()
    assert [line for line in (out + err).splitlines() if "wandb" in line.lower()] == [
        line for line in out.splitlines() if line.startswith("Weights & Biases: kept on this machine; sent by  wandb")
    ]


@pytest.mark.slow
def test_a_switched_off_wandb_writes_nothing_and_the_log_tells_what_was_trained(chain, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    words = ("recipe.epochs=2", "backend=torch", "method=bsc_baseline", "logger=wandb", "seed=0,1", "-m")
    assert chain(*words) == 0
    assert not [path for path in (tmp_path / "runs").rglob("*") if "wandb" in path.name]
    epochs = [line for line in capfd.readouterr().out.splitlines() if "  epoch " in line]
    assert [line.split("  ")[0] for line in epochs] == [
        f"seed={seed} stage {stage}" for stage in ("1 activations", "2 weights") for seed in (0, 1)
    ]
    for directory in (tmp_path / "runs").glob("*/001"):
        seed = json.loads((directory / "result.json").read_text())["seed"]
        for stage, name in enumerate(("activations", "weights"), 1):
            log = (directory / f"stage{stage}" / "stage.log").read_text()
            assert f"stage {stage} {name} of bsc_baseline, " in log and f"seed {seed}\n" in log
            assert "device cpu, devices 1, backend torch, precision 32-true, 1 thread" in log
            assert "2 scenes to train on, 1 scene to validate on, voxels of 20 cm" in log
            assert "network unet_s: " in log and " parameters, 3 features, 20 classes" in log
            assert f"seed={seed} stage {stage} {name}  epoch 1/1  loss " in log
            assert "finished after 1 epoch in " in log and "last.ckpt" in log


def test_missing_data_is_one_sentence_and_status_2(chain, tmp_path, capsys):
    assert chain("data.root=/nowhere", "backend=torch") == 2
    errors = capsys.readouterr().err
    assert "/nowhere" in errors and "Traceback" not in errors and errors.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_a_foreign_checkpoint_is_refused(chain, tmp_path, capsys):
    bad = tmp_path / "bad.ckpt"
    bad.write_bytes(b"not a checkpoint")
    assert chain("backend=torch", "method=bsc_baseline", "stage=2", f"init_from={bad}") == 2
    errors = capsys.readouterr().err
    assert str(bad) in errors and "Traceback" not in errors


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["data.nonsense=1"], "data.nonsense is not a setting: data has name, root, voxel_size"),
        (["+data.nonsense=1"], "data.nonsense is not a setting: data has name, root, voxel_size"),
        (["loss=[cross_entropy,lovasz]"], "loss takes one choice, not a list of them"),
        (["model=null"], "model=null is not usable: model takes the name of one of its files"),
        (["callbacks=5"], "callbacks=5 is not usable: callbacks takes the name of one of its files"),
        (["hydra.launcher.nonsense=1"], "hydra.launcher.nonsense is no option there"),
        (["nonsense"], "Error parsing override 'nonsense'"),
        (
            ["method=real,nonsense", "-m"],
            "Could not find 'method/nonsense' Available options in 'method': bipointnet bireal",
        ),
    ],
)
def test_an_unknown_setting_is_one_sentence_and_status_2(chain, tmp_path, words, sentence, capsys):
    assert chain(*words) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("error: ") and sentence in errors and errors.count("\n") == 1
    assert not (tmp_path / "runs").exists() and "HYDRA_FULL_ERROR" not in os.environ


def test_scores_are_left_without_pages_too(finished):
    runs = finished(*REAL)
    (scores,) = runs.glob("*/001/scores.json")
    assert json.loads(scores.read_text())["miou"] == pytest.approx(result(runs)["stages"][0]["val_miou"])
    assert not list(scores.parent.glob("*.html"))


@pytest.mark.parametrize("used", ["torch", "native"])
def test_a_run_on_another_backend_ends_with_what_native_would_gain(used, chain, monkeypatch, capsys):
    asked = []

    def times(network, coords, feats, backends):
        asked.append((network, len(coords) == len(feats), backends))
        return StepTimes(123456, dict(zip(backends, (0.4, 0.125), strict=True)))

    monkeypatch.setattr(native_gain, "step_times", times)
    assert chain("recipe.epochs=1", f"backend={used}", "method=real") == 0
    said = capsys.readouterr().out
    if used == "native":
        assert asked == [] and "backend.name=native" not in said
        return
    ((network, fits, backends),) = asked
    assert fits and backends == ("torch", "native") and sum(value.numel() for value in network.parameters()) > 100
    assert "backend.name=native would take 1/3.2 of the time of torch for a training step: 125 ms against 400" in said
    assert "123,456 sites of the first validation scene" in said


def test_a_gain_that_cannot_be_measured_fails_no_run(chain, monkeypatch, capsys):
    def fail(*words):
        raise MemoryError("no room for a second network")

    monkeypatch.setattr(native_gain, "step_times", fail)
    assert chain("recipe.epochs=1", "backend=torch", "method=real") == 0
    assert "the native backend was not timed: MemoryError: no room for a second network" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changed",
    [{"accelerator": "cuda"}, {"precision": "bf16-mixed"}, {"used": "native"}, {"used": None}, {"missing": 1}],
)
def test_nothing_is_measured_where_native_cannot_serve_or_did(changed, monkeypatch):
    trainer = {"accelerator": "cpu", "precision": "32-true"} | changed
    stage = SimpleNamespace(backend=changed.get("used", "torch"))
    settings = SimpleNamespace(trainer=SimpleNamespace(**trainer))
    chain = SimpleNamespace(settings=settings, manifest=SimpleNamespace(stages=[stage]))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)

    def refuse(name):
        raise InputError("the compiled engine is missing")

    if "missing" in changed:
        monkeypatch.setattr(native_gain, "resolve_backend", refuse)
    assert native_gain.native_gain(chain) is None


def test_a_small_gain_is_not_worth_a_sentence():
    assert native_gain.gain_sentence(StepTimes(9, {"torch": 0.109, "native": 0.1})) is None
    assert native_gain.gain_sentence(StepTimes(9, {"torch": 0.05, "native": 0.1})) is None


@pytest.mark.slow
def test_a_finished_real_chain_teaches_another_and_resumes_with_it(chain, tmp_path, finished, capsys):
    (teacher,) = finished(*REAL).glob("*/001")
    words = ("recipe.epochs=4", "backend=torch", "method=irnet", f"distill.teacher={teacher}")
    assert chain(*words, output="whole") == 0
    (second,) = (tmp_path / "whole").glob("*/001/stage2/csv/version_0/metrics.csv")
    assert "train/distill_epoch" in second.read_text().splitlines()[0]
    assert chain(*words, "stage=1", output="cut") == 0
    assert chain(*words, "resume=true", output="cut") == 0
    for one, other in zip(result(tmp_path / "cut")["stages"], result(tmp_path / "whole")["stages"], strict=True):
        first, last = weights(one), weights(other)
        assert first.keys() == last.keys() and not any("teacher" in name for name in first)
        assert all(torch.equal(first[name], last[name]) for name in first)

    (other,) = (tmp_path / "whole").glob("*/001")
    for further, sentence in (
        (
            (f"distill.teacher={teacher}", "data.voxel_size=0.1"),
            "was trained on voxels of 20 cm, and this run has 10 cm",
        ),
        ((f"distill.teacher={other}",), "is of precision a1w1: a teacher is real-valued (method=real)"),
        (
            (f"distill.teacher={teacher}", "data.features=[rgb,height]"),
            "sees other features than this run's rgb, height",
        ),
        (
            (f"distill.teacher={teacher}", "distill.kind=attention", "model.network.depth=2"),
            "is a unet of depth 1: distill.kind=attention compares levels and takes a unet of depth 2",
        ),
        (("distill.teacher=/nowhere",), "/nowhere: there is no such run or checkpoint"),
    ):
        capsys.readouterr()
        assert chain("backend=torch", "method=bnn", *further, output="refused") == 2
        errors = capsys.readouterr().err
        assert sentence in errors and errors.count("\n") == 1
    assert not (tmp_path / "refused").exists()
