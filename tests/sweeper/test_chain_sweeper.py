from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from rich.console import Console

from bscnet.chain import scores
from bscnet.chain.report import show_launcher_logs
from bscnet.errors import InputError
from bscnet.installation import how_to_install
from bscnet.run import overrides_first
from bscnet.runs.lock import RunLock
from hydra_plugins.bscnet_chain_sweeper.missing_launcher import MissingLauncher

FULL = "unet_s:0:stage1 unet_s:0:stage2 unet_s:0:stage3 "


def only(app):
    (result,) = app.results().values()
    return result


def test_all_stages_run_in_order_without_the_multirun_flag(whole):
    app, status, shown = whole
    assert status == 0
    assert app.order() == [("unet_s", 1), ("unet_s", 2), ("unet_s", 3)]
    result = only(app)
    assert (result["status"], [row["stage"] for row in result["stages"]]) == ("finished", [1, 2, 3])
    assert "50.00 %" in shown and "stage3/checkpoints/last.ckpt" in shown
    assert "│ a " in shown and "(0,1,0)" in shown


def test_each_stage_starts_from_the_checkpoint_and_the_plan_of_the_one_before(whole):
    app, _, _ = whole
    rows = only(app)["stages"]
    assert Path(rows[-1]["checkpoint"]).read_text() == FULL
    assert [call["init_from"] for call in app.calls] == [None, rows[0]["checkpoint"], rows[1]["checkpoint"]]
    assert [call["shift_plan"] for call in app.calls] == [None, rows[0]["plan_path"], rows[0]["plan_path"]]


def test_every_job_has_its_own_stage_directory_and_configuration(whole):
    app, _, _ = whole
    (chain,) = app.output.glob("*/001")
    assert sorted(entry.name for entry in chain.iterdir()) == ["result.json", "stage1", "stage2", "stage3"]
    assert "stage: 2" in (chain / "stage2" / ".hydra" / "config.yaml").read_text()


def test_a_random_start_gets_the_plan_and_no_checkpoint(app):
    app.run("method.stage2_init=scratch")
    assert [call["init_from"] is None for call in app.calls] == [True, True, False]
    assert app.calls[1]["shift_plan"] is not None


def test_every_point_of_a_sweep_is_a_whole_chain_run_round_by_round(app):
    assert app.run("-m", "model=fcn_s,unet_s", "data.voxel_size=0.05,0.02", "method=bsc_baseline") == 0
    points = [("fcn_s", 0.05), ("fcn_s", 0.02), ("unet_s", 0.05), ("unet_s", 0.02)]
    assert [(c["model"], c["voxel_size"], c["stage"]) for c in app.calls] == [
        (*point, stage) for stage in (1, 2) for point in points
    ]
    assert len(app.results()) == 4
    for name, result in app.results().items():
        weights = Path(result["stages"][-1]["checkpoint"]).read_text()
        assert weights == "{0}:0:stage1 {0}:0:stage2 ".format(result["model"])
        assert f"-{result['model']}-{100 * result['voxel_size']:g}cm-" in name


def test_the_stages_of_several_chains_know_which_they_are_of(app):
    app.run("-m", "seed=0,1", "method=real", "model=fcn_s")
    assert [call["title"] for call in app.calls] == ["seed=0", "seed=1"]
    app.calls = []
    app.run("-m", "model=fcn_s,unet_s", "data.voxel_size=0.05,0.02", "method=real")
    assert [call["title"] for call in app.calls][1] == "model=fcn_s data.voxel_size=0.02"
    app.calls = []
    app.run("stage=1")
    assert [call["title"] for call in app.calls] == [None]


def test_the_folder_of_what_jobs_print_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    console = Console(record=True, width=200)
    show_launcher_logs(console, OmegaConf.create({"_target_": "x", "submitit_folder": "runs/.submitit/%j"}))
    show_launcher_logs(console, OmegaConf.create({"_target_": "x"}))
    assert console.export_text() == "what the jobs print: runs/.submitit/JOB\n"


