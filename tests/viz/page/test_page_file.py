"""The page as a file: its points are the scene's, its numbers the definition's, and no name breaks out of it."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bscnet.settings.words import PaletteName, words
from bscnet.viz.page import PageScene, write_page
from bscnet.viz.page.page import SCRIPTS
from bscnet.viz.page.scene import VIEWS
from bscnet.viz.palette import class_palette
from bscnet.viz.pictures import scene_miou
from fixtures.pages import COLOURS, SURE, blocks, elements, read_back

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FLOATS = st.floats(-1e6, 1e6, width=32)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
VALUES = st.floats(-1e306, 1e306) | st.just(math.nan) | st.just(math.inf)
VALUE_NAMES = TEXT.filter(lambda name: name not in VIEWS)


@st.composite
def scenes(draw: st.DrawFn) -> PageScene:
    """Any valid scene: one point or many, all at one place or far apart, with and without each thing known of it."""
    count = draw(st.integers(1, 30))
    labels = arrays.arrays(draw(st.sampled_from([np.int16, np.int64])), count, elements=st.integers(-101, 260))
    return PageScene(
        name=draw(TEXT),
        points=draw(arrays.arrays(np.float32, (count, 3), elements=FLOATS)),
        colors=draw(arrays.arrays(np.uint8, (count, 3))),
        truth=draw(st.none() | labels),
        prediction=draw(st.none() | labels),
        confidence=draw(st.none() | arrays.arrays(np.float32, count, elements=st.floats(0, 1, width=32))),
        class_names=draw(st.lists(TEXT, max_size=255)),
        facts=draw(st.dictionaries(TEXT, TEXT, max_size=3)),
        values=draw(st.dictionaries(VALUE_NAMES, arrays.arrays(np.float64, count, elements=VALUES), max_size=3)),
        palette=draw(st.sampled_from(words(PaletteName))),
    )


def same(scene: PageScene, planes: dict[str, np.ndarray], layout: dict[str, Any], kept: np.ndarray) -> None:
    off = np.abs(planes["position"] - scene.points[kept].astype(np.float64))
    assert (off <= np.array(layout["step"]) / 2 + 1e-9).all()
    assert (planes["colour"] == scene.colors[kept]).all()
    for name, labels in (("truth", scene.truth), ("prediction", scene.prediction)):
        assert (name in planes) == (labels is not None)
        if labels is not None:
            classes = range(len(scene.class_names))
            assert planes[name].tolist() == [label if label in classes else 255 for label in labels[kept].tolist()]
    for name, values in scene.values.items():
        told = next(one for one in layout["values"] if one["name"] == name)
        known = np.abs(values[kept]) < 1e300
        np.testing.assert_array_equal(known, ~np.isnan(planes[name]))
        off = np.abs(planes[name] - values[kept])[known]
        assert (off <= told["step"] / 2 + 1e-9 * np.abs(values[kept][known])).all()
        assert not known.any() or told["inner"][0] <= told["inner"][1]
    assert ("confidence" in planes) == (scene.confidence is not None)
    if scene.confidence is not None:
        assert np.abs(planes["confidence"] / 255 - scene.confidence[kept]).max() <= 0.5 / 255 + 1e-6


@SLOW
@given(scene=scenes())
def test_points_come_back_within_half_a_step(scene: PageScene, tmp_path: Path) -> None:
    description, planes = read_back(write_page(tmp_path / "page.html", scene))
    same(scene, planes, description["layout"], np.arange(len(scene.points)))
    assert description["name"] == scene.name and description["facts"] == dict(scene.facts)
    assert [row["name"] for row in description["classes"]] == list(scene.class_names)
    colours = np.array([row["colour"] for row in description["classes"]]).reshape(-1, 3)
    assert (colours == class_palette(len(scene.class_names), scene.palette)).all()


@SLOW
@given(scene=scenes())
def test_numbers_are_those_of_the_definition(scene: PageScene, tmp_path: Path) -> None:
    description, _ = read_back(write_page(tmp_path / "page.html", scene))
    truth, prediction = scene.truth, scene.prediction
    for label, row in enumerate(description["classes"]):
        pairs = [
            (t, p)
            for t, p in zip(
                [None] * len(scene.points) if truth is None else truth.tolist(),
                [None] * len(scene.points) if prediction is None else prediction.tolist(),
                strict=True,
            )
            if t is None or 0 <= t < len(scene.class_names)
        ]
        assert row["truth"] == (None if truth is None else sum(t == label for t, _ in pairs))
        assert row["predicted"] == (None if prediction is None else sum(p == label for _, p in pairs))
        either = sum(t == label or p == label for t, p in pairs)
        both = sum(t == label and p == label for t, p in pairs)
        known = truth is not None and prediction is not None and either > 0
        assert row["iou"] == (pytest.approx(both / either) if known else None)
    if truth is not None and prediction is not None:
        wanted = scene_miou(truth, prediction, len(scene.class_names))
        assert description["miou"] == (None if math.isnan(wanted) else pytest.approx(wanted))
    else:
        assert description["miou"] is None


def test_large_scene_is_a_seeded_subset_and_its_numbers_count_all(tmp_path: Path) -> None:
    scene = blocks()
    first = write_page(tmp_path / "a.html", scene, max_points=1000)
    description, planes = read_back(first)
    assert description["layout"]["count"] == 1000 and description["total"] == len(scene.points)
    assert sum(row["truth"] for row in description["classes"]) == (scene.truth >= 0).sum()
    assert first.read_bytes() == write_page(tmp_path / "b.html", scene, max_points=1000).read_bytes()
    # every point drawn is one of the scene, and no part of it is left out
    cells = {tuple(cell) for cell in np.rint(scene.points * 25).astype(int).tolist()}
    assert all(tuple(cell) in cells for cell in np.rint(planes["position"] * 25).astype(int).tolist())
    shares = [(planes["colour"] == colour).all(axis=1).mean() for colour in COLOURS]
    assert min(shares) > 0.2
    assert [(planes["confidence"] == round(255 * sure)).mean() for sure in SURE] == shares


def test_page_just_large_enough_has_every_point_in_order(tmp_path: Path) -> None:
    scene = blocks()
    description, planes = read_back(write_page(tmp_path / "a.html", scene, max_points=len(scene.points)))
    same(scene, planes, description["layout"], np.arange(len(scene.points)))


EVIL = '</script><script>alert(1)</script><!-- & "\u2028 {{scene}} {{points}} \\u003c'


def test_no_name_leaves_the_place_where_it_stands(tmp_path: Path) -> None:
    scene = blocks(name=EVIL, class_names=(EVIL, "<!--", "]]>"), facts={EVIL: EVIL})
    path = write_page(tmp_path / "page.html", scene)
    texts, scripts = elements(path)
    plain, as_many = elements(write_page(tmp_path / "plain.html", blocks()))
    assert scripts == as_many == 3
    assert texts["script"] == plain["script"]
    assert texts["title"] == EVIL
    description, _ = read_back(path)
    assert (description["name"], description["facts"]) == (EVIL, {EVIL: EVIL})
    assert description["classes"][0]["name"] == EVIL


def test_page_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    text = write_page(tmp_path / "page.html", blocks()).read_text(encoding="utf-8")
    assert re.findall(r"(?:https?:)?//[a-z0-9]+\.[a-z]", text) == []
    assert re.findall(r'(?:src|href)="(?!data:,")', text) == []
    assert "{{" not in text
    assert "default-src 'none'" in text


def test_all_parts_of_the_viewer_are_in_the_page(tmp_path: Path) -> None:
    folder = Path(write_page.__code__.co_filename).parent
    assert {path.name for path in folder.glob("*.js")} == {*SCRIPTS, "start.js"}
    script = elements(write_page(tmp_path / "page.html", blocks()))[0]["script"]
    assert all(path.read_text(encoding="utf-8") in script for path in folder.glob("*.js"))


def test_bytes_per_point(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A page grows by less than the 16 characters that twelve uncompressed bytes take, plus the viewer once."""
    small, large = blocks(), blocks()
    large = blocks(points=np.random.default_rng(0).normal(size=large.points.shape).astype(np.float32))
    sizes = [write_page(tmp_path / f"{k}.html", scene).stat().st_size for k, scene in enumerate((small, large))]
    with capsys.disabled():
        print(f"\npages of {len(small.points)} points: {sizes} bytes")
    assert max(sizes) < 60_000 + 16 * len(small.points)


