"""Furniture that has no class of its own, and clutter that carries no benchmark label."""

from __future__ import annotations

import numpy as np

from bscnet.simulate.classes import CLASS_IDS, CLUTTER_IDS, UNLABELLED
from bscnet.simulate.item import Item
from bscnet.simulate.primitives import ball, bar, box, cushion, cylinder, loft, superellipse_outline
from bscnet.simulate.seating import add_legs
from bscnet.simulate.textures import random_material


def other_furniture(rng: np.random.Generator) -> Item:
    """A stool, ottoman, rack, trolley, waste bin or free-standing heater: `otherfurniture` of the benchmark."""
    label = CLASS_IDS["otherfurniture"]
    first, second = random_material(rng), random_material(rng)
    style = rng.integers(6)
    if style == 0:
        height, radius = rng.uniform(0.44, 0.72), rng.uniform(0.15, 0.2)
        item = Item(2 * radius, 2 * radius, height)
        add_legs(item, label, first, 1.5 * radius, 1.5 * radius, height, 0.04)
        item.add(cylinder(radius, 0.05, corners=18).moved(z=height - 0.05), label, second)
    elif style == 1:
        side, height = rng.uniform(0.42, 0.62), rng.uniform(0.36, 0.46)
        item = Item(side, side, height)
        item.add(cushion(side, side, height, rng.choice([2.0, 8.0])), label, first)
    elif style == 2:
        width, height = rng.uniform(0.5, 0.8), rng.uniform(0.9, 1.5)
        item = Item(width, 0.36, height)
        add_legs(item, label, first, width, 0.34, height, 0.035)
        for z in np.linspace(0.15, height - 0.04, 4):
            item.add(bar((-width / 2, -0.14, z), (width / 2, -0.14, z), 0.035), label, first)
            item.add(bar((-width / 2, 0.14, z), (width / 2, 0.14, z), 0.035), label, first)
        cloth = box(width * 0.55, 0.3, 0.35).moved(rng.uniform(-0.1, 0.1), 0.0, height - 0.32)
        item.add(cloth, label, second)
    elif style == 3:
        width, height = rng.uniform(0.42, 0.6), rng.uniform(0.65, 0.85)
        item = Item(width, 0.4, height)
        add_legs(item, label, first, width, 0.4, height, 0.035)
        for z in (0.12, 0.45 * height, height - 0.03):
            item.add(box(width, 0.4, 0.03).moved(z=z), label, second)
    elif style == 4:
        radius, height = rng.uniform(0.13, 0.2), rng.uniform(0.35, 0.62)
        item = Item(2.4 * radius, 2.4 * radius, height)
        outline = superellipse_outline(2 * radius, 2 * radius, rng.choice([2.0, 8.0]))
        rings = [(0.8, 0.0), (1.1, height), (1.02, height), (0.75, 0.06)]
        item.add(loft(outline, rings), label, first)
    else:
        width, height = rng.uniform(0.5, 0.9), rng.uniform(0.5, 0.7)
        item = Item(width, 0.16, height)
        for x in np.linspace(-width / 2 + 0.04, width / 2 - 0.04, int(width / 0.1)):
            item.add(cushion(0.07, 0.12, height - 0.1, 4.0).moved(x, 0.0, 0.08), label, first)
        item.add(box(width, 0.05, 0.09).moved(z=0.02), label, second)
    return item


