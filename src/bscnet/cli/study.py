"""`bscnet study TABLE`: runs the chains of a table of arms and writes what they say."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bscnet.cli.completing import STUDY
from bscnet.cli.outputs import make_folder
from bscnet.errors import InputError
from bscnet.whole_file import write_json_whole, write_text_whole

if TYPE_CHECKING:
    from bscnet.study.cases import Case
    from bscnet.study.record import Record
    from bscnet.study.table import Table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("table", metavar=STUDY, help="name of a study in conf/study, or the path of such a .yaml file")
    parser.add_argument("--jobs", type=int, default=1, help="chains side by side (default 1)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of a chain (default 1)")
    parser.add_argument("--seeds", metavar="N,N,…", help="run these seeds of the table alone")
    parser.add_argument("--arms", metavar="ARM,…", help="run these arms (and what they need) alone")
    parser.add_argument("--runs", type=Path, help="folder of the chains (default runs/study/TABLE)")
    parser.add_argument("--out", type=Path, default=Path("study"), help="folder of the document (default study)")
    parser.add_argument("--no-run", action="store_true", help="run nothing, write the document of what is finished")
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="of every chain, e.g. data.root=/data/scannet"
    )


def main(args: argparse.Namespace) -> int:
    """Run what is missing, write the document; 1 where a chain failed."""
    from bscnet.study.cases import all_cases
    from bscnet.study.record import load_records
    from bscnet.study.runner import Runner
    from bscnet.study.table import read_table

    for name in ("jobs", "threads"):
        if getattr(args, name) < 1:
            raise InputError(f"--{name} is {getattr(args, name)}, it must be at least 1")
    table = read_table(args.table)
    seeds, arms = _wanted(args, table)
    file = args.out / f"{table.name}.json"
    done = load_records(file)

    def save(records: Mapping[Case, Record]) -> None:
        _write(args, table, records)

    whole = True
    make_folder(args.out, "--out")
    if not args.no_run:
        wanted = [case for case in all_cases(table) if case.seed in seeds and case.arm in arms]
        runs = (args.runs or Path("runs") / "study" / table.name).absolute()
        runner = Runner(table, runs, args.overrides, args.jobs, args.threads, done, save, _say)
        whole = runner.run(wanted)
    save(done)
    print(f"{file.with_suffix('.md')}: {len(done)} chains")
    return 0 if whole else 1


def _wanted(args: argparse.Namespace, table: Table) -> tuple[set[int], set[str]]:
    """Seeds and arms that are to be run; InputError: one is not of the table."""
    known = {seed for arm in table.arms.values() for seed in arm.seeds}
    seeds = {str(seed): seed for seed in sorted(known)}
    given = list(seeds) if args.seeds is None else args.seeds.split(",")
    if strange := [word for word in given if word not in seeds]:
        raise InputError(f"--seeds {strange[0]}: seeds of {table.name} are {','.join(seeds)}")
    arms = list(table.arms) if args.arms is None else args.arms.split(",")
    if unknown := [arm for arm in arms if arm not in table.arms]:
        raise InputError(f"--arms {unknown[0]}: arms of {table.name} are {','.join(table.arms)}")
    return {seeds[word] for word in given}, set(arms)


def _write(args: argparse.Namespace, table: Table, records: Mapping[Case, Record]) -> None:
    from bscnet.study.cases import all_cases
    from bscnet.study.figures import study_figure
    from bscnet.study.findings import findings
    from bscnet.study.report import as_values, document

    known = {case: records[case] for case in all_cases(table) if case in records}
    sections = findings(table, known)
    stem = args.out / table.name
    command = shlex.join(["bscnet", "study", args.table])
    # records of a table that has been changed since stay in the file: they have cost time
    write_json_whole(stem.with_suffix(".json"), as_values(table, sections, records), indent=1)
    write_text_whole(stem.with_suffix(".md"), document(table, sections, command, f"{table.name}.png"))
    study_figure(table, sections).savefig(stem.with_suffix(".png"), dpi=120)


def _say(line: str) -> None:
    print(line, flush=True, file=sys.stdout)
