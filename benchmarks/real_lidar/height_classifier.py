"""A classifier that knows nothing but a point's height above the ground."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bscnet.ignore import IGNORE_INDEX


class HeightClassifier:
    """Gives a point the class that most training points of its height have: the baseline that a network must beat.

    edge: thickness of a height bin in metres. Bin b holds heights from b · edge up to (b + 1) · edge. Of equally
    frequent classes the lowest id is taken; a bin without training points takes the answer of the nearest bin that has
    some, the lower one of two.
    """

    def __init__(self, num_classes: int, edge: float = 0.1) -> None:
        self.num_classes, self.edge = num_classes, edge
        self.bins: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self.answers: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def fit(self, heights: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]) -> HeightClassifier:
        """Count the classes of the labelled points, bin by bin; ValueError if no point has a label."""
        known = labels != IGNORE_INDEX
        if not known.any():
            raise ValueError("no point has a label, at least one is needed")
        self.bins, rows = np.unique(self._bin(heights[known]), return_inverse=True)
        counts = np.bincount(rows * self.num_classes + labels[known], minlength=len(self.bins) * self.num_classes)
        self.answers = counts.reshape(-1, self.num_classes).argmax(1)
        return self

    def predict(self, heights: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
        """Class of each of (P,) heights."""
        wanted = self._bin(heights)
        after = np.searchsorted(self.bins, wanted).clip(0, len(self.bins) - 1)
        before = (after - 1).clip(0)
        nearest = np.where(np.abs(self.bins[before] - wanted) <= np.abs(self.bins[after] - wanted), before, after)
        return self.answers[nearest]

    def _bin(self, heights: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
        return np.floor(heights / self.edge).astype(np.int64)
