"""The finished chains that a probe is given, opened and seen to be comparable, and the arms that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bscnet.chain.reopen import Reopened, reopen
from bscnet.data.dataset import EvalDataset
from bscnet.errors import InputError
from bscnet.probe.layers import ProbedLayer, probed_layers
from bscnet.runs.finished import is_finished
from bscnet.runs.layout import chain_of
from bscnet.runs.manifest import Manifest

_SEEDS = ("seed", "method.manual_seed")
_COMPARED = ("method", "model", "recipe", "distill", "backend", "data")
# Where data lie and how they are read, which decides nothing.
_READING = ("data.root", "data.cache_dir", "data.num_workers", "data.prepare_maps", "data.datamodule")


@dataclass(frozen=True)
class ProbedChain:
    """A finished chain and what is measured of it.

    Attributes:
        path: as it was given.
        opened: its network, settings and data; scenes are placed as they are, without augmentation.
        manifest: its record.
        layers: its SSC layers.
    """

    path: str
    opened: Reopened
    manifest: Manifest
    layers: list[ProbedLayer]

    @property
    def is_shifted(self) -> bool:
        """Whether some layer's windows are shifted."""
        return any(layer.is_shifted for layer in self.layers)

    @property
    def is_real(self) -> bool:
        """Whether no operand of its SSC layers is 1-bit."""
        return all(layer.is_real for layer in self.layers)

    def dataset(self, limit: int | None) -> EvalDataset:
        """Its validation scenes, or the first so many of them."""
        dataset = self.opened.data.eval_dataset("val")
        dataset.scenes = dataset.scenes[:limit]
        return dataset

    @property
    def recorded_miou(self) -> float | None:
        """mIoU of the stage as its chain recorded it, over all scenes with the protocol's placement."""
        stage = self.opened.restored.metadata["stage"]
        return next((row.val_miou for row in self.manifest.stages if row.stage == stage), None)


def open_chain(path: str, overrides: Sequence[str] = ()) -> ProbedChain:
    """Open a finished chain's directory, or a stage of one (its directory or checkpoint).

    Raises:
        InputError: no run there, the chain is not finished, or its network has no SSC layers to probe.
    """
    opened = reopen(path, overrides)
    directory = chain_of(opened.restored.checkpoint)
    if directory is None:
        raise InputError(f"{path} lies in no chain: give the directory of a finished one, or of a stage in it")
    manifest = Manifest.load(directory)
    if not is_finished(manifest):
        raise InputError(f"{path}: the chain is not finished (status {manifest.status}); resume=true goes on with it")
    try:
        layers = probed_layers(opened.restored.network)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    opened.data.eval_augment = False
    return ProbedChain(path, opened, manifest, layers)


def require_comparable_networks(chains: Sequence[ProbedChain]) -> None:
    """See that all chains label the same classes of the same scenes from the same features, with the same layers.

    Raises:
        InputError: names the first two that do not, and in what they differ; or one that was given twice.
    """
    first, *others = chains
    seen = {first.opened.restored.checkpoint.resolve()}
    for other in others:
        if (checkpoint := other.opened.restored.checkpoint.resolve()) in seen:
            raise InputError(f"{other.path} was given twice")
        seen.add(checkpoint)
        here, there = _likeness(first), _likeness(other)
        for what, value in here.items():
            if value != there[what]:
                raise InputError(f"{first.path} and {other.path} differ in {what}, so they cannot be compared")


def _likeness(chain: ProbedChain) -> dict[str, Any]:
    known = chain.opened.restored.metadata
    return {
        "their classes": [str(name) for name in known["class_names"]],
        "their features": (known["in_channels"], known.get("features")),
        "their voxel size": chain.opened.voxel_size,
        "their validation scenes": chain.dataset(None).scenes,
        "their layers": [(one.name, one.conv.in_channels, one.conv.out_channels) for one in chain.layers],
    }


def by_arm(chains: Sequence[ProbedChain]) -> dict[str, list[ProbedChain]]:
    """Chains that differ in nothing but seeds side by side, under a name of their own.

    The name is the method's, then whatever settings tell it apart from other arms of the method.
    """
    known = [_aspects(chain) for chain in chains]
    arms: dict[str, list[ProbedChain]] = {}
    names: dict[str, str] = {}
    for chain, aspects in zip(chains, known, strict=True):
        rivals = [other for other in known if other["method.name"] == aspects["method.name"]]
        told = [key for key in aspects if any(other.get(key) != aspects[key] for other in rivals)]
        words = [f"{key.rpartition('.')[2]}={aspects[key]}" for key in told if not isinstance(aspects[key], list)]
        name = " ".join([aspects["method.name"], *words])
        # Arms that only differ in a list, such as their stages.
        identity = repr(sorted(aspects.items()))
        number, label = 1, name
        while names.setdefault(label, identity) != identity:
            number += 1
            label = f"{name} ({number})"
        arms.setdefault(label, []).append(chain)
    return arms


def _aspects(chain: ProbedChain) -> dict[str, Any]:
    """Every setting by which arms are told apart, flat; method and precision come first."""
    settings = chain.opened.settings.plain
    flat = dict(_flat({key: settings[key] for key in _COMPARED if key in settings}))
    kept = {key: value for key, value in flat.items() if key not in _SEEDS and not key.startswith(_READING)}
    return {
        "method.name": flat["method.name"],
        "precision": chain.opened.restored.metadata["precision"],
        "windows": "shifted" if chain.is_shifted else "plain",
        **{key: value for key, value in kept.items() if key != "method.name"},
    }


def _flat(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            yield from _flat(value, name)
        else:
            yield name, value
