"""Labels from points in C: those of the definition for every feature, unit and version, or a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscnet import runtime
from bscnet.errors import InputError
from fixtures.model_files import READING, ModelParts, random_program
from fixtures.sites import PROPERTY
from oracles.labelled_points import METRES, features, frame, label_points, voxels
from oracles.packed_program import Interpreter

FEATURES = (
    ("rgb",), ("one",), ("height",), ("offset",), ("intensity",), ("height", "rgb", "offset"),
    ("time", "one", "intensity"), ("intensity", "offset", "height", "time", "rgb"),
)  # fmt: skip
SCALE = {"intensity": [0.0, 4095.0], "time": [-2.5, 7.25]}
LABELS = [7, 0, -3, 2**31 - 1, 12]
CONFIDENCE_TOLERANCE = 5e-7
"""Relative; the engine's exponentials and sums are float32 and float64, those of the definition float64."""


def cloud(seed: int, points: int, unit: str | None) -> dict[str, Any]:
    """Points in a box of about 0.6 m, many of them in one voxel, with colours and values, in that unit."""
    rng = np.random.default_rng(seed)
    metres = rng.normal(size=(points, 3)) * [0.3, 0.2, 0.1] + rng.integers(-1000, 1000, 3)
    metres[rng.random(points) < 0.3] = metres[0]
    return {
        "points": metres / METRES[unit],
        "colors": rng.integers(0, 256, (points, 3), dtype=np.uint8),
        "intensity": rng.integers(0, 4096, points).astype(np.float32),
        "time": rng.normal(size=points).astype(np.float32) * 3,
    }


def columns(names: tuple[str, ...], given: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: given[name] for name in names if name in ("intensity", "time")}


def wanted(path: Path, parts: ModelParts, names: tuple[str, ...], given: dict[str, Any]) -> tuple[list[int], Any]:
    """By definition, with the engine nowhere in it."""
    path.write_bytes(parts.to_bytes())
    reading = parts.description.get("reading", {**READING, "scale": SCALE})
    return label_points(
        Interpreter(path).run, parts.description, reading, given["points"], given["colors"], columns(names, given)
    )


