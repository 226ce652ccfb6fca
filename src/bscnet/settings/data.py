"""The config group `data`: a data set, what a network sees of it, and how it is loaded.

A data set may have keys of its own beside these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from bscnet.settings.group import OWN, OWN_OR_NULL
from bscnet.settings.numbers import Count, Natural, NonNegative, Positive, Seed
from bscnet.settings.rules import Names, Number

Features = Annotated[tuple[str, ...] | None, Names(optional=True)]
Classes = Annotated[int | None, Number(2, whole=True, optional=True)]


@dataclass(frozen=True, kw_only=True)
class DatamoduleSettings:
    """The constructor call of a data set; what is further there goes to its class, which checks it."""

    _target_: Annotated[str, "the class of the data set"]
    eval_batch_size: Annotated[Count, "scenes scored at once"] = 1
    limit_train_scenes: Annotated[Count | None, "only the first so many; null: all"] = None
    limit_val_scenes: Annotated[Count | None, "only the first so many; null: all"] = None
    pin_memory: Annotated[Literal["auto"] | bool, "page-locked batches; auto: where the training runs on a GPU"] = (
        "auto"
    )
    augment: Annotated[bool, "random placement and colours of training scenes, by the config group augmentation"] = True
    eval_augment: Annotated[bool, "the protocol's fixed random mirror, rotation and jitter of a scored scene"] = True
    eval_offset: Annotated[
        bool, "scored scenes lie anywhere in the cube, as in SparseConvNet's code; false: in its middle"
    ] = False
    whole_centimetres: Annotated[
        bool | None, OWN, "depths are cut to whole centimetres, as SparseConvNet's example stores them"
    ] = None
    further: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """A data set on voxels."""

    name: Annotated[str, "what the data set is called"]
    root: Annotated[str, "its folder"]
    voxel_size: Annotated[Positive, "metres"]
    num_classes: Annotated[Classes, "classes to learn; null: as many as the data set's description names"]
    datamodule: DatamoduleSettings
    features: Annotated[
        Features,
        "of a point: rgb, height, offset, one, and what the data set measures; in this order they are the channels; "
        "null: as the data set's description says",
    ] = ("rgb",)
    in_channels: Annotated[Count | None, "null: what the features make"] = None
    repeats: Annotated[Count, "how often an epoch shows each training scene, every time placed anew"] = 1
    val_reps: Annotated[Count, "placements of a scored scene, over which its scores are summed"] = 1
    num_workers: Annotated[Natural, "loading processes; 0: none"] = 1
    prepare_maps: Annotated[
        Literal["auto"] | bool,
        "loading processes make the kernel maps of torch and native; auto: where cores are left",
    ] = "auto"
    cache_dir: Annotated[str | None, "folder for decoded scans and voxelized scenes; null: none"] = None
    train_scenes: Annotated[Count | None, OWN, "simulated scenes to train on"] = None
    val_scenes: Annotated[Count | None, OWN, "simulated scenes to score"] = None
    rooms_seed: Annotated[Seed | None, OWN, "decides every byte of the rooms; not the seed of a run"] = None
    fold: Annotated[Natural | None, OWN, "the part that is held out"] = None
    gap: Annotated[NonNegative | None, OWN, "metres around it that are neither trained on nor scored"] = None
    crop: Annotated[
        Positive | None, OWN_OR_NULL, "radius of a piece in metres; null: each piece is the whole training part"
    ] = None
    building_ceiling: Annotated[
        Positive | None,
        OWN_OR_NULL,
        "metres above which building is ignored, in the crowns over the roof; null: it counts",
    ] = None
    further: Mapping[str, Any]
