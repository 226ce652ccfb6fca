"""The document for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.common.tables import number
from benchmarks.gpu.plan import PARTS
from benchmarks.gpu.setting import PLAIN
from bscnet.viz.markdown import table

HEAD = ["# On a GPU", "", "Made by `python scripts/gpu_check.py`.", ""]
ABOUT = {
    "compile": "A UNET-S of each kind on one room, one kind after the other: kernels that an earlier row compiled are "
    "there already. spconv-triton tries two tile sizes a shape here, and more as it comes.",
    "operators": "Largest difference of values and of gradients, over their largest entry.",
    "steps": "First step from the same weights. Where a sum is within rounding of zero its sign may differ, and what "
    "it feeds with it: on the CPU alone, with the sites in another order, the loss of a 1-bit FCN-S differs by 5 % and "
    "the direction of its gradient by 0.6. Steps with 1-bit activations are only seen to be no nonsense.",
    "speed": "A step is the kernel maps made anew, forward, loss, backward and Adam, in float32 with TF32 as "
    "`trainer=gpu` has it: median of CUDA events after a warm-up. A simulated room at 5 cm, copied in the batch axis. "
    "`ratio` is on plain torch in the same case; memory is the largest that torch's allocator had given out.",
}


def not_run() -> str:
    """The document before anything was run on a device."""
    lines = [*HEAD, "**Not run on a device yet**: no number here was measured. What would be:", ""]
    return "\n".join([*lines, *(f"- {part.title}" for part in PARTS.values())]) + "\n"


def markdown(found: Mapping[str, Any]) -> str:
    """The document of what was found."""
    lines = [*HEAD]
    if found["dry_run"]:
        lines += [
            "**A dry run on a simulated device**: it shows that the program runs; no number here means anything.",
            "",
        ]
    for part in found["parts"]:
        took = "" if part["seconds"] is None else f", {part['seconds']:.0f} s"
        lines += [f"## {PARTS[part['part']].title}", "", f"{part['status']}{took}"]
        lines[-1] += f": {part['reason']}" if part["reason"] else "."
        if part["part"] in ABOUT:
            lines[-1] += f" {ABOUT[part['part']]}"
        lines.append("")
        if part["rows"]:
            lines += [*(_speed if part["part"] == "speed" else _checks)(part["rows"]), ""]
    missing = [
        planned.title for name, planned in PARTS.items() if name not in {part["part"] for part in found["parts"]}
    ]
    if missing:
        lines += [f"Not asked for: {'; '.join(missing)}.", ""]
    return "\n".join(lines[:-1]) + "\n"


def _checks(rows: list[dict[str, Any]]) -> list[str]:
    optional = [name for name in ("engine", "precision") if any(row[name] for row in rows)]
    measured = any(row["limit"] is not None for row in rows)
    cells = []
    for row in rows:
        line = [row["what"], *(row[name] for name in optional)]
        line.append(row["note"] if row["found"] is None else f"{row['found']:.1e}")
        if measured:
            line.append("" if row["limit"] is None else f"{row['limit']:.0e}")
        cells.append([*line, "yes" if row["ok"] else "NO"])
    heads = ["what", *optional, "found", *(["limit"] if measured else []), "ok"]
    return table(heads, cells, left=len(heads))


def _speed(rows: list[dict[str, Any]]) -> list[str]:
    plain = {_case(row): row["step_ms"] for row in rows if row["engine"] == PLAIN}
    cells = []
    for row in rows:
        line = [row["network"], row["kind"], row["engine"], f"{row['sites'] or row['wanted_sites']:,}"]
        ratio = _ratio(row["step_ms"], plain.get(_case(row)))
        cells.append([*line, number(row["step_ms"]), number(ratio, 2), number(row["peak_gb"]), row["reason"] or ""])
    order = ["network", "kind", "engine", "sites", "step ms", "ratio", "GiB", "why not"]
    return table(order, cells, left=3)


def _case(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["network"], row["kind"], row["wanted_sites"]


def _ratio(over: float | None, under: float | None) -> float | None:
    return None if over is None or under is None else over / under
