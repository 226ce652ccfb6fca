"""A pass of a network over its validation scenes in which its layers are measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bscnet.data.collate import Batch
from bscnet.evaluation.split_scores import SplitScores
from bscnet.probe.alone import binarized
from bscnet.probe.chains import ProbedChain
from bscnet.probe.layers import watched
from bscnet.probe.measure import LayerMeasure, Measurement
from bscnet.probe.moments import all_bins, scale
from bscnet.probe.operators import OWN

Pass = Callable[[Iterable[Batch]], Iterable[Batch]]


@dataclass(frozen=True)
class ProbedRun:
    """What was measured of a chain.

    Attributes:
        chain: which one.
        scenes: names of the scenes.
        miou: of its network on them, without augmentation; NaN where no point has a label.
        measures: its layers in forward order.
        alone: by layer, mIoU with that layer alone binarized; empty where the network's layers are 1-bit already.
    """

    chain: ProbedChain
    scenes: list[str]
    miou: float
    measures: list[LayerMeasure]
    alone: dict[str, float]


def probe_chain(chain: ProbedChain, limit: int | None = None, shown: Pass = lambda batches: batches) -> ProbedRun:
    """Measure a chain's layers and, where they are real, its mIoU with each of them binarized.

    The factors of a binarized layer are the least-squares ones over all sites of all scenes, so a second pass over the
    scenes follows the first.

    Args:
        chain: which one.
        limit: only the first so many validation scenes; None: all.
        shown: wraps each pass over the scenes, for a progress bar.

    Raises:
        InputError: the device or backend of its settings cannot serve, or a scene cannot be read.
    """
    data, predictor, dataset = chain.opened.data, chain.opened.predictor(), chain.dataset(limit)
    scores, measurement = SplitScores(data.class_names), Measurement(chain.layers)
    for batch in shown(data.loader(dataset)):
        measurement.begin_scene()
        with watched(chain.layers, measurement.see):
            predictor.labelled(batch)
        # Layers that are watched are not fused: the score is that of the network as it always runs.
        scores.add(predictor.labelled(batch))
    measures = list(measurement.measures.values())
    alone: dict[str, SplitScores] = {}
    if chain.is_real:
        alone = {measure.layer.name: SplitScores(data.class_names) for measure in measures}
        factors = {measure.layer.name: scale(all_bins(measure.sums[OWN, "both"]))[0] for measure in measures}
        for batch in shown(data.loader(dataset)):
            for measure in measures:
                with binarized(measure.layer, factors[measure.layer.name]):
                    alone[measure.layer.name].add(predictor.labelled(batch))
    found = {name: float(one.whole.miou) for name, one in alone.items()}
    return ProbedRun(chain, list(dataset.scenes), float(scores.whole.miou), measures, found)
