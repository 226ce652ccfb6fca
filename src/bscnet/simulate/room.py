"""A room being furnished: where its walls are, what already stands in it, and what may stand beside that."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.item import Item, Part
from bscnet.simulate.primitives import box, panel, rotation
from bscnet.simulate.textures import random_material

Floats = NDArray[np.float64]

WALL_YAWS = (0.0, -np.pi / 2, np.pi, np.pi / 2)
"""Yaw of a thing whose back (+y) leans on the wall at +y, +x, -y, -x."""


class LayoutError(RuntimeError):
    """A thing that the room must hold found no place; the layout is to be drawn again."""


@dataclass(frozen=True)
class Space:
    """An upright box of space: centre, yaw, width and depth of its footprint, and the heights it spans (metres)."""

    x: float
    y: float
    yaw: float
    width: float
    depth: float
    low: float
    high: float

    def corners(self, margin: float = 0.0) -> Floats:
        """The footprint's corners (4, 2), pushed outwards by `margin`."""
        half = np.array([self.width / 2 + margin, self.depth / 2 + margin])
        local = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
        return local @ rotation(self.yaw)[:2, :2].T + np.array([self.x, self.y])

    def overlaps(self, other: Space, margin: float = 0.0) -> bool:
        """Whether the two boxes share space; `margin` metres are added around this one's footprint."""
        if self.high <= other.low or other.high <= self.low:
            return False
        mine, theirs = self.corners(margin), other.corners()
        for yaw in (self.yaw, other.yaw):
            for axis in rotation(yaw)[:2, :2].T:
                a, b = mine @ axis, theirs @ axis
                if a.max() <= b.min() or b.max() <= a.min():
                    return False
        return True


@dataclass(frozen=True)
class Opening:
    """A hole in wall `wall`, from `start` to `end` along it and from `low` to `high` (metres)."""

    wall: int
    start: float
    end: float
    low: float
    high: float


