"""The extra dimensions of a LAS file from a LAS file: the source's, the classification that it had, and added ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bscnet.clouds.fields import Field
from bscnet.clouds.formats.las.classes import CLASSIFICATION, names_taken
from bscnet.clouds.formats.las.draft import described_as
from bscnet.clouds.formats.las.extra import Extra, describable, described, descriptor, renamed, storable
from bscnet.clouds.formats.las.layout import PointLayout
from bscnet.clouds.formats.las.reader import LasFile
from bscnet.clouds.writer import moved_names


@dataclass(frozen=True)
class CopiedExtras:
    """Extra dimensions of a copy.

    Attributes:
        layout: of its points, which begin with the bytes of the source's.
        added: fields of the layout behind those bytes: the source's classification, then the added values.
        descriptors: of all extra dimensions.
    """

    layout: PointLayout
    added: tuple[str, ...]
    descriptors: bytes


def copied_extras(source: LasFile, added: Sequence[Field]) -> CopiedExtras:
    """The extra dimensions of a copy of `source` with added values.

    Descriptors of the source stay as they are, but for names that make room for added ones. Bytes that nothing
    describes must be described then, as those behind them are.
    """
    fields, extras = [one.name for one in source.fields], source.layout.extras
    moved = moved_names(fields, names_taken(fields, [one.name for one in added]))
    told = described(source.descriptors, source.header.point_size) or []
    rest = describable(sum(one.size for one in extras.values()) - sum(one.size for one in told))
    # a field may have another name than its dimension, where that has the name of another one
    old = [replace(one, name=moved.get(name, name)) for name, one in zip(extras, told, strict=False)]
    new = [
        Extra(moved[CLASSIFICATION], np.dtype(np.uint8)),
        *(Extra(one.name, storable(one.dtype)) for one in added),
    ]
    layout = PointLayout(source.header.point_format, [*old, *rest, *new])
    named = [replace(one, name=name) for name, one in layout.extras.items()][len(old) :]
    new_names = {one.name: moved[name] for name, one in extras.items() if name in moved}
    parts = [renamed(source.descriptors, new_names)]
    parts += [descriptor(one) for one in named[: len(rest)]]
    parts += [descriptor(one, described_as(one.name)) for one in named[len(rest) :]]
    return CopiedExtras(layout, tuple(one.name for one in named[len(rest) :]), b"".join(parts))
