"""What stands beside the config groups: which stages run, from what and into which folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from bscnet.settings.numbers import NonNegative, Positive, Seed, Threads
from bscnet.settings.words import DistillKind, PaletteName


@dataclass(frozen=True, kw_only=True)
class DistillSettings:
    """A real-valued network's answers as a further aim of training, for every method alike."""

    teacher: Annotated[str | None, "directory or checkpoint of a finished chain of method=real; null: none"] = None
    weight: Annotated[NonNegative, "of the distance in the loss"] = 1.0
    temperature: Annotated[Positive, "of both softmaxes"] = 1.0
    kind: Annotated[
        DistillKind,
        "logits: divergence over all points; attention: maps of every level, of a teacher of the same family and depth",
    ] = "logits"


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """Plain values of the configuration, and `distill`."""

    stage: Annotated[
        int | Literal["all"], "all: every stage of the method, one after the other; or the number of one stage"
    ] = "all"
    seed: Annotated[Seed, "of weights, batches and placements"] = 0
    init_from: Annotated[
        str | None, "checkpoint to start from; needed by a stage after the first when it is run alone"
    ] = None
    shift_plan: Annotated[
        str | None, "plan.json of a search stage; null: the plan beside init_from, where that is a search's checkpoint"
    ] = None
    distill: DistillSettings = DistillSettings()
    resume: Annotated[
        bool, "go on with the newest chain of this very configuration; finished stages are not repeated"
    ] = False
    output_dir: Annotated[str, "folder of the chains"] = "runs"
    title: Annotated[
        str | None,
        "what the lines of progress begin with; a sweep says there which of its chains a stage is of",
    ] = None
    threads: Annotated[Threads | None, "CPU threads of one job; null: all that this process may use"] = None
    picture: Annotated[
        bool,
        "pages and pictures of the best and the worst validation scene at the end of a chain; scores.json is always "
        "written",
    ] = True
    palette: Annotated[
        PaletteName,
        "colours of classes in them; distinct: told apart by dichromats too, scannet: the published ones",
    ] = "distinct"
