"""What the console shows of a chain: which stage starts, and at the end its stages and its searched shifts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bscnet.chain.chain import Chain
from bscnet.errors import InputError
from bscnet.evaluation.percent import percent
from bscnet.runs.stage import StageSpec

_COLUMNS = {"method": "method", "model": "model", "data": "data", "data.voxel_size": "voxel size", "seed": "seed"}
"""Settings that have a column in every table of a sweep, and what it is called."""


def announce(console: Console, chain: Chain, spec: StageSpec) -> None:
    """One line as a stage starts."""
    what = f"stage {spec.index} of {len(chain.specs)}: {spec.name} ({spec.precision}, {spec.conv})"
    again = ", going on where it stopped" if chain.continues(spec) else ""
    length = f"{spec.epochs} epoch{'s' * (spec.epochs > 1)}"
    console.print(
        f"{shown_path(chain.directory)}: {what}, {length}, learning rate {spec.lr:g}{again}",
        highlight=False,
        soft_wrap=True,
    )


def stage_table(chain: Chain) -> Table:
    """Stage, precision, val mIoU and checkpoint (from the chain's directory) of every finished stage."""
    table = Table()
    table.add_column("stage")
    table.add_column("precision")
    table.add_column("val mIoU", justify="right")
    table.add_column("epochs", justify="right")
    table.add_column("checkpoint", overflow="fold")
    for row in chain.manifest.stages:
        path = Path(row.checkpoint)
        shown = path.relative_to(chain.directory) if path.is_relative_to(chain.directory) else path
        table.add_row(f"{row.stage} {row.name}", row.precision, percent(row.val_miou), str(row.epochs), str(shown))
    return table


def show_chain(console: Console, chain: Chain) -> None:
    """The stages of a chain, and its searched shifts where it has some and they are new."""
    console.print(f"\n{shown_path(chain.directory)}", highlight=False, soft_wrap=True)
    console.print(stage_table(chain))
    if chain.was_finished:
        return
    plans = [row.plan_path for row in chain.manifest.stages if row.plan_path is not None]
    if plans:
        try:
            from bscnet.search import ShiftPlan
            from bscnet.viz.shifts import search_summary_text, shift_summary, shift_table

            plan = ShiftPlan.load(plans[-1])
        except InputError as error:
            console.print(f"the searched shifts cannot be shown: {error}", highlight=False)
            return
        console.print(shift_table(plan))
        console.print(shift_summary(plan), highlight=False)
        if plan.search:
            console.print(search_summary_text(plan.search), highlight=False, soft_wrap=True)


def sweep_table(chains: Sequence[Chain]) -> Table:
    """One row a chain: what it is, what of the rest is swept, and the score of its last stage."""
    table = Table()
    differing = _differing(chains)
    swept = [key for key in differing[0] if key not in _COLUMNS]
    for name in (*_COLUMNS.values(), *swept, "status", "val mIoU"):
        table.add_column(name)
    for chain, values in zip(chains, differing, strict=True):
        facts: dict[str, Any] = chain.manifest.facts
        last = chain.manifest.stages[-1] if chain.manifest.stages else None
        table.add_row(
            *(str(facts[key]) for key in ("method", "model", "data")),
            f"{100 * facts['voxel_size']:g} cm",
            str(facts["seed"]),
            *(escape(values[key]) for key in swept),
            chain.manifest.status,
            "" if last is None else f"{percent(last.val_miou)} after stage {last.stage}",
        )
    return table


def give_titles(chains: Sequence[Chain]) -> None:
    """Have the lines of several chains' stages begin with what tells the chains apart, such as "seed=1"."""
    if len(chains) > 1:
        for chain, values in zip(chains, _differing(chains), strict=True):
            chain.title = " ".join(f"{key}={value}" for key, value in values.items())


def _differing(chains: Sequence[Chain]) -> list[dict[str, str]]:
    """Of each chain the overrides that not all of them have alike; "" stands for one that is not given."""
    given = [dict(_assigned(override) for override in chain.overrides) for chain in chains]
    keys = dict.fromkeys(key for one in given for key in one)
    swept = [key for key in keys if len({one.get(key) for one in given}) > 1]
    return [{key: one.get(key, "") for key in swept} for one in given]


def _assigned(override: str) -> tuple[str, str]:
    key, _, value = override.partition("=")
    return key.lstrip("+~"), value


def show_launcher_logs(console: Console, launcher: Any) -> None:
    """Name the folder of the jobs' own logs, where a launcher runs them elsewhere and keeps such."""
    folder = launcher.get("submitit_folder")
    if folder is not None:
        logs = shown_path(Path(str(folder).replace("%j", "JOB")).absolute())
        console.print(f"what the jobs print: {logs}", highlight=False, soft_wrap=True)


def shown_path(path: Path) -> str:
    """A path as short as it can be typed from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