def floor_clutter(rng: np.random.Generator) -> Item:
    """A thing that stands or lies on the floor: a box, a bag, a floor lamp, a potted plant."""
    first, second = random_material(rng), random_material(rng)
    style = rng.integers(4)
    if style == 0:
        width, depth, height = rng.uniform(0.25, 0.5), rng.uniform(0.2, 0.4), rng.uniform(0.15, 0.4)
        item = Item(width, depth, height)
        item.add(box(width, depth, height), CLUTTER_IDS["box"], first)
        return item
    if style == 1:
        width, depth, height = rng.uniform(0.3, 0.45), rng.uniform(0.18, 0.3), rng.uniform(0.3, 0.45)
        item = Item(width, depth, height)
        rings = [(0.9, 0.0), (1.0, 0.4 * height), (0.75, 0.8 * height), (0.2, height)]
        item.add(loft(superellipse_outline(width, depth, 3.0), rings), CLUTTER_IDS["bag"], first)
        return item
    if style == 2:
        height, shade = rng.uniform(1.2, 1.6), rng.uniform(0.14, 0.2)
        item = Item(2 * shade, 2 * shade, height)
        item.add(cylinder(0.14, 0.03), CLUTTER_IDS["lamp"], first)
        item.add(cylinder(0.025, height - 0.1), CLUTTER_IDS["lamp"], first)
        cone = cylinder(shade, 0.26, shade * rng.uniform(0.5, 0.9), corners=16)
        item.add(cone.moved(z=height - 0.28), CLUTTER_IDS["lamp"], second)
        return item
    radius, height = rng.uniform(0.12, 0.18), rng.uniform(0.6, 1.2)
    item = Item(3 * radius, 3 * radius, height)
    item.add(cylinder(radius * 0.75, 0.26, radius), CLUTTER_IDS["otherprop"], first)
    for _ in range(int(rng.integers(4, 8))):
        lean, turn = rng.uniform(0.2, 1.1), rng.uniform(0, 2 * np.pi)
        tip = (radius * 1.4 * lean * np.cos(turn), radius * 1.4 * lean * np.sin(turn), height * rng.uniform(0.65, 0.85))
        item.add(bar((0.0, 0.0, 0.22), tip, 0.03), UNLABELLED, second)
        leaf = ball(0.2, 0.12, 0.16).turned(turn).moved(tip[0], tip[1], tip[2] - 0.05)
        item.add(leaf, UNLABELLED, second)
    return item


def table_clutter(rng: np.random.Generator) -> Item:
    """A small thing for a table top: a stack of books, a pot, a bottle, a lamp or a screen."""
    first, second = random_material(rng), random_material(rng)
    style = rng.integers(5)
    if style == 0:
        item = Item(0.3, 0.24, 0.12)
        z = 0.0
        for _ in range(int(rng.integers(2, 4))):
            thick = rng.uniform(0.025, 0.05)
            item.add(box(0.26, 0.19, thick).turned(rng.normal(0, 0.15)).moved(z=z), CLUTTER_IDS["otherprop"], first)
            z += thick
    elif style == 1:
        radius, height = rng.uniform(0.06, 0.12), rng.uniform(0.08, 0.18)
        item = Item(2.2 * radius, 2.2 * radius, height)
        item.add(cylinder(radius * 0.8, height, radius, corners=16), UNLABELLED, first)
    elif style == 2:
        item = Item(0.12, 0.12, 0.3)
        rings = [(1.0, 0.0), (1.0, 0.17), (0.4, 0.23), (0.4, 0.29)]
        item.add(loft(superellipse_outline(0.09, 0.09), rings), UNLABELLED, first)
    elif style == 3:
        item = Item(0.26, 0.26, 0.42)
        item.add(cylinder(0.07, 0.28, 0.03), CLUTTER_IDS["lamp"], first)
        item.add(cylinder(0.13, 0.17, 0.08, corners=16).moved(z=0.25), CLUTTER_IDS["lamp"], second)
    else:
        item = Item(0.56, 0.2, 0.44)
        item.add(box(0.24, 0.18, 0.02), CLUTTER_IDS["otherprop"], second)
        item.add(box(0.05, 0.04, 0.14).moved(0.0, 0.04, 0.01), CLUTTER_IDS["otherprop"], second)
        item.add(box(0.54, 0.04, 0.32).moved(0.0, 0.0, 0.11), CLUTTER_IDS["otherprop"], first)
    return item
