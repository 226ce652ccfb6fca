"""Layouts: nothing overlaps, everything is inside, every kind of room has its things."""

from __future__ import annotations

import numpy as np
import pytest

from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.item import Item
from bscnet.simulate.recipes import ROOM_KINDS, furnish
from bscnet.simulate.room import LayoutError, Room, Space

ALWAYS = {
    "living room": {"sofa", "table", "chair", "bookshelf", "cabinet", "curtain", "window", "picture", "otherfurniture"},
    "bathroom": {"bathtub", "shower curtain", "toilet", "sink", "otherfurniture"},
    "bedroom": {"bed", "cabinet", "chair", "curtain", "window", "picture"},
    "kitchen": {"counter", "sink", "cabinet", "refrigerator", "table", "chair", "window"},
    "office": {"desk", "chair", "bookshelf", "cabinet", "picture", "window", "otherfurniture"},
}


def square(x: float, y: float, yaw: float = 0.0, low: float = 0.0, high: float = 1.0) -> Space:
    return Space(x, y, yaw, 1.0, 1.0, low, high)


def test_overlap_of_turned_boxes() -> None:
    assert square(0, 0).overlaps(square(0.9, 0))
    assert not square(0, 0).overlaps(square(1.01, 0))
    assert square(0, 0).overlaps(square(1.01, 0), margin=0.02)
    assert square(0, 0).overlaps(square(1.2, 0, yaw=np.pi / 4)), "a corner reaches in: 0.5 + 0.707 > 1.2"
    assert not square(0, 0).overlaps(square(1.1, 1.1, yaw=np.pi / 4)), "the axis-aligned bounds would overlap"
    assert not square(0, 0, low=0, high=1).overlaps(square(0, 0, low=1, high=2))


def test_overlap_agrees_with_sampled_points() -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        a, b = (Space(*rng.uniform(-1, 1, 2), rng.uniform(-3, 3), *rng.uniform(0.3, 1.2, 2), 0, 1) for _ in range(2))
        u, v = np.meshgrid(np.linspace(-0.5, 0.5, 60), np.linspace(-0.5, 0.5, 60))
        c, s = np.cos(a.yaw), np.sin(a.yaw)
        x = a.x + c * u * a.width - s * v * a.depth - b.x
        y = a.y + s * u * a.width + c * v * a.depth - b.y
        c, s = np.cos(b.yaw), np.sin(b.yaw)
        common = (np.abs(c * x + s * y) < b.width / 2) & (np.abs(c * y - s * x) < b.depth / 2)
        if common.any():
            assert a.overlaps(b) and b.overlaps(a)
        elif a.overlaps(b):  # an overlap that no sample hits must be a sliver
            assert not Space(a.x, a.y, a.yaw, 0.93 * a.width, 0.93 * a.depth, 0, 1).overlaps(
                Space(b.x, b.y, b.yaw, 0.93 * b.width, 0.93 * b.depth, 0, 1)
            )


@pytest.mark.parametrize("kind", ROOM_KINDS)
def test_furnished_rooms(kind: str) -> None:
    for index in range(6):
        room = furnish(kind, (3, index))
        for i, one in enumerate(room.spaces):
            bounds = np.abs(one.corners()).max(axis=0)
            assert bounds[0] <= room.width / 2 + 1e-6 and bounds[1] <= room.depth / 2 + 1e-6
            assert not any(one.overlaps(other) for other in room.spaces[:i])
        present = {part.label for part in room.parts}
        assert {CLASS_IDS[name] for name in ALWAYS[kind] | {"wall", "floor", "door"}} <= present
        points = np.concatenate([part.mesh.vertices for part in room.parts])
        assert points[:, 2].min() > -0.011
        assert np.abs(points[:, 0]).max() < room.width / 2 + 0.2


def test_walls_are_whole_but_for_the_openings() -> None:
    room = furnish("office", (8, 0))
    area = 0.0
    for part in room.parts:
        if part.label == CLASS_IDS["wall"] and len(part.mesh.vertices) == 4:
            p = part.mesh.vertices
            area += float(np.linalg.norm(np.cross(p[1] - p[0], p[3] - p[0])))
    holes = sum((o.end - o.start) * (o.high - o.low) for o in room.openings)
    assert len(room.openings) == 2
    assert area == pytest.approx(2 * (room.width + room.depth) * room.height - holes)


def test_same_numbers_same_room_and_other_numbers_another() -> None:
    first, again, other = (furnish("kitchen", (1, i)) for i in (4, 4, 5))
    assert first.spaces == again.spaces
    assert first.spaces != other.spaces


def test_a_required_thing_that_does_not_fit_is_told() -> None:
    room = Room(2.0, 2.0, 2.4)
    big = Item(1.5, 1.5, 1.0)
    rng = np.random.default_rng(0)
    room.put_at_wall(big, rng)
    with pytest.raises(LayoutError):
        room.put_at_wall(big, rng)
    assert room.put_at_wall(big, rng, required=False) is None
    assert room.put_free(big, rng, required=False) is None
    assert len(room.spaces) == 1
