"""The README's comparison of the methods on simulated rooms, from the chains that are finished.

Writes benchmarks/quick_rooms.md, .json and .png and fills the README's place for the table. First run

    python -m bscnet.run -m experiment=quick_rooms method=real,bsc_baseline,bsc_manual,bsc_net seed=0,1,2
    python -m benchmarks.quick_rooms
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from benchmarks.common.chain_table import ChainTable
from benchmarks.quick_rooms.cost import chain_cost, chain_settings
from benchmarks.quick_rooms.records import find_manifests, missing_chains, newest_finished, read_record
from benchmarks.quick_rooms.summary import markdown_table, method_row
from bscnet.errors import InputError, shown
from bscnet.runs.finished import require_comparable
from bscnet.viz.comparison import score_figure

ROOT = Path(__file__).resolve().parents[2]
NAME = "quick_rooms"
METHODS = ("real", "bsc_baseline", "bsc_manual", "bsc_net")


def collect(runs: Path, seeds: list[int]) -> dict[str, Any]:
    """Everything that the table says, as plain values.

    Raises:
        InputError: no finished chain of these methods and seeds, or chains that cannot be compared.
    """
    manifests = find_manifests(runs)
    finished = newest_finished(manifests)
    rows, chains = [], []
    settings = {manifest.directory: chain_settings(manifest) for manifest in finished.values()}
    for method in METHODS:
        found = [finished[method, seed] for seed in seeds if (method, seed) in finished]
        if not found:
            continue
        records, costs = [read_record(manifest) for manifest in found], []
        for manifest, record in zip(found, records, strict=True):
            costs.append(chain_cost(manifest, settings[manifest.directory]))
            chains.append({**record.facts, "epochs": record.epochs, "seconds": record.seconds, **record.scores})
        rows.append(method_row(records, costs))
    if not rows:
        raise InputError(f"{runs} holds no finished chain of {', '.join(METHODS)} with seeds {seeds}")
    require_comparable(settings)
    facts = {key: chains[0][key] for key in ("model", "data", "voxel_size", "recipe")}
    data = next(iter(settings.values()))["data"]
    scenes = {key: data.get(key) for key in ("train_scenes", "val_scenes", "rooms_seed")}
    missing = missing_chains(manifests, METHODS, seeds)
    return {
        **facts,
        **scenes,
        "simulated": facts["data"] == "rooms",
        "missing": missing,
        "rows": rows,
        "chains": chains,
    }


def notes(found: Mapping[str, Any]) -> str:
    """What a reader must know about the table."""
    backends = sorted({backend for row in found["rows"] for backend in row["backends"]})
    commits = sorted({commit for row in found["rows"] for commit in row["commits"]})
    seeds = sorted({seed for row in found["rows"] for seed in row["seeds"]})
    text = (
        f"{'Simulated rooms, not ScanNet' if found['simulated'] else found['data']}: {found['train_scenes']} scenes to "
        f"train on and {found['val_scenes']} to score, voxels of {100 * found['voxel_size']:g} cm, {found['model']}, "
        f"recipe {found['recipe']}, seeds {', '.join(map(str, seeds))}. val mIoU, pixel and mean accuracy of the last "
        "stage's checkpoint: mean ± sample standard deviation over the seeds. OPs = FLOPs + BOPs / 64 of the final "
        "network for a validation scene, in the mean over all of them: executed counts the pairs of the shifted "
        "windows, nominal those of windows centred on their sites. Batch norm, activations and scales are in neither "
        "column. Epochs and time (training and scoring) are those of all stages together. "
        f"Backend: {', '.join(backends)}. Commit: {', '.join(commits)}.\n"
    )
    if found["missing"]:
        text += f"\nMissing: {'; '.join(found['missing'])}.\n"
    return text


def summary(found: Mapping[str, Any]) -> str:
    """The short form for the README."""
    links = f"Every seed: [plot](benchmarks/{NAME}.png), [numbers](benchmarks/{NAME}.json)."
    return f"{markdown_table(found['rows'])}\n{notes(found)}\n{links}"


def document(found: Mapping[str, Any]) -> str:
    """The whole Markdown file."""
    return (
        f"# Four methods on the same rooms\n\nMade by `python -m benchmarks.quick_rooms`.\n\n"
        f"{markdown_table(found['rows'])}\n{notes(found)}\n![val mIoU of every seed]({NAME}.png)\n"
    )


def figure(found: Mapping[str, Any]) -> Figure:
    """The plot."""
    scores = {
        row["method"]: [chain["val/miou"] for chain in found["chains"] if chain["method"] == row["method"]]
        for row in found["rows"]
    }
    data = "simulated rooms" if found["simulated"] else found["data"]
    return score_figure(scores, f"{data}, {100 * found['voxel_size']:g} cm, a point a seed")


TABLE = ChainTable(NAME, "python -m benchmarks.quick_rooms", "quick", document, summary, figure)


def main() -> int:
    parser = argparse.ArgumentParser(description="Make benchmarks/quick_rooms.{md,json,png} from finished chains.")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / NAME, help="folder of the chains")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks", help="folder to write to")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="wanted seeds (default 0 1 2)")
    parser.add_argument("--no-readme", action="store_true", help="leave README.md as it is")
    args = parser.parse_args()

    def action() -> int:
        found = collect(args.runs, args.seeds)
        TABLE.write(found, args.out, None if args.no_readme else ROOT / "README.md")
        TABLE.tell(found, args.out)
        return 0

    return shown(action)
