"""Bathroom furniture: toilets, washbasins, bathtubs and the curtain before them."""

from __future__ import annotations

import numpy as np

from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.item import Item
from bscnet.simulate.primitives import bar, basin, box, cushion, cylinder, loft, superellipse_outline, wavy_sheet
from bscnet.simulate.storage import add_front
from bscnet.simulate.surfaces import sink_bowl
from bscnet.simulate.textures import random_material


def toilet(rng: np.random.Generator) -> Item:
    """A toilet: bowl on a foot, seat with the lid up or down, and a cistern at the wall."""
    label = CLASS_IDS["toilet"]
    china, seat_look = random_material(rng), random_material(rng)
    width, depth, seat = rng.uniform(0.36, 0.42), rng.uniform(0.64, 0.74), rng.uniform(0.38, 0.44)
    tank = rng.uniform(0.17, 0.22)
    item = Item(width + 0.04, depth, seat + 0.42)
    bowl = depth - tank + 0.03
    middle = bowl / 2 - depth / 2
    item.add(cylinder(0.13, seat * 0.6, 0.11).moved(0.0, middle + 0.05, 0.0), label, china)
    shell = basin(width, bowl, seat * 0.62, 2.3, rim=0.22, hollow=0.75)
    item.add(shell.moved(0.0, middle, seat * 0.38), label, china)
    ring = basin(width * 1.03, bowl * 0.98, 0.035, 2.3, rim=0.3, hollow=0.6).moved(0.0, middle, seat + 0.004)
    item.add(ring, label, seat_look)
    lid = loft(superellipse_outline(width, bowl * 0.94, 2.4), [(0.97, 0.0), (1.0, 0.01), (0.95, 0.03)])
    if rng.random() < 0.6:
        item.add(lid.moved(0.0, middle, seat + 0.042), label, seat_look)
    else:
        upright = lid.turned(0.0, np.pi / 2 - 0.12).moved(0.0, depth / 2 - tank - 0.06, seat + bowl * 0.47)
        item.add(upright, label, seat_look)
    item.add(box(0.22, tank, seat - 0.02).moved(0.0, (depth - tank) / 2, 0.0), label, china)
    item.add(cushion(width + 0.03, tank, 0.36, 8.0).moved(0.0, (depth - tank) / 2, seat + 0.02), label, china)
    item.add(cushion(width + 0.05, tank + 0.02, 0.04, 8.0).moved(0.0, (depth - tank) / 2, seat + 0.37), label, china)
    return item


def washbasin(rng: np.random.Generator) -> Item:
    """A washbasin on a pedestal, or let into a vanity cabinet with a counter top."""
    china, body = random_material(rng), random_material(rng)
    height = rng.uniform(0.8, 0.9)
    if rng.random() < 0.5:
        width, depth = rng.uniform(0.46, 0.62), rng.uniform(0.4, 0.5)
        item = Item(width, depth, height + 0.2)
        item.add(cylinder(0.12, height - 0.14, 0.085).moved(0.0, 0.06, 0.0), CLASS_IDS["sink"], china)
        item.absorb(sink_bowl(rng, width, depth), z=height - 0.2)
        return item
    width, depth = rng.uniform(0.62, 0.95), rng.uniform(0.44, 0.54)
    item = Item(width, depth, height + 0.2)
    front = Item(width * 0.97, depth * 0.92, height - 0.24)
    front.add(box(front.width, front.depth, front.height), CLASS_IDS["cabinet"], body)
    add_front(front, rng, CLASS_IDS["cabinet"], body, columns=2, rows=1)
    item.absorb(front, z=0.04)
    item.add(box(width, depth, 0.04).moved(0.0, 0.0, height - 0.2), CLASS_IDS["counter"], china)
    bowl = sink_bowl(rng, min(width * 0.75, 0.58), depth * 0.84)
    item.absorb(bowl, z=height - 0.155)
    return item


def bathtub(rng: np.random.Generator, width: float) -> Item:
    """A bathtub `width` metres long along the wall: free-standing and oval, or built into a box."""
    label = CLASS_IDS["bathtub"]
    enamel, apron = random_material(rng), random_material(rng)
    depth, height = rng.uniform(0.68, 0.8), rng.uniform(0.5, 0.62)
    item = Item(width, depth, height)
    exponent = rng.choice([2.6, 5.0, 14.0])
    item.add(basin(width, depth, height, exponent, rim=rng.uniform(0.08, 0.14), hollow=0.78), label, enamel)
    if exponent > 10.0:
        item.add(box(width, 0.03, height - 0.04).moved(0.0, 0.014 - depth / 2), label, apron)
    end = rng.choice([-1, 1]) * (width / 2 - 0.07)
    item.add(bar((end, depth * 0.1, height), (end, depth * 0.1, height + 0.16), 0.05), label, enamel)
    item.add(bar((end, depth * 0.1, height + 0.15), (end * 0.82, depth * 0.1, height + 0.12), 0.045), label, enamel)
    return item


def shower_curtain(rng: np.random.Generator, width: float) -> Item:
    """A curtain on a rod that covers a share of `width` metres, hung low enough to reach into the tub's height."""
    label = CLASS_IDS["shower curtain"]
    cloth, steel = random_material(rng), random_material(rng)
    height, low = rng.uniform(1.85, 2.0), rng.uniform(0.12, 0.3)
    share = rng.uniform(0.3, 0.55)
    item = Item(width, 0.12, height + 0.04)
    side = rng.choice([-1, 1])
    sheet = wavy_sheet(share * width, height - low, 0.1, folds=share * width / 0.2, phase=rng.uniform(0, 6))
    item.add(sheet.moved(side * (1 - share) * width / 2, 0.0, low), label, cloth)
    item.add(bar((-width / 2, 0.0, height), (width / 2, 0.0, height), 0.03), label, steel)
    return item
