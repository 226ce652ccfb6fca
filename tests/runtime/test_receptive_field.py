"""The receptive field is a true bound, and a tight one; what nobody here knows is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bscnet import runtime
from bscnet.errors import InputError
from bscnet.runtime.receptive_field import MAX_RADIUS, receptive_radius
from fixtures.model_files import ModelParts, random_program


def program_of(*instructions: dict[str, Any], levels: int = 3) -> dict[str, Any]:
    """A description with one value a instruction, `level` of each given beside it."""
    values = [["real", 0, 1], *(["real", about.pop("level"), 1] for about in instructions)]
    numbered = [{**about, "out": number + 1} for number, about in enumerate(instructions)]
    return {"levels": levels, "values": values, "instructions": numbered, "output": len(instructions)}


def conv(source: int, level: int, geometry: str = "submanifold", *shifts: list[int]) -> dict[str, Any]:
    about: dict[str, Any] = {"op": "conv", "geometry": geometry, "in": source, "bits": -1, "steps": [], "level": level}
    return {**about, "shifts": list(shifts) or [[0, 0, 0]]} if geometry == "submanifold" else about


def test_radius_worked_out_by_hand() -> None:
    assert receptive_radius(program_of(conv(0, 0, "pointwise"))) == 0
    assert receptive_radius(program_of(conv(0, 0))) == 1
    assert receptive_radius(program_of(conv(0, 0), conv(1, 0), conv(2, 0))) == 3
    assert receptive_radius(program_of(conv(0, 0, "submanifold", [0, 0, 0], [0, -1, 0]))) == 2
    # down, 3x3x3 of cells twice as wide, up: 2 voxels of window and the sibling of the own cell
    assert receptive_radius(program_of(conv(0, 1, "strided"), conv(1, 1), conv(2, 0, "transposed"))) == 3
    # the same by pooling and adding the parent's value
    pool = {"op": "pool", "kind": "avg", "in": 0, "level": 1}
    add = {"op": "map", "in": 0, "bits": -1, "steps": [["add", 2]], "level": 0}
    assert receptive_radius(program_of(pool, conv(1, 1), add)) == 3
    # from two levels up a cell of 4 covers 3 voxels more; concat takes the farthest of its parts
    cat = {"op": "concat", "in": [0, 2], "level": 1}
    up = conv(3, 0, "transposed")
    assert receptive_radius(program_of(conv(0, 1, "strided"), conv(1, 2, "strided"), cat, up)) == 3


@pytest.mark.parametrize("seed", range(12))
def test_what_is_beyond_the_radius_does_not_matter(seed: int) -> None:
    """Other features there, and no sites there, leave a site's logits as they are to the bit."""
    parts: ModelParts = random_program(seed, levels=3, length=9, max_channels=17)
    radius = receptive_radius(parts.description)
    session = runtime.loads(parts.to_bytes())
    rng = np.random.default_rng(seed)
    coords = np.unique(np.concatenate([rng.integers(-radius - 6, radius + 6, (900, 3)), [[0, 0, 0]]]), axis=0)
    feats = rng.normal(size=(len(coords), 3))
    centre = int(np.flatnonzero((coords == 0).all(axis=1))[0])
    near = np.abs(coords).max(axis=1) <= radius
    assert near.any() and not near.all()
    wanted = session(coords, feats)[centre]
    changed = np.where(near[:, None], feats, 5 * rng.normal(size=feats.shape))
    np.testing.assert_array_equal(session(coords, changed)[centre], wanted)
    alone = session(coords[near], feats[near])
    np.testing.assert_array_equal(alone[np.flatnonzero(near).searchsorted(centre)], wanted)


@pytest.mark.parametrize(
    "changed, sentence",
    [
        ({"op": "attend"}, r"instruction 1 has the operator 'attend', known are conv, map, binarize, concat, pool"),
        ({"geometry": "wide"}, r"instruction 1 has the geometry 'wide', known are submanifold, strided"),
        ({"steps": [["relu"], ["blur"]]}, r"instruction 1 has the step 'blur', known are affine"),
    ],
)
def test_what_might_see_any_distance_is_refused(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match="the receptive field cannot be told: " + sentence):
        receptive_radius(program_of(conv(0, 0), {**conv(1, 0), **changed}))


def test_a_radius_wider_than_any_scene_is_stated_as_the_largest() -> None:
    layers = [{**conv(number, 11), "level": 11} for number in range(1, 600)]
    assert receptive_radius(program_of(conv(0, 11, "strided"), *layers, levels=12)) == MAX_RADIUS


@pytest.mark.parametrize("version", [1, 2])
def test_the_session_tells_it_for_files_of_both_versions(version: int) -> None:
    parts = random_program(5, levels=3, length=9, version=version)
    wanted = receptive_radius(parts.description)
    assert wanted > 0 and runtime.loads(parts.to_bytes()).radius == wanted
    if version == 2:
        parts.description["radius"] = 77  # what the file states is believed
        assert runtime.loads(parts.to_bytes()).radius == 77
