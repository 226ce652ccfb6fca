"""What a session tells of its file: alike for both versions, and what version 1 does not know is said to be unknown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bscnet import runtime
from bscnet.clouds.reading import Reading
from bscnet.runtime import Features
from fixtures.model_files import READING, random_program
from fixtures.site_sets import site_set

FULL = {
    "units": "us-ft", "colors": "65535", "columns": ["x", "y", "z", "i"], "invalid_points": "drop",
    "scale": {"i": [0, 4095], "t": [-1.5, 2]}, "labels": [7, -3, 2**53 - 1, 0],
}  # fmt: skip


def test_a_reading_comes_back_as_it_was_written() -> None:
    session = runtime.loads(random_program(0, features=("i", "rgb"), reading=FULL).to_bytes())
    assert session.version == 2 and session.reading_is_known and session.description["reading"] == FULL
    assert session.reading == Reading(
        "us-ft", "65535", ("x", "y", "z", "i"), "drop", {"i": (0, 4095), "t": (-1.5, 2)}, (7, -3, 2**53 - 1, 0)
    )
    assert session.reading.as_dict() == FULL


def test_version_1_tells_the_scale_alone() -> None:
    content = random_program(0, features=("i", "height"), reading=FULL | {"scale": {"i": [0, 9]}}, version=1).to_bytes()
    session = runtime.loads(content)
    assert session.version == 1 and not session.reading_is_known and "reading" not in session.description
    assert session.reading == Reading(scale={"i": (0.0, 9.0)})
    assert runtime.loads(random_program(0, version=1).to_bytes()).reading == Reading()


@pytest.mark.parametrize("version", [1, 2])
def test_features_of_both_versions_are_alike(version: int) -> None:
    def features(*names: str) -> Features:
        scale = {name: [0, 1] for name in names if name in ("i", "t")}
        return runtime.loads(
            random_program(0, 1, features=names, reading={**READING, "scale": scale}, version=version).to_bytes()
        ).features

    assert features() == Features("given", ("noise",)) and features().values == () and not features().colored
    assert features("rgb") == Features("cloud", ("rgb",), 127.5, -1.0) and features("rgb").colored
    both = features("t", "height", "rgb", "i")
    assert both.names == ("t", "height", "rgb", "i") and both.values == ("t", "i")
    assert runtime.loads(random_program(0, version=version).to_bytes()).features == Features("cloud", ("rgb",))


@pytest.mark.parametrize("seed", range(6))
def test_both_versions_give_the_same_results(seed: int) -> None:
    options: dict[str, Any] = {"features": ("rgb", "i"), "reading": {"scale": {"i": [0, 8]}}, "max_channels": 33}
    now, old = (runtime.loads(random_program(seed, version=version, **options).to_bytes()) for version in (2, 1))
    sites = site_set("random", seed)
    rng = np.random.default_rng(seed)
    feats = rng.normal(size=(len(sites), 4))
    np.testing.assert_array_equal(now(sites, feats), old(sites, feats))
    assert now.radius == old.radius
    points = rng.normal(size=(200, 3)), rng.integers(0, 256, (200, 3), np.uint8), rng.integers(0, 9, (200, 1))
    for ours, theirs in zip(now.label_points(*points), old.label_points(*points), strict=True):
        np.testing.assert_array_equal(ours, theirs)
