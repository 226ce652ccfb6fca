"""Furniture that holds things: cabinets, bookshelves, refrigerators."""

from __future__ import annotations

import numpy as np

from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.item import Item
from bscnet.simulate.primitives import bar, box, cushion
from bscnet.simulate.textures import Material, random_material


def add_front(item: Item, rng: np.random.Generator, label: int, material: Material, columns: int, rows: int) -> None:
    """Doors or drawers with gaps and handles over the front (-y) of an item's body."""
    cell, tall = item.width / columns, item.height / rows
    handle = random_material(rng)
    upright = tall > cell
    for column in range(columns):
        for row in range(rows):
            x, z = (column + 0.5) * cell - item.width / 2, row * tall
            leaf = box(cell - 0.025, 0.03, tall - 0.025).moved(x, -item.depth / 2 - 0.012, z + 0.012)
            item.add(leaf, label, material)
            front = -item.depth / 2 - 0.045
            if upright:
                grip = x + (0.38 if column % 2 == 0 else -0.38) * cell
                ends = ((grip, front, z + 0.4 * tall), (grip, front, z + 0.6 * tall))
            else:
                ends = ((x - 0.15 * cell, front, z + 0.7 * tall), (x + 0.15 * cell, front, z + 0.7 * tall))
            item.add(bar(*ends, 0.03), label, handle)


def cabinet(rng: np.random.Generator, kind: str) -> Item:
    """A cabinet with doors or drawers; kinds: wardrobe, sideboard, nightstand, filing, upper (hangs on a wall)."""
    label = CLASS_IDS["cabinet"]
    spans = {
        "wardrobe": ((0.8, 1.3), (0.5, 0.62), (1.7, 2.1)),
        "sideboard": ((0.8, 1.4), (0.36, 0.5), (0.5, 0.95)),
        "nightstand": ((0.38, 0.52), (0.34, 0.44), (0.42, 0.62)),
        "filing": ((0.4, 0.8), (0.42, 0.56), (0.65, 1.35)),
        "upper": ((0.6, 1.5), (0.3, 0.38), (0.5, 0.72)),
    }
    (w0, w1), (d0, d1), (h0, h1) = spans[kind]
    width, depth, height = rng.uniform(w0, w1), rng.uniform(d0, d1), rng.uniform(h0, h1)
    item = Item(width, depth, height, top=(width * 0.8, depth * 0.7, height))
    body = random_material(rng)
    plinth = 0.0 if kind == "upper" else rng.uniform(0.03, 0.1)
    if plinth > 0.06:
        for x in (-1.0, 1.0):
            item.add(box(0.06, depth * 0.9, plinth + 0.02).moved(x * width * 0.45), label, body)
    else:
        item.add(box(width * 0.96, depth * 0.9, plinth + 0.02), label, body)
    front = Item(width, depth - 0.05, height - plinth)
    front.add(box(width, depth - 0.05, height - plinth), label, body)
    columns = max(round(width / rng.uniform(0.4, 0.6)), 1)
    rows = int(rng.integers(2, 5)) if kind in ("nightstand", "filing") else int(rng.integers(1, 3))
    add_front(front, rng, label, body if rng.random() < 0.6 else random_material(rng), columns, rows)
    item.absorb(front, y=0.02, z=plinth)
    if rng.random() < 0.4:
        item.add(box(width * 1.03, depth, 0.03).moved(0.0, 0.0, height - 0.012), label, body)
    return item


def bookshelf(rng: np.random.Generator) -> Item:
    """An open shelf with boards and books; the books belong to it, as in ScanNet's own labels."""
    label = CLASS_IDS["bookshelf"]
    wood = random_material(rng)
    width, depth, height = rng.uniform(0.7, 1.2), rng.uniform(0.26, 0.36), rng.uniform(1.2, 1.9)
    item = Item(width, depth, height)
    for x in (-1.0, 1.0):
        item.add(box(0.035, depth, height).moved(x * (width / 2 - 0.018)), label, wood)
    if rng.random() < 0.8:
        item.add(box(width - 0.01, 0.025, height - 0.01).moved(0.0, depth / 2 - 0.014), label, wood)
    boards = np.linspace(0.06, height - 0.03, round(height / rng.uniform(0.3, 0.4)) + 1)
    for z in boards.tolist():
        item.add(box(width - 0.02, depth - 0.01, 0.03).moved(z=z - 0.015), label, wood)
    looks = [random_material(rng) for _ in range(5)]
    gap = boards[1] - boards[0]
    for z in boards[:-1]:
        x = -width / 2 + 0.05
        end = width / 2 - 0.06 - (rng.uniform(0.1, 0.5) * width if rng.random() < 0.5 else 0.0)
        while x < end:
            thick = float(min(rng.uniform(0.03, 0.14), end - x + 0.02))
            deep, tall = depth * rng.uniform(0.55, 0.85), gap * rng.uniform(0.5, 0.85)
            book = box(thick - 0.006, deep, tall).moved(x + thick / 2, depth / 2 - deep / 2 - 0.03, z + 0.012)
            item.add(book, label, looks[rng.integers(len(looks))])
            x += thick
    return item


def refrigerator(rng: np.random.Generator) -> Item:
    """A refrigerator with one or two doors above each other, rounded edges and long handles."""
    label = CLASS_IDS["refrigerator"]
    shell, grip = random_material(rng), random_material(rng)
    width, depth, height = rng.uniform(0.55, 0.8), rng.uniform(0.58, 0.72), rng.uniform(1.4, 1.85)
    item = Item(width, depth, height)
    item.add(box(width, depth - 0.08, height - 0.04).moved(0.0, 0.04, 0.04), label, shell)
    cut = height * rng.choice([0.36, 0.62, 0.7])
    hinge = rng.choice([-1, 1])
    for low, high in ((0.06, cut - 0.012), (cut + 0.012, height)):
        door = cushion(width * 0.99, high - low, 0.075, 16.0).turned(0.0, np.pi / 2)
        item.add(door.moved(0.0, 0.085 - depth / 2, (low + high) / 2), label, shell)
        x, y = hinge * (width / 2 - 0.07), -depth / 2 - 0.035
        middle, half = (low + high) / 2, min(0.32 * (high - low), 0.28)
        item.add(bar((x, y, middle - half), (x, y, middle + half), 0.035), label, grip)
    return item
