from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from bscnet.chain import job, processes
from bscnet.chain.failure import StageFailure, failure_of
from bscnet.chain.processes import STAGE_DIRECTORY, is_first_process, needs_processes, run_apart
from bscnet.errors import InputError
from bscnet.runs.lock import RunLock
from bscnet.settings.machine import TrainerSettings


def test_a_failure_is_one_line():
    assert failure_of(InputError("x is wrong")) == StageFailure("x is wrong", input_error=True)
    assert failure_of(RuntimeError("first\nsecond")) == StageFailure("RuntimeError: first")
    told = "Caught OSError in DataLoader worker process 0.\nOriginal Traceback …:\n  File …\nOSError: disk gone\n"
    assert failure_of(OSError(told)) == StageFailure("in a loading process: OSError: disk gone")
    assert failure_of(KeyError()) == StageFailure("KeyError")


def test_bad_settings_come_back_as_a_value(settings, tmp_path):
    plain = settings("stage=1").plain
    bad = {**plain, "method": {**plain["method"], "relax": "foo"}}
    result = job.stage_job(OmegaConf.create(bad), tmp_path)
    assert result == StageFailure(
        "method.relax=foo is not known: allowed are softmax, gumbel_softmax, gumbel_st, supernet", input_error=True
    )


def test_a_job_runs_one_stage_only(settings, tmp_path):
    result = job.stage_job(OmegaConf.create(settings().plain), tmp_path)
    assert isinstance(result, StageFailure) and "stage=all is run by the chain's sweeper" in result.reason


def test_a_stage_that_another_process_trains_is_left_alone(settings, tmp_path):
    """As one on several devices does that has outlived its sweep."""
    held = RunLock(tmp_path)
    result = job.stage_job(OmegaConf.create(settings("stage=1").plain), tmp_path)
    held.release()
    assert result.input_error and f"{tmp_path} is being trained in by another process" in result.reason
    assert not list(tmp_path.iterdir())


def test_an_exit_is_a_failure_but_where_submitit_has_queued_the_job_anew(settings, tmp_path, monkeypatch):
    def leave(*arguments):
        raise SystemExit(-1)

    monkeypatch.setattr(job, "run_one", leave)
    monkeypatch.delenv("SUBMITIT_EXECUTOR", raising=False)
    assert "was told to exit (status -1)" in job.guarded_stage(settings("stage=1"), tmp_path).reason
    monkeypatch.setenv("SUBMITIT_EXECUTOR", "slurm")
    with pytest.raises(SystemExit):
        job.guarded_stage(settings("stage=1"), tmp_path)


def test_an_unforeseen_error_leaves_its_traceback(settings, tmp_path, monkeypatch):
    def fail(*arguments):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(job, "run_one", fail)
    result = job.guarded_stage(settings("stage=1"), tmp_path)
    assert isinstance(result, StageFailure) and not result.input_error
    assert result.reason == f"RuntimeError: out of memory (traceback in {tmp_path / 'error.log'})"
    assert "Traceback" in (tmp_path / "error.log").read_text()


def test_threads(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    job.set_threads(None)
    assert os.environ["OMP_NUM_THREADS"] == str(len(os.sched_getaffinity(0)))
    job.set_threads(1)
    assert (os.environ["OMP_NUM_THREADS"], torch.get_num_threads()) == ("1", 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    job.set_threads(None)
    assert os.environ["OMP_NUM_THREADS"] == "7"
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    "devices, several", [(1, False), ("auto", False), (2, True), ("2", True), ([0], False), ([0, 1], True)]
)
def test_several_devices_need_processes(monkeypatch, devices, several):
    for name in (STAGE_DIRECTORY, "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    trainer = TrainerSettings(accelerator="cpu", devices=devices, further={})
    assert needs_processes(trainer) is several
    monkeypatch.setenv("SLURM_NTASKS", "1")  # SLURM has started this process alone
    assert needs_processes(trainer) is several
    monkeypatch.setenv("SLURM_NTASKS", "2")
    assert needs_processes(trainer) is False
    monkeypatch.delenv("SLURM_NTASKS")
    monkeypatch.setenv(STAGE_DIRECTORY, "/somewhere")
    assert needs_processes(TrainerSettings(accelerator="cpu", devices=devices, further={})) is False


@pytest.mark.parametrize("devices", ["auto", -1])
@pytest.mark.parametrize("count", [1, 4])
def test_all_gpus_of_a_machine_are_counted(monkeypatch, devices, count):
    for name in (STAGE_DIRECTORY, "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    assert needs_processes(TrainerSettings(accelerator="gpu", devices=devices, further={})) is (count > 1)
    assert not needs_processes(TrainerSettings(accelerator="cpu", devices="auto", further={}))


def test_the_first_process_is_told_by_its_rank(monkeypatch):
    monkeypatch.delenv("SLURM_PROCID", raising=False)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert is_first_process()
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert not is_first_process()


@pytest.mark.parametrize(
    "script, expected",
    [
        ("exit 3", StageFailure("a process of the stage ended with status 3")),
        ("kill -9 $$", StageFailure("a process of the stage ended with status -9")),
        (
            """echo '{"reason": "no data", "input_error": true}' > $BSCNET_STAGE_DIR/failure.json; exit 1""",
            StageFailure("no data", input_error=True),
        ),
    ],
)
def test_a_stage_apart_that_dies_is_a_failure(settings, tmp_path, monkeypatch, script, expected):
    start = subprocess.Popen
    monkeypatch.setattr(
        processes.subprocess, "Popen", lambda command, **options: start(["sh", "-c", script], **options)
    )
    assert run_apart(settings("stage=1"), tmp_path) == expected


def test_nothing_of_a_stage_apart_outlives_it(settings, tmp_path, monkeypatch):
    start = subprocess.Popen
    script = "sleep 600 & echo $! > $BSCNET_STAGE_DIR/pid; exit 1"
    monkeypatch.setattr(
        processes.subprocess, "Popen", lambda command, **options: start(["sh", "-c", script], **options)
    )
    run_apart(settings("stage=1"), tmp_path)
    pid = int((tmp_path / "pid").read_text())
    state = Path(f"/proc/{pid}/stat")
    deadline = time.monotonic() + 10
    while state.exists() and state.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert json.loads((tmp_path / "settings.json").read_text())["stage"] == 1
