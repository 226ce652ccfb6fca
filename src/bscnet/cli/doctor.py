"""`bscnet doctor`: what is installed, what works, and what to do about the rest."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from bscnet.cli.doctor_report import Finding, console_or_none, show, show_problems
from bscnet.cli.probes import PREDICT, PROBES, TRAIN, USES
from bscnet.cli.step_table import measured_steps, step_table
from bscnet.counted import counted
from bscnet.errors import InputError
from bscnet.installation import how_to_install, in_checkout, training_installed
from bscnet.threads import found_environment

if TYPE_CHECKING:
    from rich.console import Console

    from bscnet.settings.composed import Settings

TIMEOUT_S = 120
DATA = "data"
"""The check of a data set, which comes before those of the machine."""


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


def check_data(settings: Settings, console: Console | None = None) -> Finding:
    """Look at every file of the settings' data set; what else there is to tell goes to the console.

    Raises:
        InputError: the data set cannot be what the settings say.
    """
    from bscnet.chain.build import build_datamodule

    name, root = settings.data.name, settings.data.root
    data = build_datamodule(settings)
    problems = tuple(data.problems())
    if console is not None and (report := data.report()) is not None:
        console.print(report)
    if not problems:
        return Finding(DATA, True, True, data.condition(), "")
    advice = f"data.root={root} must hold {name} as the documentation says"
    return Finding(DATA, False, True, f"{counted(len(problems), 'problem')}, named above", advice, problems)


def ready(findings: Sequence[Finding]) -> bool:
    """Whether everything was found to work that has to."""
    return all(finding.ok for finding in findings if finding.required)


def verdicts(findings: Sequence[Finding], training: bool) -> dict[str, str]:
    """Of each use, whether it works here.

    Args:
        findings: of all checks.
        training: whether what training needs was asked for when bscnet was installed.
    """
    told = {}
    for use in USES:
        failing = [found.name for found in findings if found.required and not found.ok and _use(found.name) == use]
        told[use] = f"can NOT run before what fails is mended: {', '.join(failing)}" if failing else "works"
    if not training:
        told[TRAIN] = f"not installed: {how_to_install('train')}"
    elif told[PREDICT] != "works" and told[TRAIN] == "works":
        told[TRAIN] = told[PREDICT]
    return told


def _use(check: str) -> str:
    return PROBES[check].use if check in PROBES else TRAIN


def _settings(overrides: Sequence[str]) -> Settings:
    """What the overrides say; InputError: one is not known."""
    from bscnet.chain.settings import composed_settings

    return composed_settings(overrides)


def main(args: argparse.Namespace) -> int:
    """Make all checks, the data set's first; status 0 if what is installed works, 1 otherwise."""
    settings = _settings(args.overrides) if args.overrides else None
    training = in_checkout() or training_installed()
    probes = _chosen(args.only, settings is not None, training)
    findings = []
    if settings is not None and (args.only is None or DATA in args.only):
        findings.append(check_data(settings, None if args.json else console_or_none()))
        if not args.json:
            show_problems(findings[0])
    with ThreadPoolExecutor(max_workers=2) as pool:
        findings += pool.map(run_probe, probes)
    whole = args.only is None
    uses = verdicts(findings, training) if whole else {}
    steps = measured_steps() if whole and training else {}  # after everything else, which would slow it down
    if args.json:
        checks = [finding._asdict() for finding in findings]
        print(json.dumps({"ready": ready(findings), "uses": uses, "checks": checks, "step_seconds": steps}, indent=2))
    else:
        show(findings, uses)
        if steps and (console := console_or_none()) is not None:
            console.print(step_table(steps))
    return 0 if ready(findings) else 1


def _chosen(only: Sequence[str] | None, data_given: bool, training: bool) -> list[str]:
    """The checks of the machine that are asked for; InputError: there is none of a name."""
    if only is None:
        return [name for name, probe in PROBES.items() if training or probe.use == PREDICT]
    for name in only:
        if name not in (DATA, *PROBES):
            raise InputError(f"--only {name!r} is no check: there are {', '.join((DATA, *PROBES))}")
    if DATA in only and not data_given:
        raise InputError(f"--only {DATA} has to know which: give data=NAME and data.root=PATH too")
    return [name for name in PROBES if name in only]
