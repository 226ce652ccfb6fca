"""The document `probe.md`: what was measured in sentences and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bscnet.counted import counted
from bscnet.probe.gaussian import VARIANTS, gaussian_nmse
from bscnet.probe.operators import CENTRED, FULL, NEAREST, OPERATORS, OWN, RANDOM
from bscnet.viz.markdown import table

LOW_PASS_RHO = 0.5
"""Correlation of features in the prediction for kernels that are the same in all cells."""

_SHORT = {OWN: "own", CENTRED: "centred windows", FULL: "d1 all present", NEAREST: "d2 nearest", RANDOM: "d3 by lot"}
_OPERANDS = {"sign_w": "sign W", "sign_h": "sign h", "both": "both"}

Content = Mapping[str, Any]


def document(found: Content, figures: Mapping[str, str]) -> str:
    """The whole Markdown file. Args: figures: file name of each figure, by what it shows."""
    parts = ["# Quantization error, layer by layer", _head(found), "## Arms", *_arms(found)]
    parts += ["## What shifted windows do", *_shifting(found), "## Dense windows against sparse ones", *_dense(found)]
    parts += ["## By number of present cells", *_neighbours(found)]
    if len(found["arms"]) > 1:
        parts += ["## Change of error and change of mIoU", *_changes(found)]
    for arm in found["arms"]:
        parts += [f"## Layers of {arm['arm']}", *_layers(arm)]
    parts += ["## Figures", *(f"![{shown}]({name})" for shown, name in figures.items())]
    return "\n\n".join(parts) + "\n"


def _head(found: Content) -> str:
    return (
        f"{counted(len(found['scenes']), 'validation scene')} of {found['data']} at {100 * found['voxel_size']:g} cm, "
        "no augmentation, networks in eval mode. NMSE = 1 - <Y,B>²/(|Y|²|B|²) over the sites of all scenes, summed "
        "over a layer's channels; Y = conv(h; W), B the same with sign W, sign h or both, h the features whose sign is "
        f'taken. Raw unless "mean-centred" is said. Fewer than {found["min_sites"]} sites give no value. ± is the '
        "sample standard deviation over an arm's chains or, where it has one chain, over the scenes; means over layers "
        "count every layer alike."
    )


def _arms(found: Content) -> Iterator[str]:
    heads = ["arm", "operands", "windows", "chains", "layers", *(f"NMSE {_OPERANDS[v]}" for v in VARIANTS)]
    heads += ["both, mean-centred", "mIoU, %", "mIoU as recorded, %"]
    rows = []
    for arm in found["arms"]:
        own = [_value(arm["nmse"][variant]["raw"]) for variant in VARIANTS]
        recorded = [chain["recorded_miou"] for chain in arm["chains"]]
        rows.append(
            [
                *(f"`{arm['arm']}`", arm["precision"], "shifted" if arm["shifted"] else "plain"),
                *(str(len(arm["chains"])), str(arm["nmse"]["both"]["raw"]["number"]), *own),
                *(_value(arm["nmse"]["both"]["centred"]), _percent(arm["miou"])),
                ", ".join("" if one is None else f"{100 * one:.2f}" for one in recorded),
            ]
        )
    yield "\n".join(table(heads, rows, left=3))
    yield "\n".join(
        f"- `{arm['arm']}`: "
        + ", ".join(f"{one['path']} (stage {one['stage']}, seed {one['seed']})" for one in arm["chains"])
        for arm in found["arms"]
    )
    yield (
        "mIoU is that of the scenes above as they are, the recorded one that of all validation scenes by the protocol "
        "of the chain. In a chain with 1-bit weights W are the latent weights."
    )


def _shifting(found: Content) -> Iterator[str]:
    shifted = {arm["arm"]: arm["shifted"] for arm in found["arms"]}
    said = False
    for row in found["changes"]:
        if (row["variant"], row["fit"]) != ("both", "raw") or shifted[row["arm"]] == shifted[row["against"]]:
            continue
        said = True
        yield _shift_sentence(row, found)
    for row in found["dense"]:
        if (row["operator"], row["variant"], row["fit"]) == (CENTRED, "both", "raw"):
            said = True
            yield (
                f"`{row['arm']}`, same layers, features and weights: NMSE {row['after']:.4f} with the windows put back "
                f"on their sites, {row['before']:.4f} as they are shifted, over "
                f"{counted(row['change']['number'], 'layer')}: shifting {_verdict(_reversed(row))}."
            )
    if not said:
        yield "None of the chains has shifted windows."


def _shift_sentence(row: Content, found: Content) -> str:
    """A shifted arm against a plain one, whichever of the two came first."""
    arms = {arm["arm"]: arm for arm in found["arms"]}
    new, old = row["arm"], row["against"]
    if arms[old]["shifted"]:
        new, old, row = old, new, _reversed(row)
    if row["change"]["mean"] is None:
        return f"`{new}` against `{old}`: no layer has enough sites in both."
    unlike = arms[new]["precision"], arms[old]["precision"]
    note = "" if unlike[0] == unlike[1] else f" They were trained at {unlike[0]} and {unlike[1]}, which differs too."
    return (
        f"`{new}` (shifted) against `{old}` (plain): NMSE {row['after']:.4f} against {row['before']:.4f} over "
        f"{counted(row['change']['number'], 'layer')} of {counted(row['pairs'], 'pair')} of chains: shifting "
        f"{_verdict(row)}.{note}"
    )


def _verdict(row: Content) -> str:
    """In words and numbers, what a change of error is."""
    mean, std = row["change"]["mean"], row["change"]["std"]
    if mean == 0:
        return "leaves the error as it is"
    word, layers = ("raises", row["raised"]) if mean > 0 else ("lowers", row["lowered"])
    amount = f"by {abs(mean):.4f}" + ("" if std is None else f" ± {std:.4f}")
    little = ", no more than its spread" if std is not None and abs(mean) <= std else ""
    return f"{word} the error {amount}{little} ({word} that of {counted(layers, 'layer')})"


def _reversed(row: Content) -> dict[str, Any]:
    """A comparison with its sides exchanged."""
    change = row["change"]
    return {
        **row,
        "before": row["after"],
        "after": row["before"],
        "change": {**change, "mean": None if change["mean"] is None else -change["mean"]},
        "raised": row["lowered"],
        "lowered": row["raised"],
    }


def _dense(found: Content) -> Iterator[str]:
    heads = ["arm", "operator", "layers", "NMSE", "own, same layers", "difference", "difference, mean-centred"]
    rows = []
    centred = {(row["arm"], row["operator"]): row for row in found["dense"] if _is(row, "both", "centred")}
    for row in found["dense"]:
        if not _is(row, "both", "raw"):
            continue
        other = centred.get((row["arm"], row["operator"]))
        rows.append(
            [
                *(f"`{row['arm']}`", _SHORT[row["operator"]], str(row["change"]["number"])),
                *(f"{row['after']:.4f}", f"{row['before']:.4f}", _value(row["change"], sign=True)),
                "" if other is None else _value(other["change"], sign=True),
            ]
        )
    yield "\n".join(table(heads, rows, left=2)) if rows else "No layer has enough sites."
    most = max(one["neighbours"]["sites"][-1] for arm in found["arms"] for one in arm["layers"])
    if most < found["min_sites"]:
        yield (
            f"No layer has {found['min_sites']} sites whose 27 cells are all present (the most are {most:.0f}), so d1 "
            "has no value."
        )
    yield "\n".join(f"- {_SHORT[name]}: {meaning}." for name, meaning in found["operators"].items())


def _neighbours(found: Content) -> Iterator[str]:
    labels = [arm["arm"] for arm in found["arms"]]
    heads = ["present cells", *(f"`{label}`" for label in labels), "Gaussian, independent cells"]
    heads.append(f"Gaussian, low-pass, rho {LOW_PASS_RHO:g}")
    rows = []
    for place, present in enumerate(found["present"]):
        cells = []
        for arm in found["arms"]:
            curve = arm["neighbours"]["both"]["raw"]["all"]
            cells.append(_value({"mean": curve["mean"][place], "std": curve["std"][place]}))
        predicted = [float(gaussian_nmse(present, LOW_PASS_RHO, kernel_rho)) for kernel_rho in (0.0, 1.0)]
        rows.append([str(present), *cells, *(f"{value:.4f}" for value in predicted)])
    yield "\n".join(table(heads, rows, left=0))
    yield (
        "NMSE with both operands 1-bit, fitted in each bin by itself, in the mean over the layers that have enough "
        "sites in it: neighbouring bins may hold different layers, `probe.json` has them one by one."
    )


def _changes(found: Content) -> Iterator[str]:
    first = found["arms"][0]["arm"]
    heads = ["arm", "change of NMSE, both", "mean-centred", "sign W", "sign h", "change of mIoU, points"]
    rows = []
    for arm in found["arms"][1:]:
        known = {(row["variant"], row["fit"]): row for row in found["changes"] if _against(row, arm["arm"], first)}
        keys = (("both", "raw"), ("both", "centred"), ("sign_w", "raw"), ("sign_h", "raw"))
        cells = [_value(known[key]["change"], sign=True) for key in keys]
        rows.append([f"`{arm['arm']}`", *cells, _percent(known["both", "raw"]["miou"], sign=True)])
    yield f"Against `{first}`, the first chain that was given; chains of the same seed are paired."
    yield "\n".join(table(heads, rows, left=1))


def _layers(arm: Content) -> Iterator[str]:
    dense = [name for name in OPERATORS if name != OWN and (name != CENTRED or arm["shifted"])]
    heads = ["layer", "level", "channels", "sites", "present", "rho", "kernel rho"]
    heads += [*(_OPERANDS[variant] for variant in VARIANTS), "both, mean-centred", "Gaussian"]
    heads += [_SHORT[name] for name in dense] + ["mIoU when alone, change in points"]
    rows = []
    for one in arm["layers"]:
        own = one["nmse"][OWN]
        rows.append(
            [
                *(f"`{one['label']}`", str(one["level"]), f"{one['in_channels']}>{one['out_channels']}"),
                *(f"{one['sites']:,.0f}", f"{one['present']:.2f}", f"{one['rho']:.3f}", f"{one['kernel_rho']:.3f}"),
                *(_value(own[variant]["raw"]) for variant in VARIANTS),
                *(_value(own["both"]["centred"]), "" if one["gaussian"] is None else f"{one['gaussian']:.4f}"),
                *(_value(one["nmse"][name]["both"]["raw"]) for name in dense),
                _percent(one["alone"]["change"], sign=True),
            ]
        )
    yield "\n".join(table(heads, rows, left=1))
    if arm["layers"][0]["alone"]["miou"]["mean"] is None:
        yield "No layer was binarized alone: the layers of this network are 1-bit already, or no point has a label."


def _is(row: Content, variant: str, fit: str) -> bool:
    return (row["variant"], row["fit"]) == (variant, fit)


def _against(row: Content, arm: str, first: str) -> bool:
    return (row["arm"], row["against"]) == (arm, first)


def _value(spread: Content, sign: bool = False) -> str:
    """An NMSE with its spread; nothing where it is not defined."""
    if spread["mean"] is None:
        return ""
    shown = f"{spread['mean']:{'+' if sign else ''}.4f}"
    return shown if spread["std"] is None else f"{shown} ± {spread['std']:.4f}"


def _percent(spread: Content, sign: bool = False) -> str:
    if spread["mean"] is None:
        return ""
    shown = f"{100 * spread['mean']:{'+' if sign else ''}.2f}"
    return shown if spread["std"] is None else f"{shown} ± {100 * spread['std']:.2f}"
