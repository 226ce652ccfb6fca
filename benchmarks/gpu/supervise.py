"""Parts one after the other, each so that its end, however bad, is not that of the next one."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common.process import Worker
from benchmarks.gpu.plan import PARTS, rows_file
from benchmarks.gpu.setting import Row

GRACE_SECONDS = 15
"""Past its time a part may finish what it is at."""

DRY_VARIABLES = {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
"""Of a process of a dry run: Triton chooses to interpret when it is imported."""

OK, FAILED, NOT_RUN = "ok", "failed", "not run"


def run_parts(names: Sequence[str], folder: Path, seconds: float, dry_run: bool) -> list[dict[str, Any]]:
    """What every part found, in the order of `names`.

    One process computes all of them, so that libraries load once; a part that ends it, or spoils the device for it, or
    does not end by itself, costs the next one a new process.
    """
    deadline = time.monotonic() + seconds
    worker: Worker | None = None
    found: list[dict[str, Any]] = []
    try:
        for name in names:
            part, left = PARTS[name], deadline - time.monotonic()
            if left < part.at_least:
                why = f"{max(left, 0):.0f} s were left, it wants {part.at_least:.0f}"
                found.append({"part": name, "status": NOT_RUN, "reason": why, "seconds": None, "rows": []})
                continue
            print(f"{part.title} …", file=sys.stderr, flush=True)
            allowed = min(part.at_most, left)
            began = time.monotonic()
            try:
                worker = worker or _started(folder, dry_run)
                answer = _asked(worker, name, allowed)
            except RuntimeError as error:
                reason = " / ".join(str(error).splitlines()[-3:])[:300]
                answer = {"reason": reason, "seconds": time.monotonic() - began, "usable": False}
            found.append(_outcome(name, _rows(folder, name), answer["reason"], answer["seconds"]))
            if not answer["usable"]:
                worker = _without(worker)
    finally:
        _without(worker)
    return found


def _outcome(name: str, rows: list[Row], reason: str | None, seconds: float) -> dict[str, Any]:
    good = reason is None and all(row["ok"] for row in rows)
    return {"part": name, "status": OK if good else FAILED, "reason": reason, "seconds": seconds, "rows": rows}


def _rows(folder: Path, name: str) -> list[Row]:
    file = rows_file(folder, name)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def _started(folder: Path, dry_run: bool) -> Worker:
    variables = {"TRITON_CACHE_DIR": str(folder / "triton")}  # an empty one, so that compiling is seen
    if dry_run:
        variables |= DRY_VARIABLES
    words = [str(folder), "dry" if dry_run else "real"]
    worker = Worker("the device", "benchmarks.gpu.child", words, folder / f"child-{os.urandom(4).hex()}.log", variables)
    try:
        worker.answer()
    except RuntimeError:
        worker.close()
        raise
    return worker


def _asked(worker: Worker, name: str, seconds: float) -> dict[str, Any]:
    ended = threading.Timer(seconds + GRACE_SECONDS, worker.process.kill)
    ended.start()
    try:
        return worker.ask(f"{name} {seconds}")
    except RuntimeError as error:
        if not ended.is_alive():
            raise RuntimeError(f"it was ended after {seconds + GRACE_SECONDS:.0f} s") from error
        raise
    finally:
        ended.cancel()


def _without(worker: Worker | None) -> Worker | None:
    """End a process, if there is one; None in its place."""
    if worker is not None:
        worker.close()
    return None
