"""How each kind of room is furnished."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bscnet.simulate import bathroom, fixtures, oddments, seating, storage, surfaces
from bscnet.simulate.item import Item
from bscnet.simulate.room import LayoutError, Room, Space

Recipe = Callable[[Room, np.random.Generator], None]

ATTEMPTS = 40
"""Layouts that are drawn before a room is given up; each attempt is a little larger."""


def _add_door(room: Room, rng: np.random.Generator) -> None:
    width, height = rng.uniform(0.72, 0.88), rng.uniform(1.92, 2.06)
    room.put_in_wall(fixtures.door(rng, width, height), (width, 0.0), rng, clear=0.8)


def _add_window(room: Room, rng: np.random.Generator, curtained: bool) -> None:
    width, height = rng.uniform(0.8, 1.4), rng.uniform(0.8, 1.1)
    low = rng.uniform(0.75, 1.0)
    item = fixtures.window(rng, width, height)
    if not curtained:
        room.put_in_wall(item, (width, low), rng, clear=0.2)
        return
    drapes = fixtures.curtains(rng, width, min(low + height + 0.15, room.height - 0.05))
    # The window carries its curtains: they hang before it from above its head to the floor.
    item.absorb(drapes, z=-low)
    item.width = drapes.width
    space = room.put_in_wall(item, (width, low), rng, clear=0.24)
    room.spaces[-1] = replace(space, low=0.0)


def _add_pictures(room: Room, rng: np.random.Generator, count: int, required: bool = True) -> None:
    for _ in range(count):
        item = fixtures.picture(rng)
        hung = Item(item.width, item.depth, item.height)
        hung.absorb(item, y=item.depth / 2 - 0.003)
        room.put_at_wall(hung, rng, low=rng.uniform(1.0, 1.3), gap=0.0, required=required)


def _clutter_top(room: Room, item: Item, space: Space, rng: np.random.Generator) -> None:
    """Set small things on an item's upper side, each in a slot of its own."""
    if item.top is None:
        return
    width, depth, height = item.top
    slots = int(width / 0.4)
    for slot in range(slots):
        if rng.random() < 0.45:
            continue
        thing = oddments.table_clutter(rng)
        if thing.depth > depth or thing.width > width / slots + 0.15:
            continue
        holder = Item(0.0, 0.0, 0.0)
        x = (slot + 0.5 - slots / 2) * width / slots
        holder.absorb(thing, x=x, y=rng.uniform(-0.5, 0.5) * (depth - thing.depth), yaw=rng.normal(0.0, 0.2))
        for part in holder.parts:
            mesh = part.mesh.moved(0.0, 0.0, height + 0.001).turned(space.yaw).moved(space.x, space.y, space.low)
            room.parts.append(replace(part, mesh=mesh))


def _at_wall(room: Room, item: Item, rng: np.random.Generator, required: bool = True) -> None:
    space = room.put_at_wall(item, rng, required=required)
    if space is not None:
        _clutter_top(room, item, space, rng)


def _litter(room: Room, rng: np.random.Generator, most: int) -> None:
    for _ in range(int(rng.integers(0, most + 1))):
        room.put_free(oddments.floor_clutter(rng), rng, required=False)


def _table_with_chairs(room: Room, rng: np.random.Generator, chairs: int) -> None:
    item = surfaces.table(rng)
    space = room.put_free(item, rng)
    assert space is not None  # required
    _clutter_top(room, item, space, rng)
    seated = 0
    for side in rng.permutation(4)[:chairs]:
        seated += room.put_before(seating.chair(rng), space, rng, distance=0.02, side=int(side)) is not None
    if not seated:
        raise LayoutError("no chair fits around the table")


def _desk_with_chair(room: Room, rng: np.random.Generator) -> None:
    item = surfaces.desk(rng)
    space = room.put_at_wall(item, rng)
    assert space is not None  # required
    _clutter_top(room, item, space, rng)
    if room.put_before(seating.chair(rng), space, rng, distance=0.05) is None:
        raise LayoutError("no chair fits before the desk")


def living_room(room: Room, rng: np.random.Generator) -> None:
    """Sofa with a coffee table, seats, shelf, sideboard, curtained window, pictures."""
    _add_door(room, rng)
    _add_window(room, rng, curtained=True)
    sofa = room.put_at_wall(seating.sofa(rng), rng)
    assert sofa is not None  # required
    low_table = surfaces.table(rng, low=True)
    spot = room.put_before(low_table, sofa, rng, distance=0.28, facing=False)
    if spot is None:
        raise LayoutError("no coffee table fits before the sofa")
    _clutter_top(room, low_table, spot, rng)
    _at_wall(room, storage.bookshelf(rng), rng)
    _at_wall(room, storage.cabinet(rng, "sideboard"), rng)
    room.put_free(seating.chair(rng), rng)
    room.put_free(oddments.other_furniture(rng), rng)
    _add_pictures(room, rng, int(rng.integers(1, 4)))
    room.put_free(seating.chair(rng), rng, required=False)
    _litter(room, rng, 2)