def test_chains_of_different_length_end_on_their_own(app):
    app.run("-m", "method=real,bsc_net")
    assert [len(result["stages"]) for result in app.results().values()] == [3, 1]
    assert {result["status"] for result in app.results().values()} == {"finished"}


def test_a_failing_stage_ends_its_own_chain_only(app, capsys):
    def fail(cfg):
        if (cfg.model.name, cfg.stage) == ("fcn_s", 2):
            raise RuntimeError("out of memory\nand more")

    app.before = fail
    assert app.run("-m", "model=fcn_s,unet_s") == 1
    assert app.order() == [("fcn_s", 1), ("unet_s", 1), ("fcn_s", 2), ("unet_s", 2), ("unet_s", 3)]
    failed, finished = app.results().values()
    assert (failed["status"], finished["status"]) == ("failed", "finished")
    assert failed["failure"] == "stage 2: RuntimeError: out of memory"
    assert [row["stage"] for row in failed["stages"]] == [1]
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1 and "stage 2: RuntimeError: out of memory" in errors and "fcn_s" in errors


def test_bad_input_within_a_job_is_a_sentence_and_status_2(app, capsys):
    def refuse(cfg):
        raise InputError("scene0000_00.ply is truncated")

    app.before = refuse
    assert app.run() == 2
    errors = capsys.readouterr().err
    assert "scene0000_00.ply is truncated" in errors and "Traceback" not in errors and errors.count("\n") == 1


def test_a_resumed_chain_does_not_repeat_finished_stages(app):
    def fail(cfg):
        if cfg.stage == 2:
            raise RuntimeError("no")

    app.before = fail
    assert app.run() == 1
    app.before, app.calls = (lambda cfg: None), []
    assert app.run("resume=true") == 0
    assert [call["stage"] for call in app.calls] == [2, 3]
    result = only(app)
    assert result["status"] == "finished" and result["failure"] is None
    assert Path(result["stages"][-1]["checkpoint"]).read_text() == FULL


def test_an_interrupted_chain_says_how_to_go_on_and_does(app, capsys):
    def stop(cfg):
        if cfg.stage == 2:
            raise KeyboardInterrupt

    app.before = stop
    assert app.run("seed=4") == 130
    assert only(app)["status"] == "interrupted"
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert "seed=4" in line and line.endswith("resume=true")
    assert app.run("-m", "seed=5") == 130
    assert capsys.readouterr().err.strip().endswith("resume=true -m")
    app.before, app.calls = (lambda cfg: None), []
    assert app.run("seed=4", "resume=true") == 0
    assert app.order() == [("unet_s", 2), ("unet_s", 3)]


