"""The weights that ship with the package: trained, exported, scored, looked at, and their model card.

Two networks are trained on the same simulated rooms by the recipe of conf/experiment/indoor_5cm.yaml: the binary one
that ships, and a real-valued one beside it. What is finished is not repeated, an interrupted training goes on.

    python -m benchmarks.shipped_weights                            # all of it
    python -m benchmarks.shipped_weights recipe.epochs=200          # another recipe
    python -m benchmarks.shipped_weights --distill                  # the real-valued network teaches the binary one
    python -m benchmarks.shipped_weights --only train export        # some steps alone, by the same recipe
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.shipped_weights.chains import KINDS, Chains

STEPS = ("train",)


def run(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.shipped_weights", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--only", nargs="+", choices=STEPS, default=STEPS, metavar="STEP", help=f"of {', '.join(STEPS)}"
    )
    parser.add_argument("--distill", action="store_true", help="the real-valued network teaches the binary one")
    parser.add_argument("--runs", type=Path, default=None, help="folder of the chains (default: the experiment's)")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="overrides of the recipe, for both networks")
    args = parser.parse_intermixed_args(words)
    chains = Chains(args.overrides, args.runs, args.distill)
    if "train" in args.only:
        for kind in KINDS:
            status = chains.train(kind)
            if status != 0:
                return status
    return 0
