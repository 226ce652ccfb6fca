"""Launchers that start jobs one by one: no chain waits for another, and none falls with another."""

from __future__ import annotations

import os
import signal

import pytest

from bscnet.chain import runner

pytestmark = pytest.mark.usefixtures("scored")

PAIR = ("-m", "model=fcn_s,unet_s", "method=bsc_baseline")


class Job:
    """A job that runs when it is first looked at, and not before as many looks as its chain is slow."""

    def __init__(self, launch, looks):
        self.launch, self.looks, self.answer, self.cancelled = launch, looks, None, False

    def done(self):
        self.looks -= 1
        if self.looks < 0 and self.answer is None:
            (self.answer,) = self.launch()
        return self.looks < 0

    def result(self):
        return self.answer

    def cancel(self):
        self.cancelled = True


@pytest.fixture
def jobs(monkeypatch):
    """All jobs that were started; those of unet_s are slow."""
    started = []

    class Starter:
        def __init__(self, launcher):
            self.launcher = launcher

        def start(self, overrides, index):
            looks = 3 if "model=unet_s" in overrides else 0
            started.append(Job(lambda: self.launcher.launch([overrides], index), looks))
            return started[-1]

    monkeypatch.setattr(runner, "job_starter", Starter)
    monkeypatch.setattr(runner, "_PAUSE_S", 0)
    return started


def test_a_quick_chain_does_not_wait_for_a_slow_one(app, jobs):
    assert app.run(*PAIR) == 0
    assert app.order() == [("fcn_s", 1), ("fcn_s", 2), ("unet_s", 1), ("unet_s", 2)]
    assert {result["status"] for result in app.results().values()} == {"finished"}


def test_a_job_that_dies_takes_no_other_chain_with_it(app, jobs, monkeypatch, capsys):
    def die(self):
        raise RuntimeError("job 7 ended without an answer, state OUT_OF_MEMORY: log")

    monkeypatch.setattr(Job, "result", lambda job: die(job) if job is jobs[0] else job.answer)

    def lose(cfg):
        if cfg.model.name == "fcn_s":
            raise MemoryError

    app.before = lose
    assert app.run(*PAIR) == 1
    assert [result["status"] for result in app.results().values()] == ["failed", "finished"]
    assert "stage 1: RuntimeError: job 7 ended without an answer" in capsys.readouterr().err


def test_a_job_that_cannot_be_started_ends_its_chain_alone(app, jobs, monkeypatch, capsys):
    def refuse(launcher, overrides, index, start):
        if index == 1:
            raise OSError("sbatch: error: invalid partition")
        return start(overrides, index)

    made = runner.job_starter

    class Refusing(made):
        def start(self, overrides, index):
            return refuse(self, overrides, index, super().start)

    monkeypatch.setattr(runner, "job_starter", Refusing)
    assert app.run(*PAIR) == 1
    assert [result["status"] for result in app.results().values()] == ["finished", "failed"]
    assert "stage 1: OSError: sbatch: error: invalid partition" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_end_of_the_sweep_is_the_end_of_its_jobs(app, jobs, number, capsys):
    before = signal.getsignal(number)

    def stop(cfg):
        os.kill(os.getpid(), number)

    app.before = stop
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert app.run(*PAIR) == 130
    finally:
        signal.signal(number, before)
    assert [job.cancelled for job in jobs] == [True, True]
    assert {result["status"] for result in app.results().values()} == {"interrupted"}
    assert capsys.readouterr().err.strip().endswith("resume=true -m")


def test_every_stages_job_goes_on_where_it_is_started_anew(app):
    app.run("method=bsc_baseline")
    assert [call["resume"] for call in app.calls] == [True, True]
