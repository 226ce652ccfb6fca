from __future__ import annotations

import numpy as np

from bscnet.datasets.scannet.classes import CLASS_NAMES, NUM_CLASSES, class_to_nyu40, nyu40_to_class
from bscnet.ignore import IGNORE_INDEX


def test_the_twenty_classes_of_the_benchmark() -> None:
    benchmark = {1: "wall", 2: "floor", 3: "cabinet", 4: "bed", 5: "chair", 6: "sofa", 7: "table", 8: "door"}
    benchmark |= {9: "window", 10: "bookshelf", 11: "picture", 12: "counter", 14: "desk", 16: "curtain"}
    benchmark |= {24: "refrigerator", 28: "shower curtain", 33: "toilet", 34: "sink", 36: "bathtub"}
    benchmark |= {39: "otherfurniture"}
    classes = nyu40_to_class(np.arange(41))
    assert NUM_CLASSES == 20
    for nyu40, label in enumerate(classes.tolist()):
        if nyu40 in benchmark:
            assert CLASS_NAMES[label] == benchmark[nyu40]
        else:
            assert label == IGNORE_INDEX == -100


def test_the_way_back() -> None:
    classes = np.array([*range(20), IGNORE_INDEX])
    assert class_to_nyu40(classes).tolist()[-1] == 0
    np.testing.assert_array_equal(nyu40_to_class(class_to_nyu40(classes)), classes)


def test_ids_that_mean_nothing_are_ignored() -> None:
    classes = nyu40_to_class(np.array([[39, 41, 50], [149, 2**31, 1]]))
    assert classes.dtype == np.int16
    assert classes.tolist() == [[19, -100, -100], [-100, -100, 0]]
