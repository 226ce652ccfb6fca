"""`bscnet predict`: give scans back with a label for each point."""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from bscnet.cli.predict_arguments import add_arguments, model_and_scans
from bscnet.cli.prediction_report import class_totals, full_report, model_note, one_line, remarks
from bscnet.cli.prediction_views import Views, check_views, draw
from bscnet.cli.reading_options import reading_of
from bscnet.cli.scans import STANDARD_OUTPUT, Job, plan_jobs
from bscnet.clouds.file import CloudFile
from bscnet.clouds.open import open_cloud
from bscnet.errors import InputError
from bscnet.installation import missing
from bscnet.prediction.label_file import LabelledFile, check_target, label_file
from bscnet.prediction.labeller import Labeller
from bscnet.prediction.progress import Progress, Silence
from bscnet.shipped import is_shipped, model_file

__all__ = ["add_arguments", "main"]


def main(args: argparse.Namespace) -> int:
    """Label the scans and say what was done and how long it took."""
    from bscnet.runtime import load

    begun = time.perf_counter()
    model, scans = model_and_scans(args.given, args.model)
    file = model_file(model)
    jobs, into_folder, output = plan_jobs(scans, args.output, args.format, [file])
    if args.skip_existing:
        jobs = [job for job in jobs if job.stream is not None or not job.target.exists()]
        if not jobs:
            print(f"{output}: all scans are labelled already")
            return 0
    views = Views(args.render, args.page, args.palette)
    outputs = [job.target for job in jobs if job.stream is None]
    check_views(views, into_folder, [file, *(job.source for job in jobs), *outputs])
    session = load(file, threads=args.threads)
    labeller = Labeller(
        session,
        reading=reading_of(args, session.reading),
        max_sites=args.max_sites,
        margin=args.margin,
        indices=args.indices,
    )
    files = _looked_at(labeller, jobs, args)
    loaded = time.perf_counter() - begun
    if into_folder:
        status = _label_all(labeller, files, jobs, output, args, views)
    else:
        _label_one(labeller, files[0], jobs[0], args, views, begun, loaded)
        status = 0
    if is_shipped(model) and not args.quiet:
        print(model_note(str(model)), file=sys.stderr)
    return status


def _label_one(
    labeller: Labeller, file: CloudFile, job: Job, args: argparse.Namespace, views: Views, begun: float, loaded: float
) -> None:
    session = labeller.session
    with _bar(args.quiet) as progress:
        done = _labelled(labeller, file, job, args, progress)
    started = time.perf_counter()
    draw(views, done, session, job.source.name)
    now = time.perf_counter()
    if not args.quiet:
        out = sys.stderr if job.stream == STANDARD_OUTPUT else sys.stdout  # which is the cloud's then
        drawn = now - started if views.files else 0.0
        print(full_report(done, session, loaded, drawn, now - begun), file=out)
        written = "; ".join(map(str, [job.stream or job.target, *views.files]))
        print(f"{written}: {file.count:,} labelled point{'s'[: file.count != 1]}", file=out)


def _label_all(
    labeller: Labeller,
    files: Sequence[CloudFile],
    jobs: Sequence[Job],
    output: Path,
    args: argparse.Namespace,
    views: Views,
) -> int:
    """Several scans; one that fails is told and does not keep the others from being labelled."""
    session, counts, failed = labeller.session, [], 0
    for number, (file, job) in enumerate(zip(files, jobs, strict=True), 1):
        started = time.perf_counter()
        try:
            with _bar(args.quiet, f"{number}/{len(jobs)} ") as progress:
                job.target.parent.mkdir(parents=True, exist_ok=True)
                done = _labelled(labeller, file, job, args, progress)
            draw(views.within(job.target.name), done, session, job.source.name)
        except InputError as error:
            failed += 1
            print(f"error: {error}", file=sys.stderr)
            continue
        counts.append(done.points_of_class)
        if not args.quiet:
            print(one_line(done, session, job.target, time.perf_counter() - started), flush=True)
            for remark in remarks(done, session):
                print(f"  note: {remark}")
    if counts and not args.quiet:
        print(f"\n{class_totals(counts, session)}\n")
    told = f"{len(counts)} of {len(jobs)} scans labelled, in {output}"
    if failed:
        print(f"error: {told}; {failed} could not be, see above", file=sys.stderr)
    elif not args.quiet:
        print(told)
    return 2 if failed else 0


def _labelled(
    labeller: Labeller, file: CloudFile, job: Job, args: argparse.Namespace, progress: Progress
) -> LabelledFile:
    with _stream(job) as stream:
        return label_file(
            labeller,
            file,
            job.target,
            stream=stream,
            voxel_size=args.voxel_size,
            palette=_palette(labeller, args) if args.color_by_class else None,
            sampled=args.render is not None or args.page is not None,
            progress=progress,
        )


@contextlib.contextmanager
def _stream(job: Job) -> Iterator[BinaryIO | None]:
    if job.stream is None or job.stream == STANDARD_OUTPUT:
        yield None if job.stream is None else sys.stdout.buffer
        return
    with job.stream.open("wb") as stream:
        yield stream


def _palette(labeller: Labeller, args: argparse.Namespace) -> np.ndarray:
    from bscnet.viz.palette import DEFAULT, class_palette

    return class_palette(labeller.session.num_classes, args.palette or DEFAULT)


def _looked_at(labeller: Labeller, jobs: Sequence[Job], args: argparse.Namespace) -> list[CloudFile]:
    """Every scan's file, once it is seen that it can be labelled and written, so that no work is lost."""
    files = []
    palette = _palette(labeller, args) if args.color_by_class else None
    for job in jobs:
        file = open_cloud(job.source, labeller.reading.columns)
        labeller.voxel_size(labeller.reader(file), args.voxel_size)
        if len(jobs) > 1:  # of one scan, labelling begins with that
            check_target(labeller, file, job.target, palette)
        files.append(file)
    return files


@contextlib.contextmanager
def _bar(quiet: bool, before: str = "") -> Iterator[Progress]:
    """A progress bar on a terminal, where rich is installed; before: what stands in front of each part's name."""
    if quiet or not sys.stderr.isatty() or missing("rich"):
        yield Silence()
        return
    from bscnet.cli.progress_bar import ProgressBar

    with ProgressBar(before) as progress:
        yield progress
