"""The weights that ship with the package: trained, exported, scored, looked at, and their model card.

Two networks are trained on the same simulated rooms by the recipe of conf/experiment/indoor_5cm.yaml: the binary one
that ships, and a real-valued one beside it. What is finished is not repeated, an interrupted training goes on.

    python -m benchmarks.shipped_weights                            # all of it
    python -m benchmarks.shipped_weights recipe.epochs=200          # another recipe
    python -m benchmarks.shipped_weights --distill                  # the real-valued network teaches the binary one
    python -m benchmarks.shipped_weights --only train,export        # some steps alone, by the same recipe

train: both networks. export: their model files, the binary one into src/bscnet/weights. score: both on rooms that were
not trained on. pictures: real scans, which are fetched, and a room, into docs. card: docs/model_card.md,
benchmarks/shipped_weights.json, and the facts beside the model file.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common.arguments import require_counts
from benchmarks.common.results import ROOT
from benchmarks.shipped_weights.card import document
from benchmarks.shipped_weights.chains import Chains
from benchmarks.shipped_weights.places import RESULTS, Places
from benchmarks.shipped_weights.steps import Steps
from benchmarks.shipped_weights.summary import collect, facts
from bscnet.whole_file import write_json_whole, write_text_whole

STEPS = ("train", "export", "score", "pictures", "card")


def write_card(steps: Steps) -> None:
    """The card, its numbers and the facts beside the model, all from the same values."""
    found, places = collect(steps), steps.places
    write_json_whole(places.results, found, indent=1)
    write_json_whole(places.facts, facts(found), indent=1)
    write_text_whole(places.card, document(found))
    print(f"{places.card}: {places.model.name}, {found['bytes'] / 1e6:.2f} MB")


def run(words: Sequence[str] | None = None) -> int:
    args = _parser().parse_intermixed_args(words)
    require_counts(args, ["rooms"])
    steps = Steps(Chains(args.overrides, args.runs, args.distill), Places(args.root), args.rooms)
    if "train" in args.only:
        status = steps.train()
        if status != 0:
            return status
    for name, step in (("export", steps.export), ("score", steps.score), ("pictures", steps.pictures)):
        if name in args.only:
            step()
    if "card" in args.only:
        write_card(steps)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(f"python -m benchmarks.{RESULTS}", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", type=_steps, default=STEPS, metavar="STEP,…", help=f"some of {','.join(STEPS)}")
    parser.add_argument("--distill", action="store_true", help="the real-valued network teaches the binary one")
    parser.add_argument("--rooms", type=int, default=24, metavar="N", help="rooms to score on (default 24)")
    parser.add_argument("--runs", type=Path, default=None, help="folder of the chains (default: the experiment's)")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder to write to (default: the checkout)")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="overrides of the recipe, for both networks")
    return parser


def _steps(words: str) -> list[str]:
    found = words.split(",")
    unknown = [word for word in found if word not in STEPS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no step is called {unknown[0]!r}, they are {', '.join(STEPS)}")
    return found
