"""What a search leaves to read: a table of its trials and the overrides of the best."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from omegaconf import OmegaConf
from rich.markup import escape
from rich.table import Table

from bscnet.evaluation.percent import percent
from bscnet.tuning.space import Space
from bscnet.tuning.trials import Trial
from bscnet.whole_file import write_text_whole

TABLE_NAME = "trials.csv"
BEST_NAME = "optimization_results.yaml"
"""Called as Hydra's own Optuna sweeper calls it, with the same entries and more."""


def write_results(folder: Path, space: Space, trials: Sequence[Trial], best: Trial | None) -> None:
    """Write the table of all trials, and the best where there is one, into the search's folder."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["trial", *space.ranges, "state", "val_miou", "directory", "reason"])
    for one in trials:
        values = [one.params.get(key, "") for key in space.ranges]
        found = ["" if value is None else value for value in (one.val_miou, one.directory, one.reason)]
        writer.writerow([one.number, *values, one.state, *found])
    write_text_whole(folder / TABLE_NAME, lines.getvalue())
    if best is not None:
        content = {
            "name": "optuna",
            "best_params": best.params,
            "best_value": best.val_miou,
            "trial": best.number,
            "overrides": space.overrides(best.params),
            "directory": best.directory,
        }
        write_text_whole(folder / BEST_NAME, OmegaConf.to_yaml(OmegaConf.create(content)))


def trials_table(space: Space, trials: Iterable[Trial]) -> Table:
    """One row a trial: its values, how it ended and its score."""
    table = Table()
    for name in ("trial", *space.ranges, "status", "val mIoU"):
        table.add_column(escape(name), justify="right" if name in ("trial", "val mIoU") else "left")
    for one in trials:
        values = (escape(_short(one.params.get(key, ""))) for key in space.ranges)
        table.add_row(str(one.number), *values, one.state, "" if one.val_miou is None else percent(one.val_miou))
    return table


def short_overrides(trial: Trial) -> str:
    """What a trial sets, with floats to four digits."""
    return " ".join(f"{key}={_short(value)}" for key, value in trial.params.items())


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
