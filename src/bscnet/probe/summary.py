"""What was measured as plain values: the content of `probe.json`, of which tables and figures are made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bscnet.probe.compare import arm_differences, dense_differences
from bscnet.probe.gaussian import VARIANTS, gaussian_nmse
from bscnet.probe.measure import FILL_SEED, FITS
from bscnet.probe.moments import MIN_SITES
from bscnet.probe.operators import NUM_BINS, OPERATORS, OWN
from bscnet.probe.responses import kernel_correlation
from bscnet.probe.run import ProbedRun
from bscnet.probe.values import ChainValues, Spread, columns, spread
from bscnet.search import layer_level
from bscnet.viz.layer_names import layer_label

PRESENT = tuple(range(1, NUM_BINS))
"""Numbers of present cells that values by neighbours stand for, in their order."""


def summarize(arms: Mapping[str, Sequence[ProbedRun]]) -> dict[str, Any]:
    """Everything that is written, as JSON holds it; None is what is not defined.

    Args:
        arms: chains that differ in nothing but seeds under one name; the first arm is what others are compared with.
    """
    known = {label: [ChainValues(run) for run in runs] for label, runs in arms.items()}
    first = next(iter(arms.values()))[0]
    metadata = first.chain.opened.restored.metadata
    content = {
        "data": metadata["data"],
        "voxel_size": first.chain.opened.voxel_size,
        "scenes": first.scenes,
        "augmentation": False,
        "min_sites": MIN_SITES,
        "fill_seed": FILL_SEED,
        "operators": OPERATORS,
        "present": list(PRESENT),
        "arms": [_arm(label, found) for label, found in known.items()],
        "dense": dense_differences(known),
        "changes": arm_differences(known),
    }
    return dict(_plain(content))


def _arm(label: str, chains: Sequence[ChainValues]) -> dict[str, Any]:
    run = chains[0].run
    return {
        "arm": label,
        "precision": run.chain.opened.restored.metadata["precision"],
        "shifted": run.chain.is_shifted,
        "spread_over": "chains" if len(chains) > 1 else "scenes",
        "miou": spread([one.run.miou for one in chains]),
        "chains": [_chain(one.run) for one in chains],
        "nmse": {variant: {fit: _mean(chains, variant, fit) for fit in FITS} for variant in VARIANTS},
        "layers": [_layer(chains, place) for place in range(len(run.measures))],
        "neighbours": {variant: {fit: _neighbours(chains, variant, fit) for fit in FITS} for variant in VARIANTS},
    }


def _chain(run: ProbedRun) -> dict[str, Any]:
    known = run.chain.opened.restored.metadata
    facts = {key: run.chain.manifest.facts.get(key) for key in ("method", "model", "recipe", "seed", "commit")}
    return {
        "path": run.chain.path,
        **facts,
        "stage": known["stage"],
        "miou": run.miou,
        "recorded_miou": run.chain.recorded_miou,
    }


def _mean(chains: Sequence[ChainValues], variant: str, fit: str) -> Spread:
    """Over the layers; the spread is over chains, or over scenes where there is one chain."""
    means = [one.mean(OWN, variant, fit) for one in chains]
    return _over_chains(means)


def _over_chains(found: Sequence[Spread]) -> Spread:
    if len(found) == 1:
        return found[0]
    return Spread(*spread([one.mean for one in found])[:2], min(one.number for one in found))


def _layer(chains: Sequence[ChainValues], place: int) -> dict[str, Any]:
    measures = [one.run.measures[place] for one in chains]
    layer = measures[0].layer
    sites = np.mean([one.sites[place] for one in chains], axis=0)
    present = float((sites * np.arange(NUM_BINS)).sum() / sites.sum())
    rho = spread([measure.rho for measure in measures]).mean
    kernel_rho = spread([kernel_correlation(measure.layer.conv.weight) for measure in measures]).mean
    alone = [one.run.alone.get(layer.name, math.nan) for one in chains]
    return {
        "name": layer.name,
        "label": layer_label(layer.name).removesuffix(".conv"),
        "level": layer_level(layer.name),
        "in_channels": layer.conv.in_channels,
        "out_channels": layer.conv.out_channels,
        "shifts": [[list(shift) for shift in measure.layer.shifts] for measure in measures],
        "sites": float(sites.sum()),
        "present": present,
        "rho": rho,
        "kernel_rho": kernel_rho,
        "gaussian": float(gaussian_nmse(present, _correlation(rho), _correlation(kernel_rho))),
        "nmse": {
            operator: {
                variant: {fit: _layer_value(chains, place, operator, variant, fit) for fit in FITS}
                for variant in VARIANTS
            }
            for operator in OPERATORS
        },
        "neighbours": {
            "sites": sites[1:],
            **{
                variant: {
                    fit: columns(np.array([one.by_neighbours(variant, fit)[place] for one in chains]))[1:]
                    for fit in FITS
                }
                for variant in VARIANTS
            },
        },
        "alone": {
            "miou": spread(alone),
            "change": spread([value - one.run.miou for value, one in zip(alone, chains, strict=True)]),
        },
    }


def _correlation(value: float) -> float:
    """Quotients of sums may leave the range by rounding."""
    return min(1.0, max(-1.0, value))


def _layer_value(chains: Sequence[ChainValues], place: int, operator: str, variant: str, fit: str) -> Spread:
    found = []
    for one in chains:
        scenes = spread(one.by_scene(operator, variant, fit)[place])
        found.append(Spread(float(one.whole(operator, variant, fit)[place]), scenes.std, scenes.number))
    return _over_chains(found)


def _neighbours(chains: Sequence[ChainValues], variant: str, fit: str) -> dict[str, Any]:
    """By number of present cells the mean over layers, in all and level by level, and its spread."""
    levels = np.array([layer_level(measure.layer.name) for measure in chains[0].run.measures])
    chosen = {"all": np.full(len(levels), True)}
    chosen.update({f"level {level}": levels == level for level in sorted(set(levels.tolist()))})
    return {name: _curve(chains, variant, fit, picked) for name, picked in chosen.items()}


def _curve(chains: Sequence[ChainValues], variant: str, fit: str, picked: Any) -> dict[str, Any]:
    tables = [one.by_neighbours(variant, fit)[picked] for one in chains]
    means = np.array([columns(table) for table in tables])
    if len(chains) > 1:
        around = means
    else:
        scenes = chains[0].by_neighbours_and_scene(variant, fit)[picked]
        around = np.array([columns(scenes[:, number]) for number in range(scenes.shape[1])])
    return {
        "mean": columns(means)[1:],
        "std": [spread(column).std for column in around.T][1:],
        "layers": (~np.isnan(tables[0])).sum(0)[1:],
    }


def _plain(value: Any) -> Any:
    """Lists, dicts, strings, whole numbers, floats; None in place of what is no number."""
    if isinstance(value, Spread):
        return _plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    return value
