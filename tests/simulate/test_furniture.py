"""Every piece of furniture carries its class, stays on its footprint and comes in many shapes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from bscnet.simulate import bathroom, fixtures, oddments, seating, storage, surfaces
from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.item import Item

Builder = Callable[[np.random.Generator], Item]

STANDING: dict[str, tuple[Builder, set[str]]] = {
    "chair": (seating.chair, {"chair"}),
    "sofa": (seating.sofa, {"sofa"}),
    "bed": (seating.bed, {"bed"}),
    "table": (surfaces.table, {"table"}),
    "coffee table": (lambda rng: surfaces.table(rng, low=True), {"table"}),
    "desk": (surfaces.desk, {"desk"}),
    "counter": (lambda rng: surfaces.counter(rng, 0.8, with_sink=False), {"counter", "cabinet"}),
    "sink counter": (lambda rng: surfaces.counter(rng, 1.4, with_sink=True), {"counter", "cabinet", "sink"}),
    **{
        kind: (lambda rng, kind=kind: storage.cabinet(rng, kind), {"cabinet"})  # type: ignore[misc]
        for kind in ("wardrobe", "sideboard", "nightstand", "filing", "upper")
    },
    "bookshelf": (storage.bookshelf, {"bookshelf"}),
    "refrigerator": (storage.refrigerator, {"refrigerator"}),
    "toilet": (bathroom.toilet, {"toilet"}),
    "bathtub": (lambda rng: bathroom.bathtub(rng, 1.5), {"bathtub"}),
    "shower curtain": (lambda rng: bathroom.shower_curtain(rng, 1.5), {"shower curtain"}),
    "other furniture": (oddments.other_furniture, {"otherfurniture"}),
}
IN_WALLS: dict[str, tuple[Builder, str]] = {
    "door": (lambda rng: fixtures.door(rng, 0.8, 2.0), "door"),
    "window": (lambda rng: fixtures.window(rng, 1.2, 1.0), "window"),
    "curtain": (lambda rng: fixtures.curtains(rng, 1.2, 2.2), "curtain"),
    "picture": (fixtures.picture, "picture"),
}


def corners(item: Item) -> np.ndarray:
    return np.concatenate([part.mesh.vertices for part in item.parts])


def labels(item: Item) -> set[int]:
    return {part.label for part in item.parts}


@pytest.mark.parametrize("name", STANDING)
def test_furniture_stands_on_its_footprint_with_its_label(name: str) -> None:
    build, classes = STANDING[name]
    for seed in range(25):
        item = build(np.random.default_rng(seed))
        points = corners(item)
        assert np.isfinite(points).all()
        assert labels(item) == {CLASS_IDS[c] for c in classes}
        slack = 0.12  # handles, a leaning back, feet that spread
        assert np.abs(points[:, 0]).max() <= item.width / 2 + slack
        assert np.abs(points[:, 1]).max() <= item.depth / 2 + slack
        assert -0.011 <= points[:, 2].min() < 0.31
        assert points[:, 2].max() <= item.height + 0.36  # a tap


@pytest.mark.parametrize("name", IN_WALLS)
def test_wall_fixtures(name: str) -> None:
    build, label = IN_WALLS[name]
    for seed in range(25):
        item = build(np.random.default_rng(seed))
        assert labels(item) == {CLASS_IDS[label]}
        points = corners(item)
        assert points[:, 1].min() < -0.005, "it is seen from inside the room"
        assert points[:, 1].max() <= fixtures.WALL_DEPTH


def test_a_washbasin_always_has_a_sink_and_sometimes_a_vanity() -> None:
    found = [labels(bathroom.washbasin(np.random.default_rng(seed))) for seed in range(30)]
    assert all(CLASS_IDS["sink"] in each for each in found)
    assert {len(each) for each in found} == {1, 3}


@pytest.mark.parametrize("name", ["chair", "table", "sofa", "bed", "other furniture", "desk"])
def test_shapes_vary_in_topology_and_size(name: str) -> None:
    items = [STANDING[name][0](np.random.default_rng(seed)) for seed in range(25)]
    assert len({len(corners(item)) for item in items}) >= 3
    assert np.std([item.width for item in items]) > 0.02
    assert np.std([item.height for item in items]) > 0.015


def test_same_seed_same_chair() -> None:
    one, two = (seating.chair(np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(corners(one), corners(two))


def test_clutter_carries_no_benchmark_label() -> None:
    for seed in range(40):
        for build in (oddments.floor_clutter, oddments.table_clutter):
            assert labels(build(np.random.default_rng(seed))).isdisjoint(CLASS_IDS.values())


def test_the_bowl_of_a_counter_sink_is_empty() -> None:
    """No other part reaches into the bowl: seen from straight above its middle, the first surface is the sink's."""
    for seed in range(15):
        item = surfaces.counter(np.random.default_rng(seed), 1.4, with_sink=True)
        sink = [p.mesh.vertices for p in item.parts if p.label == CLASS_IDS["sink"]]
        bowl = sink[0]
        middle, floor = bowl[:, :2].mean(axis=0), bowl[-1, 2]
        for part in item.parts:
            if part.label == CLASS_IDS["sink"]:
                continue
            low, high = part.mesh.vertices.min(axis=0), part.mesh.vertices.max(axis=0)
            covers = (low[:2] < middle).all() and (middle < high[:2]).all()
            assert not covers or high[2] <= floor