@dataclass
class Room:
    """A rectangular room around the origin, `width` (x) by `depth` (y) by `height` metres, floor at z = 0."""

    width: float
    depth: float
    height: float
    spaces: list[Space] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    def wall_length(self, wall: int) -> float:
        """Length of wall 0..3 (at +y, +x, -y, -x)."""
        return self.width if wall % 2 == 0 else self.depth

    def wall_distance(self, wall: int) -> float:
        """Distance of a wall from the room's centre."""
        return (self.depth if wall % 2 == 0 else self.width) / 2.0

    def fits(self, space: Space, margin: float = 0.0) -> bool:
        """Whether a space lies within the walls and touches nothing that is already there."""
        corners = np.abs(space.corners())
        if corners[:, 0].max() > self.width / 2 + 1e-6 or corners[:, 1].max() > self.depth / 2 + 1e-6:
            return False
        return space.high <= self.height and not any(space.overlaps(taken, margin) for taken in self.spaces)

    def put(self, item: Item, space: Space) -> Space:
        """Set an item down in a space that is known to fit."""
        for part in item.parts:
            mesh = part.mesh.turned(space.yaw).moved(space.x, space.y, space.low)
            self.parts.append(Part(mesh, part.label, part.material))
        self.spaces.append(space)
        return space

    def try_put(self, item: Item, x: float, y: float, yaw: float, low: float = 0.0) -> Space | None:
        """Set an item down at a pose if it fits there."""
        space = Space(x, y, yaw, item.width, item.depth, low, low + item.height)
        return self.put(item, space) if self.fits(space) else None

    def put_at_wall(
        self, item: Item, rng: np.random.Generator, low: float = 0.0, gap: float = 0.05, required: bool = True
    ) -> Space | None:
        """Set an item down with its back to some wall, at most `gap` metres from it.

        LayoutError: no place was found and the item is required; otherwise the answer is None.
        """
        for _ in range(80):
            wall = int(rng.integers(4))
            free = self.wall_length(wall) - item.width - 0.06
            if free < 0:
                continue
            along = rng.uniform(-free, free) / 2
            off = self.wall_distance(wall) - item.depth / 2 - rng.uniform(0.2, 1.0) * gap
            x, y = rotation(WALL_YAWS[wall])[:2, :2] @ np.array([along, off])
            space = Space(x, y, WALL_YAWS[wall], item.width, item.depth, low, low + item.height)
            if self.fits(space, margin=0.02):
                return self.put(item, space)
        return self._no_place(required)

    def put_free(self, item: Item, rng: np.random.Generator, required: bool = True) -> Space | None:
        """Set an item down anywhere on the floor, turned at will; LayoutError as for `put_at_wall`."""
        for _ in range(80):
            x = rng.uniform(-0.5, 0.5) * max(self.width - item.width, 0.0)
            y = rng.uniform(-0.5, 0.5) * max(self.depth - item.width, 0.0)
            space = Space(x, y, rng.uniform(-np.pi, np.pi), item.width, item.depth, 0.0, item.height)
            if self.fits(space, margin=0.06):
                return self.put(item, space)
        return self._no_place(required)

    def put_before(
        self, item: Item, host: Space, rng: np.random.Generator, distance: float, side: int = 0, facing: bool = True
    ) -> Space | None:
        """Set an item down before side 0..3 (front, right, back, left) of another, about `distance` metres off.

        With `facing` the item looks at its host, otherwise it is turned like it.
        """
        turn = host.yaw + side * np.pi / 2
        reach = host.depth if side % 2 == 0 else host.width
        sideways = host.width if side % 2 == 0 else host.depth
        for _ in range(12):
            away = reach / 2 + item.depth / 2 + distance + rng.uniform(0.0, 0.12)
            along = rng.uniform(-0.5, 0.5) * max(sideways - 0.8 * item.width, 0.0)
            x, y = rotation(turn)[:2, :2] @ np.array([along, -away]) + np.array([host.x, host.y])
            placed = self.try_put(item, x, y, turn + (np.pi if facing else 0.0) + rng.normal(0.0, 0.15))
            if placed is not None:
                return placed
        return None

    def put_in_wall(self, item: Item, opening: tuple[float, float], rng: np.random.Generator, clear: float) -> Space:
        """Build a door or window into some wall: `opening` is its (width, height of the lower edge).

        `clear` metres of floor before it stay empty up to the item's top. LayoutError where there is no place.
        """
        hole, low = opening
        for _ in range(80):
            wall = int(rng.integers(4))
            free = self.wall_length(wall) - item.width - 0.3
            if free < 0:
                continue
            along = rng.uniform(-free, free) / 2
            distance = self.wall_distance(wall)
            turn = rotation(WALL_YAWS[wall])[:2, :2]
            x, y = turn @ np.array([along, distance - clear / 2])
            column = Space(x, y, WALL_YAWS[wall], item.width, clear, 0.0, self.height)
            if not self.fits(column):
                continue
            for part in item.parts:
                at = turn @ np.array([along, distance])
                self.parts.append(
                    Part(part.mesh.turned(WALL_YAWS[wall]).moved(at[0], at[1], low), part.label, part.material)
                )
            space = Space(x, y, WALL_YAWS[wall], item.width, clear, low, low + item.height)
            self.spaces.append(space)
            top = low + item.height - 0.07
            self.openings.append(Opening(wall, along - hole / 2, along + hole / 2, low, top))
            return space
        raise LayoutError("no wall has room for another opening")

    def fill_corner(self, rng: np.random.Generator) -> None:
        """Wall off one corner, which makes the room L-shaped."""
        width, depth = rng.uniform(0.15, 0.3) * self.width, rng.uniform(0.15, 0.3) * self.depth
        x = rng.choice([-1, 1]) * (self.width - width) / 2
        y = rng.choice([-1, 1]) * (self.depth - depth) / 2
        item = Item(width, depth, self.height)
        item.add(box(width, depth, self.height), CLASS_IDS["wall"], random_material(rng))
        self.put(item, Space(x, y, 0.0, width, depth, 0.0, self.height))

    def build_shell(self, rng: np.random.Generator) -> None:
        """Add the floor and the walls, cut around the openings. To be called once all openings are known."""
        floor, paint = random_material(rng), random_material(rng)
        accent = random_material(rng) if rng.random() < 0.4 else paint
        ground = panel((-self.width / 2, -self.depth / 2, 0.0), (self.width, 0.0, 0.0), (0.0, self.depth, 0.0))
        self.parts.append(Part(ground, CLASS_IDS["floor"], floor))
        accented = int(rng.integers(4))
        for wall in range(4):
            half = self.wall_length(wall) / 2
            pieces: list[tuple[float, float, float, float]] = []
            at = -half
            for hole in sorted((o for o in self.openings if o.wall == wall), key=lambda o: o.start):
                pieces.append((at, hole.start, 0.0, self.height))
                if hole.low > 0:
                    pieces.append((hole.start, hole.end, 0.0, hole.low))
                pieces.append((hole.start, hole.end, hole.high, self.height))
                at = hole.end
            pieces.append((at, half, 0.0, self.height))
            for start, end, low, high in pieces:
                sheet = panel((start, self.wall_distance(wall), low), (end - start, 0.0, 0.0), (0.0, 0.0, high - low))
                material = accent if wall == accented else paint
                self.parts.append(Part(sheet.turned(WALL_YAWS[wall]), CLASS_IDS["wall"], material))

    @staticmethod
    def _no_place(required: bool) -> None:
        if required:
            raise LayoutError("the room is too full for a thing that it must hold")
