"""A comparison of the methods on simulated rooms, from the chains that are finished.

Writes benchmarks/quick_rooms.md, .json and .png and fills its place in benchmarks/README.md. First run

    python -m bscnet.run -m experiment=quick_rooms method=real,bsc_baseline,bsc_manual,bsc_net seed=0,1,2
    python -m benchmarks.quick_rooms

With `backend=native` there and `--backend native` here the table is of that backend's chains, and has the times of the
table that it replaces beside theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.common.arguments import table_parser
from benchmarks.common.chains import chain_settings, tell
from benchmarks.common.results import INDEX, Place, Results
from benchmarks.quick_rooms.before import times_before
from benchmarks.quick_rooms.records import find_manifests, missing_chains, newest_finished, read_record
from benchmarks.quick_rooms.report import document, figure, summary
from benchmarks.quick_rooms.summary import method_row
from bscnet.chain.cost import chain_cost
from bscnet.errors import InputError
from bscnet.runs.finished import require_comparable
from bscnet.settings.words import BACKENDS

RESULTS = Results(
    "quick_rooms", document, (Place(INDEX, "quick", summary),), figure, command="python -m benchmarks.quick_rooms"
)
METHODS = ("real", "bsc_baseline", "bsc_manual", "bsc_net")


def collect(runs: Path, seeds: list[int], backend: str | None = None) -> dict[str, Any]:
    """Everything that the table says, as plain values; of chains on any backend where none is named.

    Raises:
        InputError: no finished chain of these methods and seeds, or chains that cannot be compared.
    """
    manifests = find_manifests(runs)
    finished = newest_finished(manifests, backend)
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
        on = f" on backend {backend}" if backend else ""
        raise InputError(f"{runs} holds no finished chain of {', '.join(METHODS)} with seeds {seeds}{on}")
    require_comparable(settings)
    facts = {key: chains[0][key] for key in ("model", "data", "voxel_size", "recipe")}
    data = next(iter(settings.values())).data
    scenes = {key: getattr(data, key) for key in ("train_scenes", "val_scenes", "rooms_seed")}
    missing = missing_chains(manifests, METHODS, seeds, backend)
    return {
        **facts,
        **scenes,
        "simulated": facts["data"] == "rooms",
        "missing": missing,
        "rows": rows,
        "chains": chains,
    }


def run(words: Sequence[str] | None = None) -> int:
    parser = table_parser(RESULTS.name, __doc__, "wanted seeds")
    parser.add_argument("--backend", choices=BACKENDS, default=None, help="of the chains (default: any)")
    args = parser.parse_args(words)
    found = collect(args.runs, args.seeds, args.backend)
    if args.backend is not None:
        found["before"] = times_before(args.out / f"{RESULTS.name}.json", found, args.backend)
    RESULTS.publish(found, args.out)
    tell(found, args.out / f"{RESULTS.name}.md")
    return 0
