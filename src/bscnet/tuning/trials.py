"""The trials of a search, kept by Optuna in a file of the search's folder, so that an interrupted search goes on."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bscnet.errors import InputError
from bscnet.runs.directory import new_run, newest_run
from bscnet.tuning.space import Space

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

JOURNAL_NAME = "study.journal"
_IDENTITY, _DIRECTORY, _REASON = "space", "directory of trial {}", "reason of trial {}"
"""Names under which Optuna keeps what the search is about, a trial's chain, and why it failed."""


@dataclass(frozen=True)
class Trial:
    """One point of the search.

    Attributes:
        number: counted from 0.
        params: by setting, its value.
        state: "running", "complete" or "fail".
        val_miou: of a complete one, a fraction.
        directory: of its chain, where it had one.
        reason: why it failed.
    """

    number: int
    params: dict[str, Any]
    state: str
    val_miou: float | None = None
    directory: str | None = None
    reason: str | None = None


class Trials:
    """The trials of one search.

    A trial's values depend on the sampler's options, the trial's number and the trials before it alone: the sampler is
    made anew for each. A seeded sampler that is made once would draw its first values again after an interruption.

    Args:
        home: where all runs of this search have their numbered folders.
        space: what is searched.
        sampler: makes Optuna's sampler for the trial of a number.
        storage: a database as Optuna takes it; None: a journal file in the folder.
        resume: go on with the newest run, where there is one.

    Attributes:
        directory: folder of the run.

    Raises:
        InputError: another space was searched there under this name, or the storage cannot be opened.
    """

    def __init__(
        self, home: Path, space: Space, sampler: Callable[[int], BaseSampler], storage: str | None, resume: bool
    ) -> None:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = space
        self._sampler = sampler
        first = sampler(0)
        self.directory = (newest_run(home) if resume else None) or new_run(home)
        journal = self.directory / JOURNAL_NAME
        try:
            self._study = optuna.create_study(
                study_name=f"{home.name}-{self.directory.name}",
                storage=storage or JournalStorage(JournalFileBackend(str(journal))),
                direction="maximize",
                sampler=first,
                load_if_exists=True,
            )
        except Exception as error:  # SQLAlchemy's own, of every database
            with contextlib.suppress(OSError):  # one that was made for this
                self.directory.rmdir()
                home.rmdir()
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"the search in {self.directory} cannot be opened ({storage or journal}): {reason}"
            ) from error
        if self._study.user_attrs.setdefault(_IDENTITY, space.identity) != space.identity:
            raise InputError(
                f"{self.directory} is a search of other settings or ranges: take another hydra.sweeper.study_name, or "
                "leave resume=true away"
            )
        self._study.set_user_attr(_IDENTITY, space.identity)

    def all(self) -> list[Trial]:
        """Every trial so far, in order."""
        attributes = self._study.user_attrs
        return [_trial(one, attributes) for one in self._study.get_trials(deepcopy=False)]

    def batch(self, count: int, total: int) -> list[Trial]:
        """The trials to run next: those that were begun and not ended, or new ones where there are none.

        Args:
            count: the most to give.
            total: of the search, of which no more are begun.
        """
        for cut in [
            one for one in self.all() if one.state == "running" and one.params.keys() != self._space.ranges.keys()
        ]:
            self.fail(cut, "the search was killed while it was drawn")
        known = self.all()
        if begun := [one for one in known if one.state == "running"]:
            return begun[:count]
        return [self._new(len(known) + place) for place in range(min(count, total - len(known)))]

    def complete(self, trial: Trial, val_miou: float, directory: Path) -> None:
        """A trial's chain is finished; one without a score (NaN) has failed."""
        self._keep(trial, _DIRECTORY, str(directory))
        if math.isnan(val_miou):
            self.fail(trial, "no validation point has a label")
        else:
            self._study.tell(trial.number, val_miou)

    def fail(self, trial: Trial, reason: str) -> None:
        """A trial's chain has failed, and the search goes on without it."""
        from optuna.trial import TrialState

        self._keep(trial, _REASON, reason)
        self._study.tell(trial.number, state=TrialState.FAIL)

    def best(self) -> Trial | None:
        """The complete trial with the highest score; None: there is none."""
        complete = [one for one in self.all() if one.val_miou is not None]
        return max(complete, key=lambda one: one.val_miou or 0.0, default=None)

    def _new(self, number: int) -> Trial:
        self._study.sampler = self._sampler(number)
        asked = self._study.ask(dict(self._space.ranges))
        return Trial(asked.number, dict(asked.params), "running")

    def _keep(self, trial: Trial, key: str, value: str) -> None:
        self._study.set_user_attr(key.format(trial.number), value)


def _trial(found: FrozenTrial, attributes: Mapping[str, Any]) -> Trial:
    return Trial(
        number=found.number,
        params=dict(found.params),
        state=found.state.name.lower(),
        val_miou=found.value if found.state.name == "COMPLETE" else None,
        directory=attributes.get(_DIRECTORY.format(found.number)),
        reason=attributes.get(_REASON.format(found.number)),
    )
