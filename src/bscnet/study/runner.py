"""Runs the chains of a study that are missing, some side by side, each as a process of its own.

Each is `python -m bscnet.run … resume=true`: an interrupted chain goes on where it stopped, by whatever launcher its
overrides name, and its terminal goes to a file. Each finished one is recorded at once.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bscnet.chain.overrides import quoted
from bscnet.chain.settings import composed_settings
from bscnet.errors import InputError
from bscnet.runs.directory import chain_home
from bscnet.runs.finished import is_finished, newest_manifest
from bscnet.runs.manifest import Manifest
from bscnet.settings.composed import Settings
from bscnet.study.cases import Case, Need, all_cases, needs
from bscnet.study.record import Record, record_of, save_plan
from bscnet.study.table import Table

_PAUSE = 0.5
"""Seconds between two looks at the processes."""


@dataclass
class Runner:
    """One run of a study.

    Attributes:
        table: the study.
        runs: folder of its chains.
        further: overrides on top of every chain's, such as where the data are.
        jobs: chains side by side.
        threads: CPU threads of each.
        done: records of finished chains; grows.
        save: called with all records after each chain.
        say: told a line of what happens.
    """

    table: Table
    runs: Path
    further: Sequence[str]
    jobs: int
    threads: int
    done: dict[Case, Record]
    save: Callable[[dict[Case, Record]], None]
    say: Callable[[str], None]
    failed: dict[Case, str] = field(default_factory=dict)
    _seconds: list[float] = field(default_factory=list)

    def run(self, wanted: Sequence[Case]) -> bool:
        """Run what is missing of the wanted chains and of those that they need; whether all of it is there now.

        Raises:
            InputError: an arm's overrides make no configuration, or take a plan where none is searched.
            KeyboardInterrupt: passed on after the chains have been stopped; all can be resumed.
        """
        waiting = self._missing(wanted)
        self._require(waiting)
        if not waiting:
            self.say("all chains are finished")
        running: dict[Case, tuple[subprocess.Popen[bytes], float]] = {}
        # a shell that starts this in the background has it ignore Ctrl-C, and its chains too: they could not be stopped
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            while waiting or running:
                self._start(waiting, running)
                time.sleep(_PAUSE)
                for case in [one for one, (process, _) in running.items() if process.poll() is not None]:
                    process, began = running.pop(case)
                    self._seconds.append(time.monotonic() - began)
                    self._close(case, process.returncode, left=len(waiting) + len(running))
        except BaseException:
            _stop([process for process, _ in running.values()])
            raise
        return not self.failed

    def _missing(self, wanted: Sequence[Case]) -> list[Case]:
        """Cases without a record, or whose directory a missing case needs and which is gone, in order."""
        found: set[Case] = set()

        def look(case: Case, directory: bool) -> None:
            if case in found or (case in self.done and not (directory and self._finished(case) is None)):
                return
            found.add(case)
            for need in needs(self.table, case):
                look(need.case, need.kind == "run")

        for case in wanted:
            look(case, False)
        return [case for case in all_cases(self.table) if case in found]

    def _require(self, waiting: Sequence[Case]) -> None:
        """See that the chains can be asked for, one of each arm in each section, before the first of them runs."""
        known: dict[tuple[str, tuple[str, ...]], Settings] = {}
        for case in waiting:
            if (case.arm, case.section) in known:
                continue
            taken = needs(self.table, case)
            try:
                settings = composed_settings(self._with(case, {need.text: "not there yet" for need in taken}))
            except InputError as error:
                raise InputError(f"{case}: {error}") from error
            known[case.arm, case.section] = settings
            for need in taken:
                source = known.get((need.case.arm, need.case.section))
                if need.kind == "plan" and source is not None and not _searches(source):
                    raise InputError(f"{case}: {need.text} takes the plan of {need.case.arm}, which searches none")

    def _start(self, waiting: list[Case], running: dict[Case, tuple[subprocess.Popen[bytes], float]]) -> None:
        """Start chains while there is room, each once what it needs is there."""
        for case in list(waiting):
            if len(running) >= self.jobs:
                return
            needed = [need.case for need in needs(self.table, case)]
            if lost := [one for one in needed if one in self.failed]:
                waiting.remove(case)
                self.failed[case] = f"needs {lost[0]}, which failed"
                self.say(f"{case}: {self.failed[case]}")
            elif not any(one in waiting or one in running for one in needed):
                waiting.remove(case)
                if (manifest := self._finished(case)) is not None:
                    self._keep(case, manifest, left=len(waiting) + len(running))
                else:
                    running[case] = (self._process(case), time.monotonic())

    def _process(self, case: Case) -> subprocess.Popen[bytes]:
        log = self._log(case)
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "bscnet.run", *self._overrides(case), "resume=true"]
        with log.open("ab") as stream:
            # in a group of its own: Ctrl-C reaches the chains through this process, once
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
            )

    def _close(self, case: Case, status: int, left: int) -> None:
        manifest = self._finished(case) if status == 0 else None
        if manifest is not None:
            self._keep(case, manifest, left)
            return
        lines = self._log(case).read_text(encoding="utf-8", errors="replace").splitlines()
        said = [line for line in lines if line.startswith("error: ")]
        self.failed[case] = said[-1].removeprefix("error: ") if said else f"exit status {status}"
        self.say(f"{case}: failed: {self.failed[case]} ({self._log(case)})")

    def _keep(self, case: Case, manifest: Manifest, left: int) -> None:
        self.done[case] = record_of(case, manifest)
        self.save(self.done)
        rest = ""
        if left and self._seconds:
            minutes = left * sum(self._seconds) / len(self._seconds) / self.jobs / 60
            rest = f", {left} left, about {minutes:.0f} min"
        self.say(f"{case}: mIoU {100 * self.done[case].scores['miou']:.2f} %{rest}")

    def _finished(self, case: Case) -> Manifest | None:
        """The newest run of a case's configuration, where it is finished."""
        if any(need.case not in self.done for need in needs(self.table, case)):
            return None
        manifest = newest_manifest(chain_home(composed_settings(self._overrides(case))))
        return manifest if manifest is not None and is_finished(manifest) else None

    def _overrides(self, case: Case) -> list[str]:
        return self._with(case, {need.text: str(self._path(need)) for need in needs(self.table, case)})

    def _with(self, case: Case, paths: Mapping[str, str]) -> list[str]:
        """The overrides of a case with what it takes from others put in, by how its overrides say it."""
        found = [*case.overrides, *case.section, *case.fold, f"seed={case.seed}"]
        for text, path in paths.items():
            found = [override.replace(text, quoted(path)) for override in found]
        own = [f"threads={self.threads}", "picture=false", f"output_dir={quoted(str(self.runs))}"]
        return [*found, *own, *self.further]

    def _path(self, need: Need) -> Path:
        if need.kind == "plan":
            return save_plan(self.done[need.case], self.runs / "plans" / f"{need.case.file_name}.json")
        manifest = self._finished(need.case)
        if manifest is None:
            raise InputError(f"the run of {need.case} is gone from {self.runs}")
        return manifest.directory

    def _log(self, case: Case) -> Path:
        return self.runs / "logs" / f"{case.file_name}.log"


def _searches(settings: Settings) -> bool:
    """Whether a stage of the method leaves a plan."""
    return any(row.enabled and row.conv == "composite" for row in settings.method.stages)


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Interrupt chains as Ctrl-C does, so that they record where they are, and wait for them."""
    for process in processes:
        process.send_signal(signal.SIGINT)
    for process in processes:
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
