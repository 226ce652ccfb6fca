from __future__ import annotations

import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io

from bscnet.datasets import isolated
from bscnet.datasets.isolated import Tables, run_isolated
from bscnet.datasets.nyu import layout
from bscnet.datasets.nyu.frames import LabeledFile
from bscnet.datasets.nyu.layout import locate
from bscnet.datasets.nyu.reader import NyuDepth, check
from bscnet.errors import InputError
from fixtures import broken_parsers
from fixtures.nyu_files import LABELED, SPLITS, Frames, make_frames, write_labeled, write_root, write_splits


@pytest.fixture(scope="module")
def frames() -> Frames:
    return make_frames(2, seed=1)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, frames: Frames) -> bytes:
    return write_labeled(tmp_path_factory.mktemp("sound") / LABELED, frames).read_bytes()


def refused(path: Path, sentence: str) -> None:
    """Every way to the file's content raises one sentence that names the file."""
    source = NyuDepth(path.parent)
    for attempt in (
        lambda: source.scenes("train"),
        lambda: source.read("nyu0001"),
        lambda: source.require(["nyu0001"]),
    ):
        with pytest.raises(InputError, match=sentence) as error:
            attempt()
        assert str(path) in str(error.value) and "\n" not in str(error.value)
    assert any(re.search(sentence, problem) for problem in check(path.parent))


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda content: b"", "empty, cut off or no MATLAB v7.3 file"),
        (lambda content: content[:300], "empty, cut off or no MATLAB v7.3 file"),
        (lambda content: content[:5000], "is damaged"),
        (lambda content: content[: len(content) // 2], "is damaged"),
        (lambda content: content[:-1], "is damaged"),
        (lambda content: b"a,b\n1,2\n" * 500, "no MATLAB v7.3 file"),
    ],
)
def test_cut_and_foreign_files(tmp_path: Path, sound: bytes, change: Callable[[bytes], bytes], sentence: str) -> None:
    path = tmp_path / LABELED
    path.write_bytes(change(sound))
    write_splits(tmp_path / SPLITS, [1], [2])
    refused(path, sentence)


@pytest.mark.usefixtures("in_process")
def test_an_older_matlab_file(tmp_path: Path, frames: Frames) -> None:
    path = tmp_path / LABELED
    scipy.io.savemat(path, {"depths": frames.depths.T, "labels": frames.labels.T})
    write_splits(tmp_path / SPLITS, [1], [2])
    refused(path, r"MATLAB v5, it must be v7\.3")


@pytest.mark.usefixtures("in_process")
def test_missing_files_are_both_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{LABELED}: no such file"):
        NyuDepth(tmp_path).scenes("train")
    assert [Path(problem.split(":")[0]).name for problem in check(tmp_path)] == [LABELED, SPLITS]
    write_labeled(tmp_path / LABELED, make_frames(1))
    with pytest.raises(InputError, match=f"{SPLITS}: no such file, it must hold the split of NYU Depth v2"):
        NyuDepth(tmp_path).scenes("train")


def replaced(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[h5py.File], None]:
    def edit(file: h5py.File) -> None:
        array = file[name][()]
        del file[name]
        file[name] = change(array)

    return edit


def edit_external(file: h5py.File) -> None:
    shape = file["labels"].shape
    del file["labels"]
    file.create_dataset("labels", shape, "u2", external=[("labels.raw", 0, h5py.h5f.UNLIMITED)])


def edit_packed_otherwise(file: h5py.File) -> None:
    array = file["labels"][()]
    del file["labels"]
    file.create_dataset("labels", data=array, compression="lzf")


