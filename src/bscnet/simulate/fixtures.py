"""What is built into or hangs on a wall: doors, windows, curtains, pictures.

A fixture stands on z = 0 of its own frame with the wall's inner face in the plane y = 0: it may reach into the room
(-y) and into the wall (+y).
"""

from __future__ import annotations

import numpy as np

from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.item import Item
from bscnet.simulate.primitives import ball, bar, box, panel, wavy_sheet
from bscnet.simulate.textures import Material, random_material

WALL_DEPTH = 0.14
"""How far an opening reaches into the wall, metres."""


def _casing(item: Item, label: int, material: Material, width: float, height: float, sill: bool) -> None:
    """The boards that line an opening and the strip around it that stands a little proud of the wall."""
    strip, proud = 0.07, 0.025
    for x in (-1.0, 1.0):
        inner = x * (width / 2 - 0.006)
        item.add(panel((inner, -proud, 0.0), (0.0, WALL_DEPTH, 0.0), (0.0, 0.0, height)), label, material)
        item.add(box(strip, proud, height + strip).moved(x * (width + strip) / 2, -proud / 2), label, material)
    head = panel((-width / 2, -proud, height - 0.006), (width, 0.0, 0.0), (0.0, WALL_DEPTH, 0.0))
    item.add(head, label, material)
    item.add(box(width, proud, strip).moved(0.0, -proud / 2, height), label, material)
    if sill:
        item.add(box(width + 2 * strip, 0.12, 0.03).moved(0.0, -0.05, -0.03), label, material)
        foot = panel((-width / 2, -proud, 0.006), (width, 0.0, 0.0), (0.0, WALL_DEPTH, 0.0))
        item.add(foot, label, material)


def door(rng: np.random.Generator, width: float, height: float) -> Item:
    """A door leaf in its frame, plain or with panels, shut or ajar into the room."""
    label = CLASS_IDS["door"]
    wood, frame = random_material(rng), random_material(rng)
    item = Item(width + 0.14, 0.1, height + 0.07)
    _casing(item, label, frame, width, height, sill=False)
    leaf = Item(width, 0.04, height)
    leaf.add(box(width - 0.02, 0.04, height - 0.02), label, wood)
    rows = int(rng.integers(0, 4))
    for row in range(rows):
        tall = (height - 0.2) / rows
        inset = box(width * 0.7, 0.025, tall - 0.12).moved(0.0, -0.026, 0.13 + row * tall)
        leaf.add(inset, label, wood)
    side = rng.choice([-1, 1])
    grip = side * (width / 2 - 0.08)
    leaf.add(bar((grip, -0.06, 1.02), (grip - side * 0.12, -0.06, 1.02), 0.035), label, frame)
    leaf.add(ball(0.05, 0.07, 0.05).moved(grip, -0.03, 1.0), label, frame)
    angle = rng.uniform(0.25, 1.2) if rng.random() < 0.35 else 0.0
    # The leaf turns about its hinge, which is opposite to the grip.
    hinge = -side * width / 2
    turned = Item(width, width, height)
    turned.absorb(leaf, x=-hinge)
    item.absorb(turned, x=hinge, y=0.02 if angle else rng.uniform(0.02, 0.08), yaw=-side * angle)
    return item


def window(rng: np.random.Generator, width: float, height: float) -> Item:
    """A window set back into the wall: frame, glazing bars, a sill, and panes that a depth camera hardly sees."""
    label = CLASS_IDS["window"]
    frame, glass = random_material(rng), random_material(rng, missing=rng.uniform(0.45, 0.8))
    item = Item(width + 0.14, 0.22, height + 0.07)
    _casing(item, label, frame, width, height, sill=True)
    back = 0.09
    for x in (-1.0, 1.0):
        item.add(box(0.06, 0.05, height).moved(x * (width / 2 - 0.03), back), label, frame)
    for z in (0.0, height - 0.06):
        item.add(box(width, 0.05, 0.06).moved(0.0, back, z), label, frame)
    for x in np.linspace(-width / 2, width / 2, round(width / rng.uniform(0.45, 0.8)) + 1)[1:-1]:
        item.add(box(0.06, 0.055, height).moved(x, back), label, frame)
    if rng.random() < 0.4:
        item.add(box(width, 0.05, 0.05).moved(0.0, back, rng.uniform(0.4, 0.7) * height), label, frame)
    item.add(panel((-width / 2, back + 0.01, 0.0), (width, 0.0, 0.0), (0.0, 0.0, height)), label, glass)
    return item


def curtains(rng: np.random.Generator, width: float, height: float) -> Item:
    """Two curtains, or one, on a rod `height` metres long to the floor, for a window `width` metres wide."""
    label = CLASS_IDS["curtain"]
    cloth, rod = random_material(rng), random_material(rng)
    item = Item(width + 0.5, 0.18, height)
    sides = (-1, 1) if rng.random() < 0.75 else (int(rng.choice([-1, 1])),)
    low = 0.04 if rng.random() < 0.6 else rng.uniform(0.3, 0.6)
    for side in sides:
        drawn = rng.uniform(0.25, 0.5) * (width + 0.4)
        sheet = wavy_sheet(drawn, height - low, 0.1, folds=drawn / rng.uniform(0.1, 0.16), phase=rng.uniform(0, 6))
        item.add(sheet.moved(side * ((width + 0.5) / 2 - drawn / 2), -0.1, low), label, cloth)
    item.add(bar((-item.width / 2, -0.1, height), (item.width / 2, -0.1, height), 0.035), label, rod)
    return item


def picture(rng: np.random.Generator) -> Item:
    """A picture in a frame that stands 3 to 6 cm proud of the wall."""
    label = CLASS_IDS["picture"]
    image, frame = random_material(rng), random_material(rng)
    width = rng.uniform(0.4, 1.0)
    height = width * rng.choice([0.65, 0.8, 1.0, 1.35])
    height = min(height, 0.95)
    proud, border = rng.uniform(0.03, 0.06), rng.uniform(0.02, 0.07)
    item = Item(width, 0.08, height)
    item.add(box(width, proud, height).moved(0.0, -proud / 2), label, image)
    for x in (-1.0, 1.0):
        item.add(box(border, proud + 0.015, height).moved(x * (width - border) / 2, -proud / 2 - 0.008), label, frame)
    for z in (0.0, height - border):
        item.add(box(width, proud + 0.012, border).moved(0.0, -proud / 2 - 0.007, z), label, frame)
    return item