def changed(**changes: Any) -> dict[str, Any]:
    return changes


POINTS = blocks().points


@pytest.mark.parametrize(
    "changes, message",
    [
        (changed(points=np.zeros((0, 3), np.float32)), "no points"),
        (changed(points=POINTS[:-1]), "shape"),
        (changed(points=POINTS[:, :2]), "shape"),
        (changed(points=POINTS.astype(int)), "floats"),
        (changed(points=np.where(np.arange(len(POINTS))[:, None] == 7, np.float32(np.nan), POINTS)), "finite"),
        (changed(points=np.where(np.arange(len(POINTS))[:, None] == 7, np.float32(np.inf), POINTS)), "finite"),
        (changed(colors=np.zeros((len(POINTS), 3), np.float32)), "uint8"),
        (changed(colors=np.zeros((len(POINTS), 3), np.uint16)), "uint8"),
        (changed(colors=np.zeros((len(POINTS), 4), np.uint8)), "shape"),
        (changed(truth=np.zeros(3, np.int64)), "truth"),
        (changed(truth=np.zeros(len(POINTS))), "integers"),
        (changed(prediction=np.zeros((len(POINTS), 1), np.int64)), "prediction"),
        (changed(confidence=np.full(len(POINTS), np.nan, np.float32)), "between 0 and 1"),
        (changed(confidence=np.full(len(POINTS), 1.01, np.float32)), "between 0 and 1"),
        (changed(confidence=np.full(len(POINTS), -0.01, np.float32)), "between 0 and 1"),
        (changed(values={"intensity": np.zeros(3)}), "intensity"),
        (changed(values={"height": np.zeros(len(POINTS))}), "called height"),
        (changed(class_names=[str(k) for k in range(256)]), "at most 255"),
    ],
)
def test_what_cannot_be_shown_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        blocks(**changes)