def edit_linked(file: h5py.File) -> None:
    file.move("labels", "elsewhere")
    file["labels"] = h5py.SoftLink("/elsewhere")


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    "edit, sentence",
    [
        (lambda file: file.pop("depths"), "there is no data set depths, needed are images, depths, labels and names"),
        (lambda file: file.move("depths", "rawDepths2"), "there is no data set depths"),
        (edit_linked, "there is no data set labels"),
        (replaced("depths", lambda a: a.T), r"depths has the axes \(480, 640, 2\), they must be \(N, 640, 480\)"),
        (replaced("depths", lambda a: a.swapaxes(1, 2)), r"depths has the axes \(2, 480, 640\)"),
        (replaced("images", lambda a: a.T), r"images has the axes \(480, 640, 3, 2\)"),
        (replaced("images", lambda a: np.moveaxis(a, 1, 3)), r"images has the axes \(2, 640, 480, 3\)"),
        (replaced("depths", lambda a: a.astype("f8")), "depths is float64, it must be float32"),
        (replaced("depths", lambda a: (a * 1000).astype("u2")), "depths is uint16, it must be float32"),
        (replaced("images", lambda a: a / np.float32(255)), "images is float32, it must be uint8"),
        (replaced("labels", lambda a: a.astype("u1")), "labels is uint8, it must be uint16"),
        (replaced("labels", lambda a: a.astype(">u2")), "labels is >u2, it must be uint16"),
        (replaced("labels", lambda a: a[:1]), "equally many, there are 2 images, 2 depths, 1 labels"),
        (replaced("depths", lambda a: np.float32(3)), r"depths has the axes \(\)"),
        (lambda file: file.pop("names"), "names must be there, a cell array of 894 texts"),
        (replaced("names", lambda a: a[:, :13]), "names must be there, a cell array of 894 texts"),
        (replaced("names", lambda a: np.zeros((1, 894))), "names must be there, a cell array of 894 texts"),
        (edit_external, "labels must be stored as MATLAB does"),
        (edit_packed_otherwise, "labels must be stored as MATLAB does"),
    ],
)
def test_another_layout(tmp_path: Path, sound: bytes, edit: Callable[[h5py.File], None], sentence: str) -> None:
    path = tmp_path / LABELED
    path.write_bytes(sound)
    with h5py.File(path, "r+") as file:
        edit(file)
    write_splits(tmp_path / SPLITS, [1], [2])
    refused(path, sentence)


@pytest.mark.parametrize("limit, value", [("MAX_PLACES", 1), ("MAX_CHUNK_BYTES", 900_000)])
def test_chunks_of_a_damaged_header(
    tmp_path: Path, sound: bytes, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    (tmp_path / LABELED).write_bytes(sound)
    locate(tmp_path / LABELED)
    monkeypatch.setattr(layout, limit, value)
    with pytest.raises(InputError, match="images is stored in 2 chunks of 921600 bytes, allowed are"):
        locate(tmp_path / LABELED)


@pytest.mark.usefixtures("in_process")
def test_no_images_at_all(tmp_path: Path) -> None:
    path = tmp_path / LABELED
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, shape, kind in (("images", (0, 3, 640, 480), "u1"), ("depths", (0, 640, 480), "f4")):
            file.create_dataset(name, shape, kind)
        file.create_dataset("labels", (0, 640, 480), "u2")
    write_splits(tmp_path / SPLITS, [1], [2])
    refused(path, "there are 0 images, 0 depths, 0 labels")


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    "value, sentence",
    [
        (np.nan, "image 2 has 2 depths like nan, all must be above 0 and at most 20 metres"),
        (np.inf, "image 2 has 2 depths like inf"),
        (0.0, "image 2 has 2 depths like 0"),
        (-1.0, "image 2 has 2 depths like -1"),
        (2500.0, "image 2 has 2 depths like 2500"),
    ],
)
def test_bad_depths_are_counted(tmp_path: Path, value: float, sentence: str) -> None:
    frames = make_frames(2)
    frames.depths[1, 0, 0] = frames.depths[1, 300, 300] = value  # outside the crop, which the mean takes in, and inside
    root = write_root(tmp_path, frames, train=[1], test=[2])
    with pytest.raises(InputError, match=sentence):
        NyuDepth(root).read("nyu0002")
    NyuDepth(root).read("nyu0001")
    assert check(root) == [f"{root / LABELED}: {sentence}" + check(root)[0].split(sentence)[1]]


@pytest.mark.usefixtures("in_process")
def test_a_label_out_of_range_names_its_image(tmp_path: Path) -> None:
    frames = make_frames(2)
    frames.labels[0, 5, 5] = 895
    root = write_root(tmp_path, frames, train=[1], test=[2])
    with pytest.raises(InputError, match="image 1 has the label 895, allowed are 0 to 894"):
        NyuDepth(root).read("nyu0001")