def bedroom(room: Room, rng: np.random.Generator) -> None:
    """Bed with nightstand, wardrobe, curtained window, a chair, and at times a desk or a shelf."""
    _add_door(room, rng)
    _add_window(room, rng, curtained=True)
    bed = room.put_at_wall(seating.bed(rng), rng)
    assert bed is not None  # required
    _at_wall(room, storage.cabinet(rng, "wardrobe"), rng)
    _at_wall(room, storage.cabinet(rng, "nightstand"), rng)
    if rng.random() < 0.45:
        _at_wall(room, surfaces.desk(rng), rng, required=False)
    if rng.random() < 0.35:
        _at_wall(room, storage.bookshelf(rng), rng, required=False)
    room.put_free(seating.chair(rng), rng)
    _add_pictures(room, rng, int(rng.integers(1, 3)))
    room.put_free(oddments.other_furniture(rng), rng, required=False)
    _litter(room, rng, 2)


def kitchen(room: Room, rng: np.random.Generator) -> None:
    """Counter with a sink, a second counter at times, refrigerator, wall cabinets, table and chairs."""
    _add_door(room, rng)
    _add_window(room, rng, curtained=False)
    length = rng.uniform(1.2, 1.9)
    wet = room.put_at_wall(surfaces.counter(rng, length, with_sink=True), rng)
    assert wet is not None  # required
    room.put_at_wall(storage.refrigerator(rng), rng)
    if rng.random() < 0.7:
        _at_wall(room, surfaces.counter(rng, rng.uniform(0.6, 1.2), with_sink=False), rng, required=False)
    room.put_at_wall(storage.cabinet(rng, "upper"), rng, low=rng.uniform(1.35, 1.5), gap=0.01, required=False)
    room.put_at_wall(storage.cabinet(rng, "upper"), rng, low=rng.uniform(1.35, 1.5), gap=0.01, required=False)
    _table_with_chairs(room, rng, chairs=int(rng.integers(2, 5)))
    _add_pictures(room, rng, int(rng.integers(0, 2)), required=False)
    room.put_free(oddments.other_furniture(rng), rng, required=False)
    _litter(room, rng, 1)


def bath(room: Room, rng: np.random.Generator) -> None:
    """Bathtub behind a shower curtain, toilet, washbasin, a rack or stool."""
    _add_door(room, rng)
    tub = bathroom.bathtub(rng, rng.uniform(1.35, 1.65))
    drape = bathroom.shower_curtain(rng, tub.width)
    both = Item(tub.width, tub.depth + 0.12, drape.height)
    both.absorb(tub, y=0.06)
    both.absorb(drape, y=-tub.depth / 2 - 0.01)
    room.put_at_wall(both, rng, gap=0.02)
    room.put_at_wall(bathroom.toilet(rng), rng, gap=0.02)
    room.put_at_wall(bathroom.washbasin(rng), rng, gap=0.02)
    if rng.random() < 0.5:
        _add_window(room, rng, curtained=False)
    room.put_free(oddments.other_furniture(rng), rng)
    room.put_at_wall(storage.cabinet(rng, "upper"), rng, low=rng.uniform(1.15, 1.4), gap=0.01, required=False)
    _add_pictures(room, rng, int(rng.integers(0, 2)), required=False)
    _litter(room, rng, 1)


def office(room: Room, rng: np.random.Generator) -> None:
    """One or two desks with chairs, shelf, filing cabinet, window, pictures, at times a meeting table."""
    _add_door(room, rng)
    _add_window(room, rng, curtained=rng.random() < 0.3)
    _desk_with_chair(room, rng)
    _at_wall(room, storage.bookshelf(rng), rng)
    _at_wall(room, storage.cabinet(rng, "filing"), rng)
    room.put_free(oddments.other_furniture(rng), rng)
    _add_pictures(room, rng, int(rng.integers(1, 3)))
    if rng.random() < 0.5:
        second = room.put_at_wall(surfaces.desk(rng), rng, required=False)
        if second is not None:
            room.put_before(seating.chair(rng), second, rng, distance=0.05)
    elif rng.random() < 0.6:
        room.put_free(surfaces.table(rng), rng, required=False)
    room.put_free(seating.chair(rng), rng, required=False)
    _litter(room, rng, 2)


ROOM_KINDS: dict[str, tuple[Recipe, tuple[float, float]]] = {
    "living room": (living_room, (2.8, 3.5)),
    "bathroom": (bath, (1.9, 2.6)),
    "bedroom": (bedroom, (2.7, 3.4)),
    "kitchen": (kitchen, (2.5, 3.1)),
    "office": (office, (2.6, 3.3)),
}
"""Recipe and range of a small room's sides (metres) by kind."""


def furnish(kind: str, entropy: tuple[int, ...], scale: float = 1.0) -> Room:
    """A furnished room of one kind, a function of the arguments alone; sides are `scale` times a small room's.

    RuntimeError: no layout was found, which the growing size of the attempts rules out in practice.
    """
    recipe, (least, most) = ROOM_KINDS[kind]
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([*entropy, attempt])
        width, depth = rng.uniform(least, most, 2) * scale * (1.0 + 0.02 * attempt)
        room = Room(float(width), float(depth), float(rng.uniform(2.3, 2.6)))
        if rng.random() < 0.3 and kind != "bathroom":
            room.fill_corner(rng)
        try:
            recipe(room, rng)
        except LayoutError:
            continue
        room.build_shell(rng)
        return room
    raise RuntimeError(f"no layout of a {kind} was found for {entropy} in {ATTEMPTS} attempts")
