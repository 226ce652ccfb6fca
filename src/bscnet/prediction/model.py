"""A model that labels arrays of points: what a program needs of an exported network."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bscnet import runtime
from bscnet.clouds.arrays import ArrayCloud
from bscnet.prediction.labeller import MAX_SITES, Labeller
from bscnet.runtime import Session


class Model:
    """An exported network, ready to label points; made by `bscnet.load`.

    Attributes:
        session: the network itself, for whoever has voxels and features at hand.
        class_names: name of class 0, 1, …
        label_names: names of the classes by the labels that `label` gives.

    Args:
        session: the network.
        max_sites: most voxels run at once; a larger cloud is cut into tiles.
        indices: label with the numbers of the classes, from 0, rather than with the data set's own.

    Raises:
        InputError: a model whose features points do not give.

    Examples:
        >>> import bscnet
        >>> bscnet.load("indoor-5cm").class_names[:4]
        ('wall', 'floor', 'cabinet', 'bed')
    """

    def __init__(self, session: Session, *, max_sites: int = MAX_SITES, indices: bool = False) -> None:
        self.session = session
        self.class_names: Sequence[str] = session.class_names
        self._labeller = Labeller(session, max_sites=max_sites, indices=indices)
        self.label_names: Mapping[int, str] = self._labeller.numbers.names

    def label(
        self,
        points: npt.ArrayLike,
        colors: npt.ArrayLike | None = None,
        *,
        voxel_size: float | None = None,
        **measured: npt.ArrayLike,
    ) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.float32]]:
        """The label of each point.

        Args:
            points: (P, 3) x, y, z, in the unit of the clouds that the model was trained on (metres, as a rule; see
                `session.reading`).
            colors: (P, 3) red, green, blue, 0 to 255 (or 0 to 1 or 65535, as of a cloud's file), where the model
                needs them.
            voxel_size: in the same unit; None takes the model's.
            measured: further values (P,) by name, raw, where the model needs them, such as intensity.

        Returns:
            (P,) labels, as the data set of the training has them in its files, and (P,) float32, how sure each is:
            the softmax of its class, 0 to 1.

        Raises:
            InputError: arrays of other shapes, values that the model needs and that are not there or not finite.
        """
        cloud = ArrayCloud(points, colors, measured)
        found = self._labeller.label(cloud, voxel_size=voxel_size)
        parts = [found.chunk(chunk) for chunk in found.reader.chunks()]
        return np.concatenate([part.labels for part in parts]), np.concatenate([part.confidence for part in parts])


def load(
    path: str | os.PathLike[str], threads: int | None = None, *, max_sites: int = MAX_SITES, indices: bool = False
) -> Model:
    """Read a model that ships with the package, or a model file that `bscnet export` wrote.

    Args:
        path: a name, such as "indoor-5cm", or a file (./NAME: one that is called as a model that ships).
        threads: of the network; None: one a CPU.
        max_sites: see `Model`.
        indices: see `Model`.

    Raises:
        InputError: no such name or file, a damaged one, or as of `Model`.

    Examples:
        >>> import bscnet, numpy as np
        >>> model = bscnet.load("indoor-5cm", threads=1)
        >>> points = np.random.default_rng(0).uniform(0, 1, (1000, 3))
        >>> labels, confidence = model.label(points, np.full((1000, 3), 128, np.uint8))
        >>> labels.shape, confidence.shape
        ((1000,), (1000,))
    """
    return Model(runtime.load(path, threads=threads), max_sites=max_sites, indices=indices)
