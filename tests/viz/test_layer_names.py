from __future__ import annotations

import pytest

from bscnet.viz.layer_names import layer_label


@pytest.mark.parametrize(
    "layer, label",
    [
        ("stem", "stem"),
        ("levels.deeper.deeper.down.shortcut.conv", "down.shortcut.conv"),
        ("levels.up.conv", "up.conv"),
    ],
)
def test_a_label_leaves_out_the_level(layer: str, label: str) -> None:
    assert layer_label(layer) == label