DTYPES = st.sampled_from([np.float32, np.float64, np.int8, np.uint8, np.int64, np.uint64, np.bool_])
FIELDS = st.sampled_from(["points", "colors", "truth", "prediction", "confidence"])


@SLOW
@given(scene=scenes(), field=FIELDS, data=st.data())
def test_any_array_in_any_place_is_shown_as_it_is_or_refused(
    scene: PageScene, field: str, data: st.DataObject, tmp_path: Path
) -> None:
    count = len(scene.points)
    shapes = st.sampled_from([(count,), (count, 3), (count, 1), (count + 1, 3), (0, 3), (3, count), (count, 3, 1)])
    array = data.draw(arrays.arrays(data.draw(DTYPES), data.draw(shapes)))
    refusal = None
    try:
        mutated = dataclasses.replace(scene, **{field: array})
    except ValueError as error:
        refusal = str(error)
    if refusal is not None:
        assert f"{field} of" in refusal or "has no points" in refusal or field == "points"
        return
    description, planes = read_back(write_page(tmp_path / "page.html", mutated))
    same(mutated, planes, description["layout"], np.arange(len(mutated.points)))


def test_no_points_at_all_are_no_page(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        write_page(tmp_path / "page.html", blocks(), max_points=0)


def test_the_first_view_is_the_scenes_own_where_it_has_one(tmp_path: Path) -> None:
    scene = dataclasses.replace(blocks(), towards=(0.6, 0.0, 0.8))
    description, _ = read_back(write_page(tmp_path / "a.html", scene))
    assert description["towards"] == [0.6, 0.0, 0.8]
