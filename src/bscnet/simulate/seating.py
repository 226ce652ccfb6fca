"""Things to sit and lie on: chairs, sofas, beds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.item import Item
from bscnet.simulate.primitives import bar, box, cushion, cylinder
from bscnet.simulate.textures import Material, random_material


def add_legs(
    item: Item, label: int, material: Material, width: float, depth: float, height: float, thickness: float
) -> None:
    """Four legs in the corners of a width x depth rectangle, from the floor to `height`."""
    for x in (-1.0, 1.0):
        for y in (-1, 1):
            corner = (x * (width - thickness) / 2, y * (depth - thickness) / 2)
            item.add(box(thickness, thickness, height).moved(*corner), label, material)


def _star_base(item: Item, label: int, material: Material, radius: float, height: float) -> None:
    for angle in np.arange(5) * (2 * np.pi / 5):
        tip = (radius * np.cos(angle), radius * np.sin(angle), 0.04)
        item.add(bar((0.0, 0.0, 0.1), tip, 0.05), label, material)
    item.add(cylinder(0.035, height - 0.08).moved(z=0.08), label, material)


def _back_rest(item: Item, rng: np.random.Generator, material: Material, width: float, y: float, z: float) -> None:
    label = CLASS_IDS["chair"]
    height = rng.uniform(0.36, 0.56)
    lean = -rng.uniform(0.0, 0.22)
    style = rng.integers(3)
    if style == 0:
        item.add(cushion(width, 0.06, height).turned(0.0, lean).moved(0.0, y, z), label, material)
        return
    for x in (-1.0, 1.0):
        post = box(0.045, 0.045, height).turned(0.0, lean).moved(x * (width / 2 - 0.025), y, z)
        item.add(post, label, material)
    if style == 1:
        for part in np.linspace(0.35, 0.88, int(rng.integers(2, 4))):
            slat = box(width, 0.035, 0.08).moved(0.0, 0.0, part * height).turned(0.0, lean).moved(0.0, y, z)
            item.add(slat, label, material)
    else:
        upper = box(width, 0.035, 0.55 * height).moved(0.0, 0.0, 0.45 * height)
        item.add(upper.turned(0.0, lean).moved(0.0, y, z), label, material)


def chair(rng: np.random.Generator) -> Item:
    """A chair: four legs, a swivel base or a sled, with or without armrests; or an upholstered armchair."""
    label = CLASS_IDS["chair"]
    frame, cloth = random_material(rng), random_material(rng)
    if rng.random() < 0.22:
        return _armchair(rng, frame, cloth)
    width, depth = rng.uniform(0.42, 0.54), rng.uniform(0.42, 0.54)
    seat = rng.uniform(0.42, 0.5)
    item = Item(width, depth + 0.06, seat + 0.5)
    style = rng.integers(3)
    if style == 0:
        add_legs(item, label, frame, width, depth, seat, rng.uniform(0.035, 0.055))
    elif style == 1:
        _star_base(item, label, frame, 0.46 * width + 0.04, seat)
    else:
        for x in (-1.0, 1.0):
            side = x * (width / 2 - 0.02)
            front, back = -depth / 2, depth / 2
            path = [(side, back, seat), (side, back, 0.03), (side, front, 0.03), (side, front, seat)]
            for start, end in pairwise(path):
                item.add(bar(start, end, 0.04), label, frame)
    thickness = rng.uniform(0.04, 0.09)
    item.add(cushion(width, depth, thickness, rng.choice([3.0, 8.0])).moved(0.0, 0.0, seat), label, cloth)
    _back_rest(item, rng, cloth if rng.random() < 0.6 else frame, width * 0.94, depth / 2, seat + thickness * 0.5)
    if rng.random() < 0.4:
        for x in (-1.0, 1.0):
            side = x * (width / 2 + 0.01)
            item.add(box(0.05, depth * 0.7, 0.035).moved(side, 0.04, seat + 0.22), label, frame)
            item.add(box(0.035, 0.035, 0.24).moved(side, -depth * 0.25, seat), label, frame)
    return item


def _armchair(rng: np.random.Generator, frame: Material, cloth: Material) -> Item:
    label = CLASS_IDS["chair"]
    width, depth, seat = rng.uniform(0.66, 0.8), rng.uniform(0.68, 0.8), rng.uniform(0.38, 0.44)
    item = Item(width, depth, rng.uniform(0.8, 1.0))
    add_legs(item, label, frame, width * 0.9, depth * 0.9, 0.14, 0.05)
    item.add(box(width * 0.96, depth * 0.94, seat - 0.24).moved(z=0.12), label, cloth)
    item.add(cushion(width * 0.7, depth * 0.8, 0.14).moved(0.0, -0.05, seat - 0.12), label, cloth)
    back = cushion(width * 0.95, 0.16, item.height - 0.2).turned(0.0, -0.12).moved(0.0, depth / 2 - 0.12, 0.2)
    item.add(back, label, cloth)
    for x in (-1.0, 1.0):
        arm = cushion(0.12, depth * 0.85, seat + 0.06).moved(x * (width / 2 - 0.065), -0.02, 0.12)
        item.add(arm, label, cloth)
    return item


def sofa(rng: np.random.Generator) -> Item:
    """A sofa of two or three seats, some with a chaise longue at one end."""
    label = CLASS_IDS["sofa"]
    cloth, loose, frame = random_material(rng), random_material(rng), random_material(rng)
    seats = int(rng.integers(2, 4))
    seat_width, arm = rng.uniform(0.52, 0.64), rng.uniform(0.1, 0.24)
    body_depth, seat = rng.uniform(0.78, 0.95), rng.uniform(0.36, 0.44)
    chaise = rng.uniform(0.4, 0.6) if seats == 3 and rng.random() < 0.35 else 0.0
    width, depth = seats * seat_width + 2 * arm, body_depth + chaise
    item = Item(width, depth, rng.uniform(0.72, 0.92))
    back = depth / 2
    middle = back - body_depth / 2
    add_legs(item, label, frame, width * 0.96, depth * 0.94 if not chaise else body_depth, 0.1, 0.06)
    item.add(box(width, body_depth, seat - 0.2).moved(0.0, middle, 0.08), label, cloth)
    cushions = loose if rng.random() < 0.3 else cloth
    for index in range(seats):
        x = (index - (seats - 1) / 2) * seat_width
        longer = chaise if index == 0 else 0.0
        if longer:
            base = box(seat_width, longer, seat - 0.2).moved(x, -depth / 2 + longer / 2, 0.08)
            item.add(base, label, cloth)
        length = body_depth - 0.2 + longer
        pad = cushion(seat_width * 0.98, length, 0.15).moved(x, back - 0.2 - length / 2, seat - 0.13)
        item.add(pad, label, cushions)
        rest = cushion(seat_width * 0.96, 0.18, item.height - seat).turned(0.0, -0.2)
        item.add(rest.moved(x, back - 0.25, seat), label, cushions)
    item.add(cushion(width, 0.16, item.height - 0.12, 10.0).moved(0.0, back - 0.09, 0.08), label, cloth)
    for x in (-1.0, 1.0):
        side = cushion(arm, body_depth * 0.97, seat + rng.uniform(0.08, 0.2), 8.0)
        item.add(side.moved(x * (width - arm) / 2, middle, 0.08), label, cloth)
    return item


def bed(rng: np.random.Generator) -> Item:
    """A single or double bed with mattress, pillows and blanket; its head is at the back."""
    label = CLASS_IDS["bed"]
    frame, sheet, blanket = random_material(rng), random_material(rng), random_material(rng)
    width, depth = rng.choice([0.9, 1.2, 1.4, 1.6]) + rng.uniform(-0.05, 0.05), rng.uniform(1.85, 2.05)
    deck, mattress = rng.uniform(0.2, 0.34), rng.uniform(0.16, 0.26)
    head = rng.uniform(0.75, 1.15)
    item = Item(width, depth, head)
    if rng.random() < 0.5:
        item.add(box(width, depth * 0.98, deck - 0.04).moved(z=0.02), label, frame)
    else:
        add_legs(item, label, frame, width, depth, deck, 0.07)
        item.add(box(width, depth * 0.98, 0.1).moved(z=deck - 0.1), label, frame)
    item.add(cushion(width * 0.97, depth * 0.95, mattress, 12.0).moved(0.0, -0.01, deck), label, sheet)
    item.add(box(width, 0.06, head).moved(0.0, depth / 2 - 0.03, 0.0), label, frame)
    if rng.random() < 0.35:
        item.add(box(width, 0.05, deck + mattress * 0.9).moved(0.0, 0.025 - depth / 2, 0.0), label, frame)
    covered = depth * rng.uniform(0.55, 0.72)
    cover = cushion(width * 1.02, covered, mattress + 0.06, 14.0)
    item.add(cover.moved(0.0, covered / 2 - depth / 2 + 0.06, deck - 0.02), label, blanket)
    pillows = 1 if width < 1.3 else 2
    for index in range(pillows):
        x = (index - (pillows - 1) / 2) * width * 0.47
        pillow = cushion(width * 0.86 / pillows, 0.38, rng.uniform(0.1, 0.16), 3.5).turned(rng.normal(0.0, 0.08))
        item.add(pillow.moved(x, depth / 2 - 0.3, deck + mattress * 0.96), label, sheet)
    return item
