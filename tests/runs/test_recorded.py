"""Configurations that older versions wrote are read, and nothing but this package's classes is made from them."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from bscnet.data.datamodule import ScanDataModule
from bscnet.errors import InputError
from bscnet.runs.recorded import MOVED, recorded_config, require_own_classes

# As `git log` has them: what the files of conf/data named up to version 0.1.0, and which class that was.
FIRST_VERSION = {
    "bscnet.data.ScanDataModule": "ScanNetDataModule",
    "bscnet.data.ScanNetDataModule": "ScanNetDataModule",
    "bscnet.data.RoomsDataModule": "RoomsDataModule",
    "bscnet.data.folder.FolderDataModule": "FolderDataModule",
    "bscnet.data.nyu.datamodule.NyuDepthDataModule": "NyuDepthDataModule",
    "bscnet.data.real.RealLidarDataModule": "RealLidarDataModule",
    "bscnet.data.real.SingleCloudDataModule": "SingleCloudDataModule",
}


def recorded(stage: Path, **datamodule: Any) -> Path:
    """The folder of a stage whose configuration says this of its data."""
    (stage / ".hydra").mkdir(parents=True, exist_ok=True)
    config = {"seed": 0, "data": {"root": "x", "datamodule": {"root": "${data.root}", **datamodule}}}
    (stage / ".hydra" / "config.yaml").write_text(json.dumps(config))
    return stage


@pytest.mark.parametrize("target", FIRST_VERSION)
def test_a_class_of_the_first_version_is_found_where_it_is_now(target: str, tmp_path: Path) -> None:
    config = recorded_config(recorded(tmp_path, _target_=target), ["data.root=y"])
    module, _, name = config.data.datamodule._target_.rpartition(".")
    assert name == FIRST_VERSION[target]
    assert issubclass(getattr(importlib.import_module(module), name), ScanDataModule)
    assert config.data.datamodule.root == "y"
    require_own_classes(OmegaConf.to_container(config, resolve=True), tmp_path)


def test_the_table_names_what_was_recorded_and_nothing_that_is_still_there() -> None:
    assert MOVED.keys() == FIRST_VERSION.keys()
    for target in MOVED:
        module, _, name = target.rpartition(".")
        with pytest.raises((ImportError, AttributeError)):
            getattr(importlib.import_module(module), name)


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "pathlib.Path",
        "bscnet",
        "bscnet.data.Nothing",
        "bscnet.nowhere.ScanNetDataModule",
        "bscnet.data.cores.available_cores",  # no class
        "bscnet.paths.os.system",  # what a module of the package has imported
        "bscnet.paths.Path",
        "bscnetted.datamodule.ScanNetDataModule",
        3,
        None,
    ],
)
def test_what_is_no_class_of_the_package_is_refused(target: Any) -> None:
    with pytest.raises(InputError) as told:
        require_own_classes({"data": {"datamodule": {"_target_": target}}}, Path("run/config.yaml"))
    assert str(told.value).startswith(f"run/config.yaml: data.datamodule._target_={target} is no class of this bscnet")


def test_it_is_refused_wherever_it_hides(tmp_path: Path) -> None:
    own = "bscnet.datasets.scannet.datamodule.ScanNetDataModule"
    hidden = {"_target_": "os.getcwd"}
    for values, place in (
        ({"_target_": own, "root": hidden}, "root._target_"),
        ({"_target_": own, "features": ["rgb", [hidden]]}, "features.1.0._target_"),
    ):
        with pytest.raises(InputError, match=place):
            require_own_classes(values, tmp_path)
    # a resolver can make it out of a text
    stage = recorded(tmp_path, _target_=own, voxel_size="${oc.decode:'{_target_: os.getcwd}'}")
    plain = OmegaConf.to_container(recorded_config(stage), resolve=True)
    with pytest.raises(InputError, match=r"data\.datamodule\.voxel_size\._target_=os\.getcwd"):
        require_own_classes(plain, tmp_path)


def started_in(stage: Path, folder: Path) -> None:
    (stage / ".hydra" / "hydra.yaml").write_text(json.dumps({"hydra": {"runtime": {"cwd": str(folder)}}}))


def test_data_are_found_from_another_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage, here, elsewhere = recorded(tmp_path / "stage"), tmp_path / "here", tmp_path / "elsewhere"
    (here / "x").mkdir(parents=True)
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert recorded_config(stage).data.datamodule.root == "x"  # nothing tells where it was started
    started_in(stage, here)
    assert recorded_config(stage).data.datamodule.root == str(here / "x")
    assert recorded_config(stage, ["data.root=y"]).data.datamodule.root == "y"
    started_in(stage, tmp_path / "gone")  # as on another machine
    assert recorded_config(stage).data.datamodule.root == "x"


def test_data_whose_place_was_told_absolutely_stay_there(tmp_path: Path) -> None:
    stage = recorded(tmp_path / "stage")
    started_in(stage, tmp_path)
    for place in (str(tmp_path / "gone"), "~/data"):
        config = {"data": {"root": place}}
        (stage / ".hydra" / "config.yaml").write_text(json.dumps(config))
        assert recorded_config(stage).data.root == place


def test_what_training_alone_makes_is_left_out(tmp_path: Path) -> None:
    """Callbacks and profilers may be of any class: they are not made again, and no reason to refuse the run."""
    recorded(tmp_path, _target_="bscnet.datasets.scannet.datamodule.ScanNetDataModule", elastic=False)
    path = tmp_path / ".hydra" / "config.yaml"
    foreign = {"_target_": "somebody.Class"}
    trainer = {"devices": [0, 1], "accelerator": "${seed}", "profiler": foreign, "callbacks": [foreign]}
    path.write_text(json.dumps({**json.loads(path.read_text()), "trainer": trainer, "callbacks": {"mine": foreign}}))
    config = OmegaConf.to_container(recorded_config(tmp_path))
    assert isinstance(config, dict)
    require_own_classes(config, path)
    assert config["trainer"] == {"devices": [0, 1], "accelerator": "${seed}"} and "callbacks" not in config
    assert "elastic" not in config["data"]["datamodule"]  # of version 0.1.0; an augmentation of the list now
