"""`bscnet predict`: one line in, a labelled cloud out; every mistake is one sentence and leaves no file."""

from __future__ import annotations

import errno
import importlib.util
import os
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from plyfile import PlyData

from bscnet import runtime
from bscnet.cli import main
from bscnet.clouds.open import open_cloud
from bscnet.installation import how_to_install
from bscnet.viz.palette import DISTINCT_COLOURS, SCANNET_COLOURS, class_palette
from fixtures.clouds import room, write_ply
from fixtures.model_files import random_program, write_model
from fixtures.pages import read_back

MODEL = {"levels": 3, "max_channels": 17, "length": 20}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that sees far enough for tiles to show."""
    seed = next(s for s in range(100) if runtime.loads(random_program(s, **MODEL).to_bytes()).radius > 6)
    return write_model(tmp_path_factory.mktemp("model") / "model.safetensors", seed, **MODEL)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ply(tmp_path_factory.mktemp("scan") / "scan.ply", room(4000))


def words(*given: object) -> list[str]:
    return ["predict", *map(str, given)]


def test_table_of_times_and_the_labelled_cloud(
    model: Path, scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "labelled.ply"
    assert main(words(model, scan, "-o", out, "--threads", 2)) == 0
    told, errors = capsys.readouterr()
    assert errors == ""
    for part in (
        "load model",
        "read",
        "voxelize",
        "kernel maps",
        "bit convolutions",
        "real-valued parts",
        "write",
        "total",
    ):
        assert any(line.startswith(part) for line in told.splitlines()), part
    times = told.partition("total")[0].splitlines()
    seconds = {line[:22].strip(): float(line[22:32]) for line in times if line.endswith("%")}
    total = next(float(line[22:32]) for line in told.splitlines() if line.startswith("total"))
    assert sum(seconds.values()) == pytest.approx(total, abs=0.02)
    assert "4,000 points" in told and runtime.implementation() in told and "Klasse" in told
    vertices = PlyData.read(str(out))["vertex"]
    assert vertices.count == 4000 and vertices["label"].max() < 4
    assert (vertices["confidence"] > 0.2).all() and (vertices["confidence"] <= 1).all()


def test_quiet_is_quiet(model: Path, scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(model, scan, "-o", tmp_path / "a.ply", "--quiet")) == 0
    assert capsys.readouterr() == ("", "")


def test_tiles_and_another_voxel_size_are_said(
    model: Path, scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--voxel-size", 0.04, "--max-sites", 900, "--margin", 2]
    assert main(words(model, scan, "-o", tmp_path / "a.ply", *more)) == 0
    told = capsys.readouterr().out
    assert "trained on voxels of 0.05 m, not of 0.04 m" in told
    assert "tiles that overlap by 2 voxels; near seams labels may differ" in told


MISTAKES = {
    "no such scan": (["{model}", "{tmp}/none.ply", "-o", "{tmp}/o.ply"], "none.ply: no such file"),
    "no such model": (["{tmp}/none.safetensors", "{scan}", "-o", "{tmp}/o.ply"], "none.safetensors"),
    "scan as model": (["--model", "{scan}", "{scan}", "-o", "{tmp}/o.ply"], "scan.ply"),
    "model as scan": (["{model}", "{model}", "-o", "{tmp}/o.ply"], ".safetensors"),
    "empty scan": (["{model}", "{tmp}/empty.ply", "-o", "{tmp}/o.ply"], "empty.ply: the file is empty"),
    "truncated scan": (["{model}", "{tmp}/short.ply", "-o", "{tmp}/o.ply"], "short.ply: "),
    "no colours": (["{model}", "{tmp}/grey.ply", "-o", "{tmp}/o.ply"], "grey.ply: the points have no colours"),
    "NaN": (["{model}", "{tmp}/nan.ply", "-o", "{tmp}/o.ply"], "nan.ply: 1 of 60 points have coordinates"),
    "millimetres": (["{model}", "{tmp}/mm.ply", "-o", "{tmp}/o.ply"], "is its unit of length the right one?"),
    "no folder": (["{model}", "{scan}", "-o", "{tmp}/none/o.ply"], "the folder"),
    "output is input": (["{model}", "{scan}", "-o", "{scan}"], "overwrite"),
    "output is a link to the input": (["{model}", "{scan}", "-o", "{tmp}/link.ply"], "overwrite"),
    "output is the model": (["{model}", "{scan}", "-o", "{tmp}/link.safetensors"], ".safetensors"),
    "another ending": (["{model}", "{scan}", "-o", "{tmp}/o.e57"], "o.e57: clouds end in .ply"),
    "a folder without clouds": (["{model}", "{tmp}/bare", "-o", "{tmp}/out"], "bare: no clouds in this folder"),
    "a pattern without clouds": (["{model}", "{tmp}/*.xyz", "-o", "{tmp}/out"], "no file fits the pattern"),
    "two of a name": (["{model}", "{tmp}/a/s.ply", "{tmp}/b/s.ply", "-o", "{tmp}/out"], "would both be written to"),
    "one scan twice": (["{model}", "{scan}", "{scan}", "-o", "{tmp}/out"], "this scan is given twice"),
    "several into a file": (["{model}", "{tmp}/a", "{scan}", "-o", "{tmp}/grey.ply"], "this is a cloud's name"),
    "into their own folder": (["{model}", "{tmp}/a", "{tmp}/b/s.ply", "-o", "{tmp}/a"], "would"),
    "several to a pipe": (["{model}", "{tmp}/a", "{scan}", "-o", "-"], "2 scans do not fit into one stream"),
    "one of several is bad": (["{model}", "{scan}", "{tmp}/grey.ply", "-o", "{tmp}/out"], "grey.ply: the points have"),
    "no such format": (["{model}", "{tmp}/a", "-o", "{tmp}/out", "--format", "e57"], "--format e57 is not known"),
    "another format": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--format", "las"], "does not end in --format las"),
    "page is output": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--page", "{tmp}/o.ply"], "overwrite"),
    "page of another kind": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--page", "{tmp}/v.pdf"], "must end in .html"),
    "picture is input": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--render", "{scan}"], "overwrite"),
    "picture is output": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--render", "{tmp}/o.ply"], "overwrite"),
    "picture in no folder": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--render", "{tmp}/none/v.png"], "folder"),
    "picture of another kind": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--render", "{tmp}/v.tiff"], ".png"),
    "threads": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--threads", "-2"], "threads is -2"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_one_sentence(
    name: str, model: Path, scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.delenv("BSCNET_TRACEBACK", raising=False)
    cloud = room(60)
    (tmp_path / "empty.ply").touch()
    (tmp_path / "short.ply").write_bytes(scan.read_bytes()[:-1])
    write_ply(tmp_path / "grey.ply", cloud[["x", "y", "z"]].astype([(axis, "f4") for axis in "xyz"]))
    (tmp_path / "link.ply").symlink_to(scan)
    for folder in ("a", "b", "bare"):
        (tmp_path / folder).mkdir()
    for folder in ("a", "b"):
        write_ply(tmp_path / folder / "s.ply", cloud)
    cloud["x"][5] = np.nan
    write_ply(tmp_path / "nan.ply", cloud)
    cloud["x"] = np.linspace(0, 5_000_000, 60)
    write_ply(tmp_path / "mm.ply", cloud)
    before = {path: path.read_bytes() for path in [*tmp_path.rglob("*"), model, scan] if path.is_file()}
    given, part = MISTAKES[name]
    assert main(words(*(word.format(model=model, scan=scan, tmp=tmp_path) for word in given))) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and part in err and err.count("\n") == 1
    assert {path: path.read_bytes() for path in [*tmp_path.rglob("*"), model, scan] if path.is_file()} == before
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder that takes no files, not even from root")
def test_an_output_folder_that_takes_no_file(model: Path, scan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(model, scan, "-o", "/proc/labelled.ply")) == 2
    assert "/proc/labelled.ply: cannot be written" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told(
    model: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: Path) -> tuple[int, Path]:
        (tmp_path / "draft").touch()
        return os.open("/dev/full", os.O_RDWR), tmp_path / "draft"

    monkeypatch.setattr("bscnet.whole_file.new_draft", full)
    assert main(words(model, scan, "-o", tmp_path / "o.ply")) == 2
    assert "cannot be written (No space left on device)" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_model_of_other_features_is_refused(scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_model(tmp_path / "m.safetensors", 0, in_channels=5)
    assert main(words(tmp_path / "m.safetensors", scan, "-o", tmp_path / "o.ply")) == 2
    assert "features that a cloud's file does not give (noise)" in capsys.readouterr().err


@pytest.mark.slow
def test_picture_of_cloud_and_labels(
    model: Path, scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "view.png"
    assert main(words(model, scan, "-o", tmp_path / "o.ply", "--render", picture)) == 0
    assert "picture" in capsys.readouterr().out
    pixels = matplotlib.image.imread(picture)
    assert pixels.shape[1] > 1000 and pixels[..., :3].std() > 0.05


def test_what_a_picture_lacks_is_told_before_the_work(
    model: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "PIL" else find(name))
    assert main(words(model, scan, "-o", tmp_path / "o.ply", "--render", tmp_path / "v.png")) == 2
    assert f"needs Pillow: {how_to_install('predict')}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_picture_that_fails_keeps_the_labels(
    model: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("bscnet.evaluation.scene_pages.scene_picture", broken)
    monkeypatch.setattr("bscnet.evaluation.scene_pages.labelled_picture", broken)
    assert main(words(model, scan, "-o", tmp_path / "o.ply", "--render", tmp_path / "v.png")) == 2
    said = capsys.readouterr().err
    assert f"the labels are written, but no picture could be: {tmp_path / 'v.png'}: cannot be written (No space" in said
    assert [path.name for path in tmp_path.iterdir()] == ["o.ply"]


def test_it_runs_without_torch_and_the_rest(model: Path, scan: Path, tmp_path: Path) -> None:
    """With none of the training packages to be had, as `pip install bscnet` leaves a machine."""
    blocked = ("torch", "pytorch_lightning", "torchmetrics", "hydra", "omegaconf", "open3d", "matplotlib", "plyfile",
               "rich", "scipy", "PIL", "MinkowskiEngine", "wandb")  # fmt: skip
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {blocked!r}: raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "from bscnet.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", code, *words(model, scan, "-o", tmp_path / "o.ply")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert PlyData.read(str(tmp_path / "o.ply"))["vertex"].count == 4000


def test_progress_is_shown_on_a_terminal(
    model: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert main(words(model, scan, "-o", tmp_path / "o.ply")) == 0
    told = capsys.readouterr().err
    assert "reading" in told and "voxels" in told and "network" in told and "labels" in told


def test_a_folder_of_scans_keeps_its_names_and_formats(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed, name in enumerate(("a/one.ply", "a/deeper/one.ply", "b.ply")):
        (tmp_path / "scans" / name).parent.mkdir(parents=True, exist_ok=True)
        write_ply(tmp_path / "scans" / name, room(500, seed))
    given = words(model, tmp_path / "scans" / "a", tmp_path / "scans" / "b*.ply", "-o", tmp_path / "out")
    assert main(given) == 0
    told = capsys.readouterr().out
    assert "3 of 3 scans labelled" in told and "one.ply: 500 points in" in told and "Klasse" in told
    found = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.ply"))
    assert found == ["b.ply", "deeper/one.ply", "one.ply"]
    alone = tmp_path / "alone.ply"
    assert main(words(model, tmp_path / "scans" / "a" / "deeper" / "one.ply", "-o", alone, "--quiet")) == 0
    assert alone.read_bytes() == (tmp_path / "out" / "deeper" / "one.ply").read_bytes()
    (tmp_path / "out" / "b.ply").unlink()
    assert main([*given, "--skip-existing"]) == 0
    assert "500 points" in capsys.readouterr().out and (tmp_path / "out" / "b.ply").exists()
    assert main([*given, "--skip-existing"]) == 0
    assert "all scans are labelled already" in capsys.readouterr().out


def test_a_scan_that_fails_does_not_keep_the_others(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = room(300)
    write_ply(tmp_path / "a.ply", cloud)
    cloud["x"][7] = np.nan
    write_ply(tmp_path / "b.ply", cloud)
    write_ply(tmp_path / "c.ply", room(300, 1))
    assert main(words(model, tmp_path / "*.ply", "-o", tmp_path / "out")) == 2
    told, errors = capsys.readouterr()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.ply", "c.ply"]
    assert errors.startswith(f"error: {tmp_path}/b.ply: 1 of 300 points have coordinates that are not finite")
    assert "2 of 3 scans labelled, in" in errors and "1 could not be" in errors and "a.ply: 300 points" in told


def test_the_standard_output_takes_the_cloud_and_the_standard_error_the_rest(
    model: Path, scan: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "bscnet", *words(model, scan, "-o", "-", "--threads", 1)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / "o.ply").write_bytes(done.stdout)
    assert PlyData.read(str(tmp_path / "o.ply"))["vertex"].count == 4000
    assert b"4,000 labelled points" in done.stderr


def test_an_output_that_is_a_pipe_or_a_link_stays_one_and_a_file_keeps_its_mode(
    model: Path, scan: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.ply"
    assert main(words(model, scan, "-o", plain, "--quiet")) == 0
    private, link = tmp_path / "private.ply", tmp_path / "link.ply"
    private.write_text("old")
    private.chmod(0o600)
    link.symlink_to(private)
    assert main(words(model, scan, "-o", link, "--quiet")) == 0
    assert link.is_symlink() and private.stat().st_mode & 0o777 == 0o600
    assert private.read_bytes() == plain.read_bytes()
    pipe = tmp_path / "pipe.ply"
    os.mkfifo(pipe)
    with (tmp_path / "seen").open("wb") as seen, subprocess.Popen(["cat", str(pipe)], stdout=seen) as reader:
        assert main(words(model, scan, "-o", pipe, "--quiet")) == 0
        assert reader.wait(timeout=30) == 0
    assert pipe.is_fifo() and (tmp_path / "seen").read_bytes() == plain.read_bytes()


def test_a_page_needs_no_drawing_package(
    model: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    missing = ("open3d", "matplotlib", "PIL")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else find(name))
    page = tmp_path / "view.html"
    assert main(words(model, scan, "-o", tmp_path / "o.ply", "--page", page)) == 0
    assert str(page) in capsys.readouterr().out
    text = page.read_text()
    assert "Klasse 0" in text and "4,000" in text


def test_classes_have_the_colours_of_the_palette_everywhere(model: Path, scan: Path, tmp_path: Path) -> None:
    cloud, page, shown = (tmp_path / name for name in ("o.ply", "view.html", "shown"))
    options = ("--page", page, "--color-by-class", "--quiet", "--palette", "scannet")
    assert main(words(model, scan, "-o", cloud, "--indices", *options)) == 0
    vertices = PlyData.read(str(cloud))["vertex"]
    colours = np.stack([vertices[name] for name in ("red", "green", "blue")], axis=1)
    np.testing.assert_array_equal(colours, class_palette(20, "scannet")[vertices["label"]])
    assert read_back(page)[0]["classes"][2]["colour"] == list(SCANNET_COLOURS[2])
    assert main(["show", str(cloud), "-o", str(shown)]) == 0
    assert read_back(shown / "o.html")[0]["classes"][2]["colour"] == list(DISTINCT_COLOURS[2])


def test_options_say_what_a_scan_does_not(
    model: Path, scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud, plain = room(4000), tmp_path / "o.ply"
    assert main(words(model, scan, "-o", plain, "--quiet")) == 0
    labels = PlyData.read(str(plain))["vertex"]["label"]
    colors, places = (cloud[name] for name in ("red", "green", "blue")), (100 * cloud[a].astype(float) for a in "xyz")
    np.savetxt(tmp_path / "scan.txt", np.stack([*colors, np.zeros(4000), *places], axis=1), fmt="%.17g")
    out = tmp_path / "out.txt"
    more = ["--units", "cm", "--columns", "red,green,blue,_,x,y,z"]
    assert main(words(model, tmp_path / "scan.txt", "-o", out, *more)) == 0
    assert "units?" not in capsys.readouterr().out
    found = open_cloud(out).read(["label"]).columns["label"]
    assert (found == labels).mean() > 0.99  # a rounding may move a point into another voxel
    for axis, factor in (("x", 100), ("y", 100), ("z", 200)):
        cloud[axis] *= factor
    assert main(words(model, write_ply(tmp_path / "cm.ply", cloud), "-o", plain)) == 0
    assert "units? in m the cloud is 302 x 201 x 244; it would be a room if it were in cm" in capsys.readouterr().out


def test_a_folder_of_one_scan_is_a_folder_all_the_same(model: Path, tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    write_ply(tmp_path / "scans" / "a.ply", room(300))
    given = words(model, tmp_path / "scans", "-o", tmp_path / "out", "--page", tmp_path / "pages", "--quiet")
    assert main(given) == 0
    assert (tmp_path / "out" / "a.ply").is_file() and (tmp_path / "pages" / "a.ply.html").is_file()
    write_ply(tmp_path / "scans" / "b.ply", room(300, 1))
    assert main([*given, "--skip-existing"]) == 0
    assert (tmp_path / "pages" / "b.ply.html").is_file()
    assert main(words(model, tmp_path / "scans", "-o", tmp_path / "c.ply")) == 2 and not (tmp_path / "c.ply").exists()


def test_a_stream_whose_name_has_no_ending_takes_a_format(model: Path, scan: Path, tmp_path: Path) -> None:
    plain, pipe = tmp_path / "plain.csv", tmp_path / "pipe"
    assert main(words(model, scan, "-o", plain, "--quiet")) == 0
    os.mkfifo(pipe)
    with (tmp_path / "seen").open("wb") as seen, subprocess.Popen(["cat", str(pipe)], stdout=seen) as reader:
        assert main(words(model, scan, "-o", pipe, "--format", "csv", "--quiet")) == 0
        assert reader.wait(timeout=30) == 0
    assert (tmp_path / "seen").read_bytes() == plain.read_bytes()


def test_the_standard_output_is_no_file_that_could_be_there(
    model: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / scan.name).write_text("another file")
    command = [sys.executable, "-m", "bscnet", *words(model, scan, "-o", "-", "--skip-existing", "--quiet")]
    done = subprocess.run(command, capture_output=True, check=False, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith(b"ply\n") and done.stderr == b""


def test_the_end_that_a_batch_system_sets_leaves_nothing(model: Path, tmp_path: Path) -> None:
    scan = write_ply(tmp_path / "scan.ply", room(2_000_000))
    (tmp_path / "out").mkdir()
    command = [
        sys.executable,
        "-m",
        "bscnet",
        *words(model, scan, "-o", tmp_path / "out" / "o.ply", "--max-sites", 9999),
    ]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not list((tmp_path / "out").iterdir()) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and errors == b"error: interrupted\n"
    assert not list((tmp_path / "out").iterdir())


def test_remarks_about_units(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import laspy

    cloud = room(3000)

    def told(*more: object, degrees: bool = False, scale: float = 1.0) -> str:
        las = laspy.LasData(laspy.LasHeader(version="1.4", point_format=7))
        las.header.scales, las.header.offsets = np.full(3, 1e-6), np.array([13.0, 52.0, 0.0])
        wide = 1e-5 if degrees else scale
        las.x, las.y, las.z = cloud["x"] * wide + 13, cloud["y"] * wide + 52, cloud["z"] * 2 * scale
        for name in ("red", "green", "blue"):
            las[name] = cloud[name].astype(np.uint16) * 257
        las.write(str(tmp_path / "a.las"))
        assert main(words(model, tmp_path / "a.las", "-o", tmp_path / "o.las", *more)) == 0
        return capsys.readouterr().out

    assert "does not state its unit of length, metres are taken" in told()
    assert "does not state its unit of length, mm is taken, as of the training data" in told("--units", "mm")
    assert "far higher than wide: are x and y degrees? Project them" in told(degrees=True)
    shrunk = told("--units", "cm")
    assert "it would be a room if it were in m" in shrunk and "all points lie in" in shrunk
    assert "would be" not in told("--units", "cm", scale=100.0)
