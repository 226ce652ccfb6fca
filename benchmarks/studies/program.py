"""Writes benchmarks/study.md and .json and the README's place from what `bscnet study` has left in benchmarks/study.

First `bscnet study rooms --out benchmarks/study`, and then `python -m benchmarks.studies`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common.results import FOLDER, INDEX, README, Place, Results
from benchmarks.studies.report import document, front, summary
from bscnet.errors import InputError

RESULTS = Results(
    "study",
    document,
    (Place(INDEX, "study", summary), Place(README, "accuracy", front)),
    command="python -m benchmarks.studies",
)
STUDIES = FOLDER / "study"


def collect(folder: Path) -> dict[str, Any]:
    """The findings of every study of a folder, and what its arms are, without its chains.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    files = sorted(folder.glob("*.json"))
    if not files:
        raise InputError(f"{folder} holds no study: bscnet study TABLE --out {folder} makes one")
    studies = []
    for file in files:
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            arms = {name: arm["about"] for name, arm in found["arms"].items()}
            studies.append(
                {"study": found["study"], "title": found["title"], "arms": arms, "sections": found["sections"]}
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{file} is not the file of a study: {type(error).__name__} {error}") from error
    return {"studies": studies}


def run(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m benchmarks.studies", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=Path, default=STUDIES, help="folder that bscnet study has written to")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder to write to")
    args = parser.parse_args(words)
    found = collect(args.studies)
    RESULTS.publish(found, args.out)
    print(f"{args.out / 'study.md'}: {len(found['studies'])} studies")
    return 0
