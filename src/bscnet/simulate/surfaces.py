"""Furniture with a working surface: tables, desks, kitchen counters."""

from __future__ import annotations

import numpy as np

from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.item import Item
from bscnet.simulate.primitives import bar, basin, box, cylinder, loft, superellipse_outline
from bscnet.simulate.seating import add_legs
from bscnet.simulate.storage import add_front
from bscnet.simulate.textures import random_material


def table(rng: np.random.Generator, low: bool = False) -> Item:
    """A dining table, or a coffee table where `low`: round, oval or rectangular top on legs, a foot or trestles."""
    label = CLASS_IDS["table"]
    top, base = random_material(rng), random_material(rng)
    height = rng.uniform(0.34, 0.5) if low else rng.uniform(0.69, 0.78)
    is_round = rng.random() < 0.35
    width = rng.uniform(0.7, 1.1) if is_round else rng.uniform(0.8, 1.4)
    depth = width * rng.uniform(0.75, 1.0) if is_round else rng.uniform(0.5, 0.8)
    thickness = rng.uniform(0.03, 0.07)
    item = Item(width, depth, height, top=(width * 0.7, depth * 0.7, height))
    outline = superellipse_outline(width, depth, 2.0 if is_round else rng.choice([8.0, 40.0]), corners=28)
    item.add(loft(outline, [(1.0, height - thickness), (1.0, height)]), label, top)
    style = 1 if is_round and rng.random() < 0.6 else rng.integers(4)
    if style == 0:
        add_legs(item, label, base, width * 0.92, depth * 0.88, height - thickness / 2, rng.uniform(0.045, 0.08))
    elif style == 1:
        foot = cylinder(0.32 * depth, 0.04, 0.2 * depth)
        item.add(foot, label, base)
        item.add(cylinder(0.05, height - thickness), label, base)
    elif style == 2:
        for x in (-1.0, 1.0):
            item.add(box(0.05, depth * 0.85, height - thickness).moved(x * width * 0.4), label, base)
        item.add(box(width * 0.78, 0.04, 0.1).moved(0.0, 0.0, 0.25 * height), label, base)
    else:
        for x in (-0.38, 0.38):
            for y in (-0.38, 0.38):
                foot_point = (x * width * 1.15, y * depth * 1.15, 0.02)
                item.add(bar((x * width * 0.8, y * depth * 0.8, height - thickness), foot_point, 0.055), label, base)
    if low and style == 0 and rng.random() < 0.5:
        item.add(box(width * 0.86, depth * 0.82, 0.03).moved(0.0, 0.0, 0.14), label, base)
    return item


def desk(rng: np.random.Generator) -> Item:
    """A desk: a deep board against the wall on panels or a drawer block, with a screen board at the back or above."""
    label = CLASS_IDS["desk"]
    top, body = random_material(rng), random_material(rng)
    width, depth, height = rng.uniform(1.05, 1.5), rng.uniform(0.56, 0.74), rng.uniform(0.71, 0.77)
    item = Item(width, depth, height, top=(width * 0.8, depth * 0.6, height))
    item.add(box(width, depth, 0.04).moved(z=height - 0.04), label, top)
    block = rng.uniform(0.34, 0.44)
    side = rng.choice([-1, 1])
    drawers = box(block, depth * 0.92, height - 0.08).moved(side * (width - block) / 2, 0.0, 0.04)
    item.add(drawers, label, body)
    front = Item(block, depth * 0.92, height - 0.08)
    add_front(front, rng, label, body, columns=1, rows=int(rng.integers(2, 4)))
    item.absorb(front, x=side * (width - block) / 2, z=0.04)
    item.add(box(0.04, depth * 0.95, height - 0.04).moved(-side * (width / 2 - 0.03)), label, body)
    item.add(box(width * 0.96, 0.03, 0.42).moved(0.0, depth / 2 - 0.05, height - 0.46), label, body)
    if rng.random() < 0.4:
        upper = rng.uniform(0.25, 0.4)
        for x in (-1.0, 1.0):
            item.add(box(0.03, 0.24, upper).moved(x * (width / 2 - 0.03), depth / 2 - 0.13, height), label, body)
        item.add(box(width, 0.25, 0.03).moved(0.0, depth / 2 - 0.13, height + upper), label, body)
        item.height = height + upper + 0.03
        item.top = (width * 0.7, depth * 0.35, height)
    return item


def counter(rng: np.random.Generator, width: float, with_sink: bool) -> Item:
    """A kitchen counter `width` metres wide: cabinets below, the counter top, and a sink let into it if wanted."""
    label = CLASS_IDS["counter"]
    top, body = random_material(rng), random_material(rng)
    depth, height, slab = rng.uniform(0.58, 0.66), rng.uniform(0.86, 0.94), rng.uniform(0.05, 0.09)
    item = Item(width, depth, height, top=(width * 0.8, depth * 0.5, height))
    # Under a sink the cabinet stays lower, or it would fill the bowl.
    carcass = height - (0.21 if with_sink else slab) - 0.08
    item.add(box(width * 0.99, depth * 0.93, carcass).moved(0.0, 0.01, 0.08), CLASS_IDS["cabinet"], body)
    front = Item(width * 0.99, depth * 0.93, height - slab - 0.08)
    add_front(front, rng, CLASS_IDS["cabinet"], body, columns=max(int(width / 0.5), 1), rows=int(rng.integers(1, 3)))
    item.absorb(front, y=0.01, z=0.08)
    hole = min(rng.uniform(0.48, 0.6), 0.7 * width) if with_sink else 0.0
    if not with_sink:
        item.add(box(width, depth, slab).moved(z=height - slab), label, top)
    else:
        x = rng.uniform(-0.5, 0.5) * (width - hole - 0.2)
        inner = depth * 0.74
        left, right = x - hole / 2 + width / 2, width / 2 - x - hole / 2
        item.add(box(left, depth, slab).moved(left / 2 - width / 2, 0.0, height - slab), label, top)
        item.add(box(right, depth, slab).moved(width / 2 - right / 2, 0.0, height - slab), label, top)
        for y in (-1, 1):
            edge = (depth - inner) / 2
            item.add(box(hole, edge, slab).moved(x, y * (depth - edge) / 2, height - slab), label, top)
        item.absorb(sink_bowl(rng, hole, inner), x=x, z=height - 0.2 + 0.012)
        item.top = None
    if rng.random() < 0.5:
        item.add(box(width, 0.03, 0.12).moved(0.0, depth / 2 - 0.015, height), label, top)
    return item


def sink_bowl(rng: np.random.Generator, width: float, depth: float) -> Item:
    """The bowl and tap of a sink, 0.2 m deep, rim on top."""
    label = CLASS_IDS["sink"]
    look = random_material(rng)
    item = Item(width, depth, 0.2)
    item.add(basin(width, depth, 0.2, rng.choice([3.0, 6.0, 12.0]), rim=0.09, hollow=0.8), label, look)
    foot = (0.0, depth * 0.42, 0.19)
    head = (0.0, depth * 0.42, 0.19 + rng.uniform(0.16, 0.3))
    item.add(bar(foot, head, 0.05), label, look)
    item.add(bar(head, (0.0, depth * 0.1, head[2] - 0.03), 0.045), label, look)
    return item
