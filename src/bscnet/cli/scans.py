"""Which scans the words of a command mean, and where each goes."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bscnet.cli.outputs import check_folder, check_output
from bscnet.clouds.below import clouds_below
from bscnet.clouds.open import ENDINGS, format_of
from bscnet.errors import InputError

STANDARD_OUTPUT = Path("-")
"""In place of a file to write."""

LABELLED = "labelled"
"""What outputs are called where no name is given."""

_COPC = ".copc.laz"


class Scan(NamedTuple):
    """A cloud's file, and its name within a folder of outputs."""

    path: Path
    name: Path


class Job(NamedTuple):
    """A cloud's file, and the file to write.

    Attributes:
        source: what is read.
        target: what is written; its ending tells the format. A bare name where a stream is written.
        stream: a pipe or device to write, or `STANDARD_OUTPUT`; None: the target itself.
    """

    source: Path
    target: Path
    stream: Path | None = None


class Plan(NamedTuple):
    """What is to be done.

    Attributes:
        jobs: a scan each.
        into_folder: whether their files go into a folder, be they one or many.
        output: that folder, or the one file or stream.
    """

    jobs: list[Job]
    into_folder: bool
    output: Path


def find_scans(words: Sequence[str]) -> tuple[list[Scan], bool]:
    """The scans that files, folders and patterns mean, and whether they are one file named as such.

    Raises:
        InputError: a word means no cloud, or two mean the same.
    """
    scans: list[Scan] = []
    for word in words:
        path = Path(word)
        if path.is_dir():
            found = [Scan(file, file.relative_to(path)) for file in clouds_below(path)]
            if not found:
                raise InputError(f"{word}: no clouds in this folder, their names end in {', '.join(ENDINGS)}")
        elif not path.exists() and glob.escape(word) != word:
            found = [Scan(Path(file), Path(Path(file).name)) for file in sorted(glob.glob(word, recursive=True))]
            if not found:
                raise InputError(f"{word}: no such file, and no file fits the pattern")
        else:
            found = [Scan(path, Path(path.name))]
        scans += found
    seen: dict[Path, Path] = {}
    for scan in scans:
        if seen.setdefault(scan.path.absolute(), scan.path) is not scan.path:
            raise InputError(f"{scan.path}: this scan is given twice")
    return scans, len(words) == 1 and [Path(words[0])] == [scan.path for scan in scans]


def plan_jobs(words: Sequence[str], output: str | None, ending: str | None, kept: Sequence[Path]) -> Plan:
    """What is read, and where it is written.

    Args:
        words: files, folders and patterns.
        output: a file for one scan, a folder, or `STANDARD_OUTPUT`; None: in the current folder, for one scan a file
            that is called as it is and LABELLED, otherwise a folder of that name.
        ending: of the files written into a folder or to a stream, such as "ply"; None: of their sources.
        kept: further files that must not be overwritten.

    Raises:
        InputError: a word means no cloud; an output is an input, cannot be written, has an ending that no format has,
            or would be written twice.
    """
    scans, single = find_scans(words)
    suffix = None if ending is None else f".{ending.removeprefix('.').lower()}"
    if suffix is not None and suffix not in ENDINGS:
        raise InputError(f"--format {ending} is not known, it must be one of {', '.join(end[1:] for end in ENDINGS)}")
    target = Path(output) if output is not None else _usual(scans[0].name, suffix) if single else Path(LABELLED)
    output = str(target)
    if target == STANDARD_OUTPUT or (suffix is not None and target.suffix == "" and _is_stream(target)):
        if len(scans) != 1:
            raise InputError(f"-o {output}: {len(scans)} scans do not fit into one stream, give a folder")
        return Plan([Job(scans[0].path, _named(scans[0].name, suffix), target)], False, target)
    if not target.is_dir() and single:
        if suffix is not None and target.suffix.lower() != suffix:
            raise InputError(f"-o {output} does not end in --format {ending}")
        format_of(target)
        check_output(target, "-o", [scans[0].path, *kept])
        return Plan([Job(scans[0].path, target)], False, target)
    if target.suffix.lower() in ENDINGS and not target.is_dir():
        raise InputError(f"-o {output}: a folder or a pattern of scans needs a folder, but this is a cloud's name")
    check_folder(target, "-o")
    jobs = [Job(scan.path, target / _named(scan.name, suffix)) for scan in scans]
    inputs = {job.source.resolve(): job.source for job in jobs} | {path.resolve(): path for path in kept}
    sources: dict[Path, Path] = {}
    for job in jobs:
        other = sources.setdefault(job.target, job.source)
        if other is not job.source:
            raise InputError(f"{other} and {job.source} would both be written to {job.target}")
        if job.target.resolve() in inputs:
            raise InputError(
                f"-o {output}: {job.target} would overwrite {inputs[job.target.resolve()]}, which is read; give "
                "another folder"
            )
        if job.target.is_dir():
            raise InputError(f"-o {output}: {job.target} is a folder, a file cannot take its place")
    return Plan(jobs, True, target)


def _is_stream(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _usual(name: Path, suffix: str | None) -> Path:
    named = _named(name, suffix)
    return named.with_stem(f"{named.stem}-{LABELLED}")


def _named(name: Path, suffix: str | None) -> Path:
    named = name if suffix is None else name.with_suffix(suffix)
    if named.name.lower().endswith(_COPC):  # no index of a COPC file is written
        named = named.with_name(named.name[: -len(_COPC)] + ".laz")
    format_of(named)
    return named