def test_resuming_what_is_done_does_nothing(app, capsys):
    app.run()
    app.calls = []
    capsys.readouterr()
    assert app.run("resume=true") == 0
    assert app.calls == []
    shown = capsys.readouterr().out
    assert "everything is done" in shown and "50.00 %" in shown


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = sys.modules["pytorch_lightning"] = None  # their import fails
from bscnet import run
sys.exit(run.main())
"""


def test_a_finished_chain_is_told_without_importing_torch(app):
    app.run()
    (chain,) = app.output.glob("*/001")
    (chain / "scores.json").write_text("{}")
    command = [sys.executable, "-c", WITHOUT_TORCH, "resume=true", f"output_dir={app.output}", "picture=false"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "everything is done" in done.stdout and "50.00 %" in done.stdout


def test_what_the_run_before_has_not_drawn_is_drawn_by_resume(app, monkeypatch):
    app.run()
    (chain,) = app.output.glob("*/001")
    (chain / "scores.json").write_text("{}")
    drawn = []
    monkeypatch.setattr(scores, "write_scores", lambda chain: drawn.append(chain.directory) or [])
    assert app.run("resume=true") == 0 and drawn == []
    (chain / "scores.json").unlink()
    assert app.run("resume=true") == 0 and drawn == [chain]


def test_a_run_that_trained_nothing_hides_no_finished_one(app, capsys):
    def refuse(cfg):
        raise InputError("no")

    assert app.run("method=real") == 0
    app.before = refuse
    assert app.run("method=real") == 2
    assert [Path(name).name for name in app.results()] == ["001", "002"]
    app.calls = []
    assert app.run("method=real", "resume=true") == 0
    assert app.calls == [] and "001: everything is done" in capsys.readouterr().out


def test_two_processes_do_not_train_in_one_folder(app, capsys):
    assert app.run("stage=1") == 0
    (chain,) = app.output.glob("*/001")
    held = RunLock(chain)
    assert app.run("resume=true") == 2
    assert f"{chain} is being trained in by another process" in capsys.readouterr().err
    held.release()
    record, draft = (chain / "result.json").read_text(), chain / "stage1" / ".outcome.json.abcd1234.part"
    draft.touch()
    held = RunLock(chain / "stage1")  # of a stage that has outlived its sweep
    assert app.run("resume=true") == 2
    assert f"{chain / 'stage1'} is being trained in by another process" in capsys.readouterr().err
    assert (chain / "result.json").read_text() == record and draft.exists()
    held.release()
    assert app.run("resume=true") == 0
    assert app.run("resume=true") == 0  # given back, also where the process goes on


def test_two_points_of_one_chain_are_not_resumed_in_one_folder(app, capsys):
    assert app.run("-m", "threads=1,2", "method=real") == 0
    assert [Path(name).name for name in app.results()] == ["001", "002"]
    assert app.run("-m", "threads=1,2", "method=real", "resume=true") == 2
    assert "two points of the sweep, which threads=2 does not tell apart" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, told",
    [
        (["a=1", "-m", "b=2"], ["a=1", "b=2", "-m"]),
        (["--config-dir", "x=y", "+a=1", "~b"], ["+a=1", "~b", "--config-dir", "x=y"]),
        (["a=-m", "--cfg=job"], ["a=-m", "--cfg=job"]),
    ],
)
def test_overrides_come_before_options(words, told):
    assert overrides_first(words) == told


def test_without_resume_a_new_directory_is_taken(app):
    app.run("method=real")
    app.run("method=real")
    assert [Path(name).name for name in app.results()] == ["001", "002"]
    assert len(app.calls) == 2


def test_a_chain_that_was_never_begun_is_begun_by_resume(app):
    assert app.run("resume=true", "method=bsc_baseline") == 0
    assert app.order() == [("unet_s", 1), ("unet_s", 2)]


def test_a_chain_that_was_killed_before_its_first_record_is_begun_in_the_same_directory(app):
    assert app.run("stage=1") == 0
    (chain,) = app.output.glob("*/001")
    shutil.rmtree(chain)
    chain.mkdir()
    (chain / ".result.json.abcd1234.part").write_text("{")
    assert app.run("resume=true") == 0
    assert list(app.output.glob("*/*")) == [chain]
    assert sorted(entry.name for entry in chain.iterdir()) == ["result.json", "stage1", "stage2", "stage3"]


def test_a_folder_without_a_record_that_holds_something_is_left_alone(app):
    assert app.run("stage=1") == 0
    (chain,) = app.output.glob("*/001")
    (chain / "result.json").unlink()
    assert app.run("resume=true") == 0
    assert [row["stage"] for row in only(app)["stages"]] == [1, 2, 3] and (chain.parent / "002").is_dir()


def test_resume_removes_what_a_killed_process_was_writing(app):
    assert app.run("stage=1") == 0
    (chain,) = app.output.glob("*/001")
    drafts = [
        chain / ".result.json.abcd1234.part",
        chain / "stage1" / ".outcome.json.abcd1234.part",
        chain / "stage1" / "checkpoints" / ".last.ckpt.abcd1234.part",
    ]
    for draft in drafts:
        draft.touch()
    assert app.run("resume=true") == 0
    assert not any(draft.exists() for draft in drafts)


def test_a_stage_whose_checkpoint_is_gone_is_repeated_with_all_after_it(app):
    app.run()
    (chain,) = app.output.glob("*/001")
    (chain / "stage2" / "checkpoints" / "last.ckpt").unlink()
    app.calls = []
    assert app.run("resume=true") == 0
    assert [call["stage"] for call in app.calls] == [2, 3]
    assert (chain / "old-stage3-1" / "checkpoints" / "last.ckpt").read_text() == FULL
    assert [row["stage"] for row in only(app)["stages"]] == [1, 2, 3]


def test_one_stage_alone_starts_from_the_given_checkpoint(app, tmp_path):
    given = tmp_path / "it's a = checkpoint.ckpt"
    given.write_text("given ")
    escaped = str(given).replace("'", "\\'")
    assert app.run("stage=2", "method=bsc_manual", f"init_from='{escaped}'") == 0
    (call,) = app.calls
    assert (call["stage"], call["init_from"]) == (2, str(given))
    result = only(app)
    assert (result["status"], result["planned"], [row["stage"] for row in result["stages"]]) == ("finished", [2], [2])
    assert Path(result["stages"][0]["checkpoint"]).read_text() == "given unet_s:0:stage2 "


def test_one_stage_alone_finds_the_plan_beside_its_checkpoint(app):
    app.run("stage=1")
    (row,) = only(app)["stages"]
    assert app.run("stage=2", f"init_from={row['checkpoint']}") == 0
    assert app.calls[-1]["shift_plan"] == row["plan_path"]


def test_a_chain_goes_on_from_a_stage_that_was_run_alone(app):
    app.run("stage=1")
    assert app.run("stage=all", "resume=true") == 0
    assert app.order() == [("unet_s", 1), ("unet_s", 2), ("unet_s", 3)]
    assert only(app)["planned"] == [1, 2, 3]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["stage=2"], "stage=2 of method bsc_net starts from the checkpoint of the stage before: give it as init_from"),
        (["stage=2", "resume=true"], "stage=2 of method bsc_net starts from the checkpoint of the stage before"),
        (["stage=2", f"init_from={__file__}"], "needs searched shifts, and there is no plan.json beside init_from"),
        (["stage=4"], "stage=4 is not a stage of method bsc_net: allowed are all, 1, 2, 3"),
        (["init_from=/nowhere/x.ckpt"], "init_from=/nowhere/x.ckpt: there is no such file"),
        (["method.relax=foo"], "method.relax=foo is not known: allowed are softmax, gumbel_softmax, gumbel_st"),
        (["-m", "seed=0,-1"], "seed=-1 is not usable"),
        (["-m", "seed=interval(0,1)"], "a chain needs a list of values"),
        (["recipe=quick", "recipe.epochs=2"], "less than one epoch for each of 3 stages"),
        (["hydra/sweeper=basic"], "hydra/sweeper=basic cannot run the stages of a chain"),
        (["-m", "hydra/sweeper=basic", "seed=0,1"], "hydra/sweeper=basic cannot run the stages of a chain"),
        (["hydra.mode=RUN"], "hydra.mode=RUN runs no stages"),
    ],
)
def test_bad_input_is_one_sentence_before_any_work(app, capsys, arguments, sentence):
    assert app.run(*arguments) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("error: ") and sentence in errors and errors.count("\n") == 1
    assert app.calls == [] and not app.output.exists()


def test_a_launcher_that_is_not_installed_names_the_extra():
    launcher = MissingLauncher("submitit", "hydra-submitit-launcher", "submitit", timeout_min=60)
    with pytest.raises(InputError) as refused:
        launcher.setup(hydra_context=None, task_function=None, config=None)
    assert str(refused.value) == (
        "launcher=submitit needs the package hydra-submitit-launcher, which is not installed: "
        f"{how_to_install('submitit')}, or take launcher=basic"
    )


@pytest.mark.parametrize("choice, package", [("launcher=ray", "ray"), ("hydra/sweeper=optuna", "optuna")])
def test_a_package_that_is_not_installed_is_one_sentence(app, capsys, monkeypatch, choice, package):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find_spec(name))
    assert app.run(choice, "method=real") == 2
    errors = capsys.readouterr().err
    assert errors.startswith(f"error: {choice} needs the package {package}, which is not installed: pip install")
    assert errors.count("\n") == 1 and app.calls == [] and not app.output.exists()


@pytest.mark.parametrize("argument, named", [("model=huge", "model/huge"), ("method.nothing=1", "method.nothing")])
def test_hydras_own_complaints_stay_short(app, capsys, argument, named):
    assert app.run(argument) == 1
    errors = capsys.readouterr().err
    assert named in errors and "Traceback" not in errors
    assert not app.output.exists()


SCRIPT = """
import os, sys, time
from pathlib import Path
import hydra
from hydra.core.hydra_config import HydraConfig
from bscnet.errors import InputError
from bscnet.paths import config_dir
from bscnet.runs.stage import StageOutcome