def found(
    parts: ModelParts, names: tuple[str, ...], given: dict[str, Any], threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    values = columns(names, given)
    table = np.stack(list(values.values()), axis=1) if values else None
    session = runtime.loads(parts.to_bytes())
    return session.label_points(given["points"], given["colors"] if "rgb" in names else None, table, threads=threads)


def telling(seed: int, given: dict[str, Any], names: tuple[str, ...], tries: int = 300, **options: Any) -> ModelParts:
    """The first of so many programs that gives the cloud more than one label, or the last."""
    for one in range(seed, seed + tries):
        parts = random_program(one, features=names, **options)
        labels, sure = found(parts, names, given)
        if len(np.unique(labels[sure > 0])) > 1:
            break
    return parts


@PROPERTY
@given(
    seed=st.integers(0, 2**32 - 1),
    names=st.sampled_from(FEATURES),
    unit=st.sampled_from(list(METRES)),
    scaled=st.booleans(),
    known=st.booleans(),
    version=st.sampled_from([1, 2]),
    points=st.integers(2, 80),
    threads=st.integers(1, 3),
)
def test_random_clouds_and_programs(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    names: tuple[str, ...],
    unit: str | None,
    scaled: bool,
    known: bool,
    version: int,
    points: int,
    threads: int,
) -> None:
    unit = unit if version == 2 else None
    reading = {"units": unit, "scale": SCALE if scaled or version == 1 else {}, "labels": LABELS if known else []}
    if version == 1:
        reading["scale"] = {name: SCALE[name] for name in names if name in SCALE}
    given = cloud(seed, points, unit)
    options: dict[str, Any] = {"num_classes": 5, "length": 6, "max_channels": 17, "reading": reading}
    parts = telling(seed % 1000, given, names, tries=20, version=version, **options)
    labels, confidence = wanted(tmp_path_factory.mktemp("model") / "m.safetensors", parts, names, given)
    got, sure = found(parts, names, given, threads)
    assert got.dtype == np.int32 and sure.dtype == np.float32
    np.testing.assert_array_equal(got, labels)
    np.testing.assert_allclose(sure, confidence, rtol=CONFIDENCE_TOLERANCE)


def detector(parts: ModelParts, features: np.ndarray) -> ModelParts:
    """The parts with a program that gives class 1 where all features are exactly these float32 numbers, else class 0.

    With C features and sums S of the signs of f >= wanted less those of f >= the next number, S = 2C just there.
    """
    channels = len(features)
    description = {
        **parts.description, "levels": 1, "num_classes": 2, "class_names": ["other", "these"],
        "values": [["real", 0, channels], ["bits", 0, 2 * channels], ["real", 0, 2]], "output": 2,
        "instructions": [
            {"op": "binarize", "in": [0, 0], "bits": 1},
            {"op": "conv", "geometry": "pointwise", "operand": "bits", "in": 1, "out": 2, "bits": -1,
             "steps": [["bias"]]},
        ],
    }  # fmt: skip
    signs = np.repeat(np.array([[0, 1], [1, 0]], np.uint8), channels, axis=1)  # a set bit is +1
    tensors = {
        "0.threshold": np.concatenate([features, np.nextafter(features, np.float32(np.inf))]),
        "0.flip": np.zeros((2 * channels + 7) // 8, np.uint8),
        "1.weight": np.packbits(signs, axis=-1, bitorder="little")[None],
        "1.scale": np.ones(2, np.float32),
        "1.0.a": np.array([2 * (2 * channels - 1), 0], np.float32),
    }
    return ModelParts(description, tensors)


@pytest.mark.parametrize("unit", list(METRES))
@pytest.mark.parametrize("names", FEATURES, ids=" ".join)
def test_features_are_those_of_the_definition_to_the_bit(names: tuple[str, ...], unit: str | None) -> None:
    """A model for each voxel, which says 1 of those points alone whose voxel has just its features."""
    given, reading = cloud(len(names), 40, unit), {"units": unit, "scale": SCALE}
    parts = random_program(0, num_classes=2, features=names, reading=reading)
    points, description = given["points"].tolist(), parts.description
    values = {name: column.tolist() for name, column in columns(names, given).items()}
    made = features(description, description["reading"], points, given["colors"].tolist(), values)
    rows = {site: np.array(row).astype(np.float32) for site, row in made.items()}
    inside = voxels(points, frame(points, METRES[unit], description["voxel_size"]))
    assert len(rows) > 10 and (len({row.tobytes() for row in rows.values()}) > 10 or names == ("one",))
    for row in rows.values():
        labels, _ = found(detector(parts, row), names, given)
        expected = np.zeros(len(points), int)
        for site, other in rows.items():
            expected[inside[site]] = (other == row).all()
        np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize("labels", [[], LABELS, [3, 5, 1, 4, 2]])
def test_points_without_a_place_are_left_out_or_refused(labels: list[int], tmp_path: Path) -> None:
    names = ("height", "intensity", "rgb")
    given = cloud(4, 60, None)
    for point, odd in ((3, np.nan), (17, np.inf), (59, -np.inf)):
        given["points"][point, point % 3] = odd
        given["intensity"][point] = np.nan  # nobody looks at it
    parts = telling(1, given, names, num_classes=5, reading={"invalid_points": "drop", "labels": labels})
    expected, confidence = wanted(tmp_path / "m.safetensors", parts, names, given)
    got, sure = found(parts, names, given, 2)
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_allclose(sure, confidence, rtol=CONFIDENCE_TOLERANCE)
    assert len(np.unique(got[sure > 0])) > 1
    assert got[17] == (0 if labels and 0 not in labels else -1) and sure[17] == 0
    given["points"][:] = np.nan
    assert (found(parts, names, given)[1] == 0).all()
    with pytest.raises(InputError, match="the coordinates of point 0 are not finite"):
        found(random_program(1, num_classes=5, features=names, reading={"labels": labels}), names, given)


def test_many_points_do_not_depend_on_threads_or_order() -> None:
    names = ("rgb", "offset")
    given = cloud(5, 50_000, None)
    parts = telling(2, given, names, levels=4, max_channels=17)
    got, sure = found(parts, names, given, 1)
    assert len(np.unique(got)) > 1
    for threads in (0, 2, 5):
        labels, confidence = found(parts, names, given, threads)
        np.testing.assert_array_equal(labels, got)
        np.testing.assert_array_equal(confidence, sure)
    order = np.random.default_rng(0).permutation(len(got))
    labels, confidence = found(parts, names, {name: array[order] for name, array in given.items()}, 3)
    np.testing.assert_array_equal(labels, got[order])
    np.testing.assert_array_equal(confidence, sure[order])


def test_points_on_the_faces_of_voxels() -> None:
    """A face belongs to the voxel above it, whatever float64 makes of the numbers."""
    steps = np.arange(-40, 41) * 0.05
    given = {"points": np.stack([steps, -steps, steps[::-1] / 2], axis=1), "colors": None}
    parts = telling(3, given, ("one", "height", "offset"), reading={"units": "m"})
    session = runtime.loads(parts.to_bytes())
    expected = label_points(session, parts.description, parts.description["reading"], given["points"], None, {})
    labels, sure = session.label_points(given["points"])
    assert len(set(expected[0])) > 1
    np.testing.assert_array_equal(labels, expected[0])
    np.testing.assert_allclose(sure, expected[1], rtol=CONFIDENCE_TOLERANCE)


def linear(*weights: float) -> ModelParts:
    """Logits 3e38 * 10 * weight of one point, by float32: infinite, or no number where the weight is 0."""
    parts = random_program(0, num_classes=len(weights), features=("one",))
    conv = {"op": "conv", "geometry": "pointwise", "operand": "real", "bits": -1, "steps": []}
    parts.description |= {
        "levels": 1, "values": [["real", 0, 1], ["real", 0, 1], ["real", 0, len(weights)]], "output": 2,
        "instructions": [{**conv, "in": 0, "out": 1, "steps": [["affine"]]}, {**conv, "in": 1, "out": 2}],
    }  # fmt: skip
    parts.tensors = {
        "0.weight": np.full((1, 1, 1), 3e38, np.float32),
        "0.0.a": np.full(1, 10, np.float32),
        "0.0.b": np.zeros(1, np.float32),
        "1.weight": np.array(weights, np.float32)[None, None],
    }
    return parts


def test_the_first_of_equal_logits_is_taken_and_no_number_is_the_largest() -> None:
    """As NumPy's argmax has it."""
    origin = np.zeros((1, 3))
    equal = linear(1, 1, 1, 1)
    equal.tensors["1.weight"][:] = 0
    equal.tensors["0.weight"][:] = 1
    assert [array[0] for array in runtime.loads(equal.to_bytes()).label_points(origin)] == [0, 0.25]
    for weights in [(-1, 1, 0, 1, 0), (0, 1), (1, 1, 0), (-1, 1, 1), (-1, -1)]:
        session = runtime.loads(linear(*weights).to_bytes())
        (label,), (sure,) = session.label_points(origin)
        with np.errstate(invalid="ignore"):
            logits = session(np.zeros((1, 3), int), np.ones((1, 1)))[0]
            assert not np.isfinite(logits).any()
            assert label == np.argmax(logits) and np.isnan(sure)


def test_arrays_of_other_types_and_layouts() -> None:
    parts = random_program(6, features=("rgb", "intensity"), reading={"scale": SCALE})
    session, given = runtime.loads(parts.to_bytes(), threads=2), cloud(6, 50, None)
    exact = (given["points"] * 4).round() / 4  # the same in float32
    values = given["intensity"][:, None]
    labels, sure = session.label_points(exact, given["colors"], values)
    for points in (exact.astype(np.float32), np.asfortranarray(exact), exact.tolist(), exact.astype(">f8")):
        for measured in (values.astype(np.uint16), values.astype(np.float64), np.repeat(values, 3, axis=1)[:, ::3]):
            got = session.label_points(points, np.asfortranarray(given["colors"]), measured)
            np.testing.assert_array_equal(got[0], labels)
            np.testing.assert_array_equal(got[1], sure)
    nothing = session.label_points(np.empty((0, 3)), np.empty((0, 3), np.uint8), np.empty((0, 1)))
    assert nothing[0].shape == nothing[1].shape == (0,)


@pytest.mark.parametrize(
    "changed, sentence",
    [
        ({"xyz": np.zeros((4, 2))}, r"xyz has shape \(4, 2\); it must be \(P, 3\)"),
        ({"xyz": np.zeros(3)}, r"xyz has shape \(3,\)"),
        ({"xyz": np.zeros((4, 3), complex)}, "xyz is of type complex128; it must hold real numbers"),
        ({"xyz": np.zeros((4, 3), bool)}, "xyz is of type bool"),
        ({"xyz": [[0, 0, 0], [1]]}, "xyz cannot be read as an array"),
        ({"rgb": None}, "the model needs colours, but rgb is a null pointer"),
        ({"rgb": np.zeros((4, 3))}, r"rgb has shape \(4, 3\) and type float64; it must be \(4, 3\) of uint8"),
        ({"rgb": np.zeros((4, 4), np.uint8)}, r"rgb has shape \(4, 4\)"),
        ({"rgb": np.zeros((3, 3), np.uint8)}, r"rgb has shape \(3, 3\)"),
        ({"values": None}, 'the model needs the measured values "intensity", but values is a null pointer'),
        ({"values": np.zeros(4)}, r"values have shape \(4,\) and type float64; \(4, 1\) real numbers are needed"),
        ({"values": np.zeros((4, 1), str)}, "real numbers are needed, the columns intensity"),
        ({"values": np.array([[0], [0], [np.nan], [9]])}, r'the value "intensity" of point 2 is -?nan'),
        ({"values": np.array([[0], [1e300], [0], [9]])}, 'the value "intensity" of point 1 is inf; the model was'),
        ({"xyz": np.array([[0, 0, 0]] * 3 + [[1e6, 0, 0]])}, "at most 65528 a side are allowed: a unit of its coord"),
        ({"threads": 2000}, "threads is 2000; allowed are"),
    ],
)
def test_what_cannot_be_labelled_is_refused(changed: dict[str, Any], sentence: str) -> None:
    parts = random_program(0, features=("rgb", "intensity"), reading={"scale": SCALE})
    good = {"xyz": np.zeros((4, 3)), "rgb": np.zeros((4, 3), np.uint8), "values": np.zeros((4, 1))}
    session = runtime.loads(parts.to_bytes())
    session.label_points(**good)
    with pytest.raises(InputError, match=sentence):
        session.label_points(**{**good, **changed})


def test_models_that_cannot_label_say_why() -> None:
    given = runtime.loads(random_program(0, in_channels=2).to_bytes())
    with pytest.raises(InputError, match=r'takes features that points do not give \("noise"\).* bscnet_run'):
        given.label_points(np.zeros((1, 3)))
    large = random_program(0, features=("one",), reading={"labels": [1, 2, 3, 2**31]})
    with pytest.raises(InputError, match="the label of class 3 is 2147483648, which is no 32-bit number"):
        runtime.loads(large.to_bytes()).label_points(np.zeros((1, 3)))