@pytest.mark.usefixtures("in_process")
def test_a_part_that_was_never_written_is_no_zeros(tmp_path: Path, sound: bytes) -> None:
    path = tmp_path / LABELED
    path.write_bytes(sound)
    with h5py.File(path, "r+") as file:
        del file["labels"]
        file.create_dataset("labels", (2, 640, 480), "u2", chunks=(1, 640, 480), compression="gzip")[0] = 7
        assert not file["labels"][1].any()  # what the library makes of it
    LabeledFile(path).frame(1)
    with pytest.raises(InputError, match="image 2 is damaged, labels is not all there"):
        LabeledFile(path).frame(2)


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    "level, sentence", [(1, "depths cannot be unpacked"), (None, "depths has 600000 bytes in place of 1228800")]
)
def test_packed_bytes_that_lie(tmp_path: Path, sound: bytes, level: int | None, sentence: str) -> None:
    path = tmp_path / LABELED
    path.write_bytes(sound)
    with h5py.File(path, "r+") as file:
        content = b"\0" * 1000 if level else zlib.compress(bytes(600_000))
        file["depths"].id.write_direct_chunk((1, 0, 0), content)
    with pytest.raises(InputError, match=f"image 2 is damaged, {sentence}"):
        LabeledFile(path).frame(2)


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    "train, test, sentence",
    [
        ([1, 2], [2, 3], "image 2 is in trainNdxs and in testNdxs"),
        ([1, 2], [3, 5], "testNdxs holds 5, allowed are the image numbers 1 to 4"),
        ([0, 1], [2], "trainNdxs holds 0, allowed are the image numbers 1 to 4"),
        ([1.5], [2], r"trainNdxs holds 1\.5"),
        ([float("nan")], [2], "trainNdxs holds nan"),
        ([1, 1], [2], "trainNdxs names 1 images more than once"),
        ([], [2], "trainNdxs is empty"),
    ],
)
def test_bad_splits(tmp_path: Path, train: list[float], test: list[float], sentence: str) -> None:
    root = write_root(tmp_path, make_frames(4), train=train, test=test)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=sentence) as error:
        NyuDepth(root).scenes("val")
    assert str(root / SPLITS) in str(error.value)
    assert check(root) == [str(error.value)]


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(
    "variables, sentence",
    [
        ({"trainNdxs": np.array([[1.0]])}, "testNdxs must be there as a column"),
        ({"trainNdxs": np.array([[1.0]]), "testNdxs": "2"}, "testNdxs must be there as a column"),
        ({"trainNdxs": np.array([[1.0]]), "testNdxs": {"a": 2}}, "testNdxs must be there as a column"),
        ({"trainNdxs": np.eye(2), "testNdxs": np.array([[2.0]])}, r"trainNdxs has shape \(2, 2\)"),
    ],
)
def test_other_variables_in_the_splits(tmp_path: Path, variables: dict[str, object], sentence: str) -> None:
    write_labeled(tmp_path / LABELED, make_frames(2))
    scipy.io.savemat(tmp_path / SPLITS, variables)
    with pytest.raises(InputError, match=sentence):
        NyuDepth(tmp_path).scenes("train")


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("content", [b"", b"MATLAB 5.0", bytes(300), b"x" * (2 << 20)])
def test_splits_that_are_no_matlab_file(tmp_path: Path, content: bytes) -> None:
    write_labeled(tmp_path / LABELED, make_frames(2))
    (tmp_path / SPLITS).write_bytes(content)
    with pytest.raises(InputError, match=r"splits\.mat"):
        NyuDepth(tmp_path).scenes("train")


def test_a_parser_that_crashes_or_hangs_is_an_input_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    with pytest.raises(InputError, match=r"damaged, its parser crashes on it \(signal 11\)"):
        run_isolated(broken_parsers.crash, tmp_path / "x")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"cannot be read within 0\.5 s"):
        run_isolated(broken_parsers.hang, tmp_path / "x", timeout_s=0.5)  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="a fault of the program"):
        run_isolated(broken_parsers.fail, tmp_path / "x")  # type: ignore[arg-type]


def test_the_readers_parsers_run_elsewhere(tmp_path: Path, frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    source = NyuDepth(write_root(tmp_path, frames, train=[1], test=[2]))
    isolated_runs: list[str] = []

    def counted(parse: Callable[[Path], Tables], path: Path) -> Tables:
        isolated_runs.append(parse.__name__)
        return run_isolated(parse, path)

    monkeypatch.setattr(isolated, "run_isolated", counted)
    for _ in range(2):
        assert source.scenes("train") == ["nyu0001"] and source.scenes("val") == ["nyu0002"]
        source.read("nyu0002")
    assert isolated_runs == ["locate", "parse_splits"]
    assert "h5py" in sys.modules  # by this test; the reader itself brings no such library into its process:
    code = "import sys; from bscnet.datasets.nyu.reader import NyuDepth; NyuDepth(sys.argv[1]).read('nyu0001'); "
    code += "print(sorted({'h5py', 'scipy', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
