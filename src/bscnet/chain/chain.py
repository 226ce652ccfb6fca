"""One chain: the stages of one point of a sweep, in their directory, each starting where the one before ended."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bscnet.chain.overrides import quoted, without_keys
from bscnet.chain.settings import require_classes
from bscnet.chain.stages import method_stages
from bscnet.chain.teacher import require_teacher
from bscnet.chain.validate import wanted_stages
from bscnet.errors import InputError
from bscnet.paths import config_dir
from bscnet.runs.directory import chain_home, new_run
from bscnet.runs.finished import newest_manifest, run_to_resume
from bscnet.runs.layout import (
    OUTCOME_NAME,
    PLAN_NAME,
    RESULT_NAME,
    remove_left_drafts,
    stage_directories,
    stage_directory,
    stage_of,
)
from bscnet.runs.lock import RunLock
from bscnet.runs.manifest import Manifest
from bscnet.runs.stage import StageOutcome, StageSpec
from bscnet.settings.composed import Settings
from bscnet.settings.group import as_plain

_RUNNING = ("src", "conf", "csrc", "setup.py", "benchmarks/*.py")
"""What of a checkout decides what a chain computes; tables that a study writes there are no change of it."""

_OWN_KEYS = ("stage", "init_from", "shift_plan", "resume", "title")


class Chain:
    """The stages of one configuration and how far they got.

    Args:
        settings: what it is asked for.
        overrides: the command-line overrides that lead to it; every stage's job is composed from them.

    Nothing is written before `open`.

    Attributes:
        title: what the lines of its stages begin with; None: it is the only chain.
        was_finished: it is resumed, and no stage of it is left to run. Torch is not imported then.

    Raises:
        InputError: no such stage, a stage alone without what it starts from, data without classes, or a teacher that
            cannot teach this.
    """

    def __init__(self, settings: Settings, overrides: Sequence[str]) -> None:
        require_classes(settings.data)
        self.settings = settings
        self.overrides = list(overrides)
        self.specs = method_stages(settings)
        self.wanted = wanted_stages(settings.stage, len(self.specs), settings.method.name)
        self.init_from = _existing(settings, "init_from")
        self.shift_plan = _existing(settings, "shift_plan")
        self.home = chain_home(settings)
        self.title: str | None = settings.title
        self.failure: str | None = None
        self._manifest: Manifest | None = None
        self._lock: RunLock | None = None
        self._continued: int | None = None
        self.was_finished = self._all_done()
        if not self.was_finished:
            require_teacher(settings)
        if not settings.resume:
            self._check_start(self.specs[self.wanted[0] - 1])

    @property
    def manifest(self) -> Manifest:
        """The chain's record; there is one from `open` on."""
        if self._manifest is None:
            raise RuntimeError("the chain is not open yet")
        return self._manifest

    @property
    def directory(self) -> Path:
        """The chain's own directory."""
        return self.manifest.directory

    def open(self) -> None:
        """Take a new directory, or with `resume: true` that of `run_to_resume`, and write the manifest.

        Raises:
            InputError: another process trains there.
        """
        found = run_to_resume(self.home) if self.settings.resume else None
        if found is not None:
            self._lock = RunLock(found)
            self._require_idle(found)
            remove_left_drafts(found)
        if found is not None and (found / RESULT_NAME).is_file():
            self._manifest = Manifest.load(found)
            self._reopen()
        else:
            self._check_start(self.specs[self.wanted[0] - 1])
            # a directory without a record is of a run that was killed before it had written one
            if found is None or any(found.iterdir()):
                self.close()
                found = new_run(self.home)
                self._lock = RunLock(found)
            self._manifest = Manifest(found, _facts(self.settings), list(self.wanted))
        self.manifest.status = "finished" if self.next_spec() is None else "running"
        self.manifest.failure = None
        self.manifest.save()

    def close(self) -> None:
        """Let other processes go on with it."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def start(self) -> tuple[str | None, str | None]:
        """Checkpoint and ShiftPlan that its first stage begins with, where those are given."""
        return self._start_of(self.specs[self.wanted[0] - 1])

    def _require_idle(self, run: Path) -> None:
        """See that no stage has outlived a sweep that was killed: it holds the lock of its own folder."""
        try:
            for stage in stage_directories(run):
                RunLock(stage).release()
        except InputError:
            self.close()
            raise

    def next_spec(self) -> StageSpec | None:
        """The first wanted stage that is not finished; None where all are, or where one failed."""
        return None if self.failure is not None else self._first_undone(self.manifest)

    def stage_directory(self, spec: StageSpec) -> Path:
        """Where a stage writes."""
        return stage_directory(self.directory, spec.index)

    def continues(self, spec: StageSpec) -> bool:
        """Whether this stage goes on from its own last checkpoint, if it had come to writing one."""
        return self._continued == spec.index

    def job_overrides(self, spec: StageSpec) -> list[str]:
        """The overrides of a stage's job: the chain's own, then what it starts from and where it writes."""
        init, plan = self._start_of(spec)
        return [
            *without_keys(self.overrides, _OWN_KEYS),
            f"stage={spec.index}",
            f"init_from={quoted(init)}",
            f"shift_plan={quoted(plan)}",
            "resume=true",  # its folder is its own; a job that the cluster starts anew goes on where it was
            f"title={quoted(self.title)}",
            f"hydra.sweep.dir={quoted(str(self.directory))}",
            f"hydra.sweep.subdir=stage{spec.index}",
        ]

    def record(self, outcome: StageOutcome) -> None:
        """A stage has finished."""
        self.manifest.record(outcome)
        if self.next_spec() is None:
            self.manifest.status = "finished"
        self.manifest.save()

    def fail(self, reason: str) -> None:
        """A stage has failed: the chain ends here, with its finished stages kept."""
        self.failure = reason
        self.manifest.status, self.manifest.failure = "failed", reason
        self.manifest.save()

    def interrupt(self) -> None:
        """The whole run is being stopped."""
        if self.manifest.status == "running":
            self.manifest.status = "interrupted"
            self.manifest.save()

    def _first_undone(self, manifest: Manifest) -> StageSpec | None:
        wanted = (spec for spec in self.specs if spec.index in self.wanted)
        return next((spec for spec in wanted if manifest.outcome(spec.index) is None), None)

    def _all_done(self) -> bool:
        found = newest_manifest(self.home) if self.settings.resume else None
        return found is not None and self._first_undone(found) is None

    def _reopen(self) -> None:
        """Find the stage to go on with. What came after a stage whose files are gone is put aside, not continued."""
        self.manifest.planned = sorted({*self.manifest.planned, *self.wanted})
        spec = self.next_spec()
        if spec is None:
            return
        self._check_start(spec)
        self._continued = spec.index
        self.manifest.forget_after(spec.index)
        for later in self.specs[spec.index :]:
            folder = self.stage_directory(later)
            if folder.exists():
                folder.rename(_free_name(folder))
        (self.stage_directory(spec) / OUTCOME_NAME).unlink(missing_ok=True)

    def _start_of(self, spec: StageSpec) -> tuple[str | None, str | None]:
        """Checkpoint and ShiftPlan that a stage begins with."""
        done = self._manifest.stages if self._manifest is not None else []
        before = [outcome for outcome in done if outcome.stage < spec.index]
        init = before[-1].checkpoint if before else self.init_from
        plans = [outcome.plan_path for outcome in before if outcome.plan_path is not None]
        plan = plans[-1] if plans else self.shift_plan
        if spec.shifts == "searched" and plan is None and init is not None:
            plan = _plan_beside(init)
        return (None if spec.init == "random" and spec.index > 1 else init), plan

    def _check_start(self, spec: StageSpec) -> None:
        init, plan = self._start_of(spec)
        asked = f"stage={spec.index} of method {self.settings.method.name}"
        if spec.init == "carried" and init is None:
            raise InputError(
                f"{asked} starts from the checkpoint of the stage before: give it as init_from=PATH, or run stage=all"
            )
        if spec.shifts == "searched" and plan is None:
            raise InputError(
                f"{asked} needs searched shifts, and there is no {PLAN_NAME} beside init_from: "
                "give the file that the search wrote as shift_plan=PATH"
            )


def _facts(settings: Settings) -> dict[str, Any]:
    data = settings.data
    return {
        "method": settings.method.name,
        "model": settings.model.name,
        "data": data.name,
        "root": data.root,
        "fold": data.fold,
        "features": as_plain(data.features),
        "voxel_size": data.voxel_size,
        "backend": settings.backend.name,
        "recipe": settings.recipe.name,
        "seed": settings.seed,
        "commit": checkout_commit(),
    }


def checkout_commit() -> str | None:
    """The commit of the checkout that runs, "-dirty" where what runs was changed; None for an installed package."""
    root = Path(config_dir()).parent
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", *_RUNNING)
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{commit}-dirty" if changed else commit


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()


def _existing(settings: Settings, key: str) -> str | None:
    """The absolute path of a file that the configuration names."""
    given: str | None = getattr(settings, key)
    if given is None:
        return None
    path = Path(given).expanduser().absolute()
    if not path.is_file():
        raise InputError(f"{key}={given}: there is no such file")
    return str(path)


def _plan_beside(checkpoint: str) -> str | None:
    """`plan.json` of the stage directory that a checkpoint lies in (STAGE/checkpoints/FILE), if there is one."""
    plan = stage_of(Path(checkpoint)) / PLAN_NAME
    return str(plan) if plan.is_file() else None


def _free_name(folder: Path) -> Path:
    number = 1
    while (candidate := folder.with_name(f"old-{folder.name}-{number}")).exists():
        number += 1
    return candidate