def task(cfg):
    directory = Path(HydraConfig.get().runtime.output_dir)
    meeting = Path(cfg.output_dir) / f"round{cfg.stage}"
    meeting.mkdir(parents=True, exist_ok=True)
    (meeting / cfg.model.name).touch()
    deadline = time.monotonic() + 60
    while len(list(meeting.iterdir())) < 2:  # ends only if the other point's stage runs at the same time
        if time.monotonic() > deadline:
            raise InputError("the points do not run side by side")
        time.sleep(0.02)
    checkpoint = directory / "last.ckpt"
    start = Path(cfg.init_from).read_text() if cfg.init_from else ""
    checkpoint.write_text(f"{start}{cfg.model.name}:stage{cfg.stage} ")
    return StageOutcome(cfg.stage, "x", "a1w1", str(checkpoint), 3, 0.5, 1.0)

hydra.main(config_path=config_dir(), config_name="config", version_base="1.3")(task)()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "package, launcher",
    [
        ("joblib", ["launcher=joblib", "hydra.launcher.n_jobs=2"]),
        ("ray", ["launcher=ray", "+hydra.launcher.ray.init.num_cpus=2"]),
    ],
)
def test_points_run_side_by_side(package, launcher, tmp_path):
    pytest.importorskip(package, reason=f"launcher={package} needs it")
    script = tmp_path / "app.py"
    script.write_text(SCRIPT)
    arguments = ["-m", "model=fcn_s,unet_s", "method=bsc_baseline", *launcher]
    done = subprocess.run(
        [sys.executable, str(script), *arguments, f"output_dir={tmp_path / 'runs'}", "picture=false"],
        capture_output=True, text=True, timeout=200, cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1", "RAY_AUTH_MODE": "disabled"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = [json.loads(path.read_text()) for path in (tmp_path / "runs").glob("*/*/result.json")]
    assert {result["model"] for result in results} == {"fcn_s", "unet_s"}
    for result in results:
        name = result["model"]
        assert Path(result["stages"][-1]["checkpoint"]).read_text() == f"{name}:stage1 {name}:stage2 "


def test_the_table_of_a_sweep_tells_its_points_apart(app, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    assert app.run("-m", "data=real_lidar", "data.fold=0,1", "method=real", "data.gap=1") == 0
    shown = capsys.readouterr().out
    assert "data.fold" in shown and "data.gap" not in shown


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_not_there_is_refused_before_a_directory_is_made(app, capsys):
    assert app.run("trainer=gpu") == 2
    assert "trainer.accelerator=gpu, and there is no GPU here" in capsys.readouterr().err
    assert not app.output.exists() and app.calls == []


def test_data_without_classes_are_refused_in_their_own_words_before_a_directory_is_made(app, tmp_path, capsys):
    for split in ("train", "val"):
        (tmp_path / "clouds" / split).mkdir(parents=True)
        np.savez(tmp_path / "clouds" / split / f"{split}.npz", points=np.random.default_rng(0).random((50, 3)))
    assert app.run("data=folder", f"data.root={tmp_path / 'clouds'}") == 2
    assert "labels cannot be read before 'classes' names the classes" in capsys.readouterr().err
    assert not app.output.exists()
