"""dataset.yaml: what it may say, and every way in which it may be wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bscnet.datasets.folder.described import read_description
from bscnet.datasets.folder.description import load_description
from bscnet.errors import InputError
from fixtures.folder_files import describe, make_points, write_folder, write_las, write_ply


def test_a_full_description(tmp_path: Path) -> None:
    describe(
        tmp_path,
        "classes: {2: ground, 3: plants, 5: plants, 6: building}\nignore: [0, 7, -1]\nlabel: classification\n"
        "features: [rgb, intensity]\nunits: us-ft\ncolors: 65535\ncolumns: [x, y, z, _, _]\n"
        "scale: {intensity: 4096, angle: [-90, 90]}\nsplits: {train: [a.las], val: [b]}\ninvalid_points: drop\n",
    )
    found = load_description(tmp_path)
    assert found.class_names == ("ground", "plants", "building")
    assert dict(found.classes.pairs) == {-1: -100, 0: -100, 2: 0, 3: 1, 5: 1, 6: 2, 7: -100}
    assert found.label == "classification" and found.features == ("rgb", "intensity")
    reading = found.reading
    assert reading.units == "us-ft" and reading.colors == "65535" and reading.columns == ("x", "y", "z", "_", "_")
    assert reading.scale == {"intensity": (0.0, 4096.0), "angle": (-90.0, 90.0)} and reading.labels == (2, 3, 6)
    assert found.splits == {"train": ("a.las",), "val": ("b",)} and reading.invalid_points == "drop"


def test_names_may_stand_first(tmp_path: Path) -> None:
    describe(tmp_path, "classes: {ground: 2, plants: [3, 4, 5]}")
    found = load_description(tmp_path)
    assert found.class_names == ("ground", "plants")
    assert dict(found.classes.pairs) == {2: 0, 3: 1, 4: 1, 5: 1} and found.reading.labels == (2, 3)
    describe(tmp_path, "classes: {ground: 9, plants: [5, 3, 4]}")
    assert load_description(tmp_path).reading.labels == (9, 5)  # the first that is written


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    found = load_description(tmp_path)
    assert found.class_names == () and found.reading.units is None and found.label is None and found.splits is None
    describe(tmp_path, "")
    assert load_description(tmp_path) == found


def test_features_follow_the_first_cloud(tmp_path: Path) -> None:
    assert read_description(write_folder(tmp_path / "a")).features == ("rgb",)
    path = write_las(tmp_path / "b" / "test" / "x.las", make_points())
    assert read_description(tmp_path / "b").features == ("rgb",)
    path.unlink()
    np.savez(tmp_path / "b" / "test" / "x.npz", points=np.zeros((3, 3)))
    assert read_description(tmp_path / "b").features == ("one", "offset")
    (tmp_path / "c").mkdir()
    with pytest.raises(InputError, match="no clouds here, they must lie in train/, val/, test/"):
        read_description(tmp_path / "c")


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("clases: [a]", "unknown key 'clases', allowed are classes, ignore, label, features, units"),
        ("classes: [a]\nclasses: [b]", "damaged YAML .*the key 'classes' is there twice"),
        ("classes: [a, a]", "names a class twice"),
        ("classes: [a, no]", "False is no name of a class, it must be a short text \\(write it in quotes\\)"),
        ("classes: []", "must name at least one class"),
        ("classes: floor", "must be a list of names or a map"),
        ("classes: {a: 1, b: 1}", "label 1 stands under two classes"),
        ("classes: {a: x}", "class 'a' must have a label or a list of labels, not 'x'"),
        ("classes: {a: []}", "class 'a' must have a label"),
        ("classes: {1: a, b: 2}", "class 1 must have a label"),
        ("classes: {a: 1.5}", "must have a label or a list of labels, not 1.5"),
        ("classes: [a]\nignore: 7", "'ignore' must be a list of labels"),
        ("classes: [a]\nignore: [0]", "label 0 stands under 'classes' and under 'ignore'"),
        ("ignore: [0]", "'ignore' needs 'classes'"),
        ("units: inch", "'units' is 'inch', it must be one of m, cm, mm, ft, us-ft"),
        ("colors: 1023", "'colors' is 1023, it must be one of auto, 1, 255, 65535"),
        ("colors: true", "'colors' is True"),
        ("features: rgb", "'features' must be a list of names"),
        ("features: [rgb, rgb]", "'features' names 'rgb' twice"),
        ("label: 3", "'label' must be a short text"),
        ("scale: 65535", "'scale' must be a map"),
        ("scale: {intensity: 0}", "'scale' of 'intensity' must be its largest value"),
        ("scale: {intensity: .nan}", "'scale' of 'intensity' must be its largest value"),
        ("splits: [train]", "'splits' must be a map"),
        ("splits: {dev: [a]}", "unknown key 'dev' under 'splits', allowed are train, val, test"),
        ("splits: {train: a}", "'train' must be a list of names"),
        ("invalid_points: maybe", "it must be one of error, drop"),
        ("[1, 2]", "must hold 'key: value' lines, but holds a list of 2"),
        ("a: [", "damaged YAML"),
        ("a: !!python/object/apply:os.system ['true']", "damaged YAML"),
        ("&a [*a]", "must hold 'key: value' lines"),
        ("[" * 5000, "damaged YAML"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, sentence: str) -> None:
    path = describe(tmp_path, text)
    with pytest.raises(InputError, match=sentence) as error:
        load_description(tmp_path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def test_wrong_files(tmp_path: Path) -> None:
    path = tmp_path / "dataset.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="damaged YAML"):
        load_description(tmp_path)
    path.write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(InputError, match="larger than 1 MiB"):
        load_description(tmp_path)
    path.rename(tmp_path / "dataset.yml")
    with pytest.raises(InputError, match="must be called dataset.yaml"):
        load_description(tmp_path)
    with pytest.raises(InputError, match="no such folder, it must hold clouds"):
        load_description(tmp_path / "absent")


def test_reading_and_examining_need_no_torch(tmp_path: Path) -> None:
    write_folder(tmp_path, {"train/a": make_points(), "val/b": make_points(1)})
    write_ply(tmp_path / "test" / "c.ply", make_points(2))
    code = (
        "import sys\nfrom bscnet.datasets.folder.described import read_description\n"
        "from bscnet.datasets.folder.report import examine\n"
        "from bscnet.datasets.folder.source import FolderSource\n"
        f"read_description({str(tmp_path)!r}); examine({str(tmp_path)!r}); FolderSource({str(tmp_path)!r})\n"
        "print({'torch', 'pytorch_lightning', 'open3d'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
