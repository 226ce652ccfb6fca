"""Looks: patterns, shading, and that colour does not tell the class."""

from __future__ import annotations

import numpy as np
import pytest

from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.recipes import ROOM_KINDS, furnish
from bscnet.simulate.textures import PATTERNS, Lighting, Material, pattern_value, random_material, surface_colour


def material(pattern: str) -> Material:
    return Material(pattern, np.array([200.0, 10.0, 10.0]), np.array([10.0, 10.0, 200.0]), np.eye(3), 0.3, 0.0)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_mix_two_colours(pattern: str) -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (2000, 3))
    mix = pattern_value(material(pattern), points)
    assert mix.min() >= 0 and mix.max() <= 1
    assert (np.ptp(mix) == 0) == (pattern == "plain")


def test_each_point_takes_the_colour_of_its_own_material() -> None:
    rng = np.random.default_rng(1)
    looks = [random_material(rng) for _ in range(5)]
    which, points = rng.integers(0, 5, 300), rng.uniform(-2, 2, (300, 3))
    colours = surface_colour(looks, which, points)
    for index in range(300):
        alone = surface_colour(looks, which[index : index + 1], points[index : index + 1])
        np.testing.assert_allclose(colours[index], alone[0])


def test_lambert() -> None:
    light = Lighting(np.full(3, 0.5), np.array([[0.0, 0.0, 1.0]]), np.array([[0.4, 0.2, 0.0]]))
    normals = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0], [np.sqrt(0.75), 0.0, 0.5]])
    shaded = light.shade(np.full((3, 3), 100.0), normals)
    np.testing.assert_allclose(shaded, [[90, 70, 50], [50, 50, 50], [70, 60, 50]])


def test_colour_does_not_give_the_class_away() -> None:
    """The best guess of the class from a surface's base colour, learnt on half of the rooms, is little above chance."""
    colours, classes = [[], []], [[], []]
    for index in range(60):
        room = furnish(list(ROOM_KINDS)[index % 5], (77, index))
        looks = {id(p.material): (p.material.first, p.label) for p in room.parts if p.label in CLASS_IDS.values()}
        for first, label in looks.values():
            colours[index // 5 % 2].append(first)
            classes[index // 5 % 2].append(label)
    train, test = np.array(colours[0]), np.array(colours[1])
    known, truth = np.array(classes[0]), np.array(classes[1])
    # Nearest neighbours, each vote weighted so that rare classes count as much as frequent ones.
    distance = np.sum((test[:, None] - train[None]) ** 2, axis=-1)
    near = known[np.argsort(distance, axis=1)[:, :15]]
    ids = np.unique(known)
    votes = np.stack([(near == label).sum(axis=1) / (known == label).sum() for label in ids], axis=1)
    guess = ids[np.argmax(votes, axis=1)]
    recall = np.mean([np.mean(guess[truth == label] == label) for label in ids if (truth == label).any()])
    assert len(ids) == 20
    assert recall < 0.1, f"chance is 0.05, colour alone reaches {recall:.3f}"
