"""Three methods on held-out real lidar: runs what is missing, then writes the table over folds and seeds.

Writes benchmarks/real_lidar.md, .json and .png, and with them its place in benchmarks/README.md. Chains that
are finished are not repeated, interrupted ones go on.

    python -m benchmarks.real_lidar                 # all of it; hours on a CPU
    python -m benchmarks.real_lidar --no-run        # the table of what there is
    python -m benchmarks.real_lidar --runs runs/real_lidar_6m --out runs/real_lidar_6m data.building_ceiling=6.0
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.common.arguments import table_parser
from benchmarks.common.chains import tell
from benchmarks.common.results import INDEX, Place, Results
from benchmarks.real_lidar.baseline import fold_baseline
from benchmarks.real_lidar.chains import Case, Result, finished, run_case, wanted_cases
from benchmarks.real_lidar.plot import figure
from benchmarks.real_lidar.report import document, summary
from benchmarks.real_lidar.summary import baseline_row, method_rows
from bscnet.errors import InputError

RESULTS = Results(
    "real_lidar", document, (Place(INDEX, "lidar", summary),), figure, command="python -m benchmarks.real_lidar"
)
METHODS = ("real", "bsc_baseline", "bsc_net")
FOLDS = (0, 1, 2)


def collect(results: dict[Case, Result], wanted: list[Case]) -> dict[str, Any]:
    """Everything that the document says, as plain values.

    Raises:
        InputError: no method has a finished chain in every fold.
    """
    rows = method_rows(results, METHODS, FOLDS)
    if not rows:
        raise InputError(f"none of {', '.join(METHODS)} has a finished chain in every one of the folds")
    settings = next(iter(results.values())).settings
    data = settings.data
    found = {fold: fold_baseline(data.root, data.gap or 0.0, data.building_ceiling, fold) for fold in FOLDS}
    points = {fold: counts for fold, (_, counts) in found.items()}
    return {
        **{key: getattr(data, key) for key in ("voxel_size", "gap", "building_ceiling", "repeats", "crop")},
        "model": settings.model.name,
        "epochs": settings.recipe.epochs,
        "threads": settings.threads,
        "points_total": sum(points[0][part] for part in ("train", "gap", "held_out")),
        "points": points,
        "commits": sorted({str(result.manifest.facts["commit"]) for result in results.values()}),
        "missing": [str(case) for case in wanted if case not in results],
        "rows": [baseline_row({fold: score for fold, (score, _) in found.items()}), *rows],
        "chains": [
            {
                **{"method": case.method, "fold": case.fold, "seed": case.seed, "features": list(case.features)},
                **{"miou": result.miou, "acc": result.acc, "iou": dict(result.iou)},
                **{"epochs": result.epochs, "seconds": result.seconds},
            }
            for case, result in results.items()
        ],
    }


def run(words: Sequence[str] | None = None) -> int:
    parser = table_parser(RESULTS.name, __doc__, "seeds without height")
    parser.add_argument("--height-seeds", type=int, nargs="*", default=[0], help="seeds with height (default 0)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of a chain (default 1)")
    parser.add_argument("--no-run", action="store_true", help="run nothing, take the chains that are finished")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="further overrides of every chain")
    args = parser.parse_args(words)
    wanted = wanted_cases(METHODS, FOLDS, args.seeds, args.height_seeds)
    done = finished(args.runs)
    for case in [] if args.no_run else wanted:
        if case not in done:
            print(f"{case}:", flush=True)
            status = run_case(case, args.runs, [f"threads={args.threads}", *args.overrides])
            if status != 0:
                return status
    found = collect(finished(args.runs), wanted)
    RESULTS.publish(found, args.out)
    tell(found, args.out / f"{RESULTS.name}.md")
    return 0
