"""`bscnet doctor`: what is installed, what works, and what to do about the rest."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from bscnet.cli.probes import PROBES
from bscnet.cli.step_table import measured_steps, step_table
from bscnet.counted import counted
from bscnet.errors import InputError
from bscnet.threads import found_environment

if TYPE_CHECKING:
    from rich.console import Console

TIMEOUT_S = 120
DATA = "data"
"""The check of a data set, which comes before those of the machine."""


class Finding(NamedTuple):
    """What came out of one check; `advice` is empty where nothing is to be done.

    problems: one sentence each, where there is a list of them.
    """

    name: str
    ok: bool
    required: bool
    detail: str
    advice: str
    problems: tuple[str, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument(
        "--only",
        action="append",
        metavar="CHECK",
        help=f"make this check alone, may be given again: {', '.join((DATA, *map(str, PROBES)))}",
    )
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="KEY=VALUE",
        help="check a data set too, e.g. data=scannet data.root=/path/to/scannet (overrides as of bscnet.run)",
    )


def run_probe(name: str, timeout_s: float = TIMEOUT_S) -> Finding:
    """Try one thing in a process of its own, since what is broken may well crash or hang."""
    probe = PROBES[name]
    command = [sys.executable, "-m", "bscnet.cli.probes", name]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=timeout_s, env=found_environment()
        )
    except subprocess.TimeoutExpired:
        return Finding(name, False, probe.required, f"no answer after {timeout_s:g} s", probe.advice)
    lines = [line for line in (done.stdout if done.returncode == 0 else done.stderr).splitlines() if line.strip()]
    detail = lines[-1].strip() if lines else f"ended with status {done.returncode} and said nothing"
    if done.returncode == 0:
        return Finding(name, True, probe.required, detail, "")
    if done.returncode < 0:
        detail = f"crashed with signal {-done.returncode}: {detail}"
    return Finding(name, False, probe.required, detail, probe.advice)


def check_data(settings: Mapping[str, Any], console: Console | None = None) -> Finding:
    """Look at every file of the settings' data set; what else there is to tell goes to the console.

    Raises:
        InputError: the data set cannot be what the settings say.
    """
    from bscnet.chain.build import build_datamodule

    name, root = settings["data"]["name"], settings["data"]["root"]
    data = build_datamodule(settings)
    problems = tuple(data.problems())
    if console is not None and (report := data.report()) is not None:
        console.print(report)
    if not problems:
        return Finding(DATA, True, True, data.condition(), "")
    advice = f"data.root={root} must hold {name} as README.md says"
    return Finding(DATA, False, True, f"{counted(len(problems), 'problem')}, named above", advice, problems)


def show(findings: Sequence[Finding], whole: bool = True) -> None:
    """Print the findings as a table, and the verdict below it.

    Args:
        findings: what was found.
        whole: whether everything was checked that the main job needs.
    """
    from rich.table import Table

    table = Table("", "check", "found", "what to do", title="bscnet doctor")
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else "[red]FAILS[/]" if finding.required else "[yellow]lacks[/]"
        table.add_row(mark, finding.name, *map(_plain, (finding.detail, finding.advice)))
    console = _console()
    console.print(table)
    if not ready(findings):
        console.print("The main job can NOT run before the FAILS are mended.")
    elif whole:
        console.print("The main job can run.")


def show_problems(finding: Finding) -> None:
    """Print what a check found, and each of its problems."""
    console = _console()
    told = counted(len(finding.problems), "problem") if finding.problems else finding.detail
    console.print(f"{finding.name}: {_plain(told)}", highlight=False, soft_wrap=True)
    for problem in finding.problems:
        console.print(f"  {_plain(problem)}", highlight=False, soft_wrap=True)


def _console() -> Console:
    from rich.console import Console

    return Console()


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def ready(findings: Sequence[Finding]) -> bool:
    """Whether everything that the main job needs was found to work."""
    return all(finding.ok for finding in findings if finding.required)


def _settings(overrides: Sequence[str]) -> dict[str, Any]:
    """What the overrides say; InputError: one is not known."""
    from bscnet.chain.settings import composed_settings

    return composed_settings(overrides)


def main(args: argparse.Namespace) -> int:
    """Make all checks, the data set's first; status 0 if the main job can run, 1 otherwise."""
    settings = _settings(args.overrides) if args.overrides else None
    probes = _chosen(args.only, settings is not None)
    findings = []
    if settings is not None and (args.only is None or DATA in args.only):
        findings.append(check_data(settings, None if args.json else _console()))
        if not args.json:
            show_problems(findings[0])
    with ThreadPoolExecutor(max_workers=2) as pool:
        findings += pool.map(run_probe, probes)
    steps = measured_steps() if args.only is None else {}  # after everything else, which would slow it down
    if args.json:
        checks = [finding._asdict() for finding in findings]
        print(json.dumps({"ready": ready(findings), "checks": checks, "step_seconds": steps}, indent=2))
    else:
        show(findings, whole=args.only is None)
        if steps:
            _console().print(step_table(steps))
    return 0 if ready(findings) else 1


def _chosen(only: Sequence[str] | None, data_given: bool) -> list[str]:
    """The checks of the machine that are asked for; InputError: there is none of a name."""
    if only is None:
        return list(PROBES)
    for name in only:
        if name not in (DATA, *PROBES):
            raise InputError(f"--only {name!r} is no check: there are {', '.join((DATA, *PROBES))}")
    if DATA in only and not data_given:
        raise InputError(f"--only {DATA} has to know which: give data=NAME and data.root=PATH too")
    return [name for name in PROBES if name in only]
