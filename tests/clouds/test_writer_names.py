"""What is added to a cloud takes no column away."""

from __future__ import annotations

import numpy as np

from bscnet.clouds.arrays import ArrayCloud
from bscnet.clouds.fields import Rows
from bscnet.clouds.writer import flat_columns, flat_fields, moved_names


def test_names_make_room() -> None:
    assert moved_names(["x", "intensity"], ["label", "confidence"]) == {}
    assert moved_names(["x", "Label"], ["label"]) == {"Label": "Label_input"}
    assert moved_names(["label", "label_input"], ["label"]) == {"label": "label_input2"}
    assert moved_names(["label", "LABEL"], ["label"]) == {"label": "label_input", "LABEL": "LABEL_input2"}


def test_a_cloud_as_plain_columns() -> None:
    rgb = np.arange(6, dtype=np.uint8).reshape(2, 3)
    cloud = ArrayCloud(np.arange(6.0).reshape(2, 3), rgb, {"gps": np.array([1, 2], np.int64)})
    fields = {field.name: field.dtype for field in flat_fields(cloud)}
    assert list(fields) == ["x", "y", "z", "red", "green", "blue", "gps"]
    assert fields["x"] == np.float64 and fields["red"] == np.uint8 and fields["gps"] == np.int64
    single = ArrayCloud(np.ones((2, 3), np.float32), None, {})
    assert {field.dtype for field in flat_fields(single)} == {np.dtype(np.float32)}
    (rows,) = cloud.rows()
    assert isinstance(rows, Rows)
    columns = flat_columns(cloud, rows)
    assert columns["y"].tolist() == [1.0, 4.0] and columns["blue"].tolist() == [2, 5]
