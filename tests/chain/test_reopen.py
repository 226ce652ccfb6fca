"""A finished run opened again scores what it scored, and refuses what it cannot be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from bscnet.chain.build import build_datamodule
from bscnet.chain.reopen import recorded_settings, reopen
from bscnet.chain.settings import composed_settings
from bscnet.errors import InputError
from bscnet.evaluation.evaluate import evaluate
from bscnet.runs.layout import SCORES_NAME
from fixtures.composed import compose_settings
from fixtures.scannet_files import write_root
from fixtures.tiny_chain import trained_chain
from oracles.segmentation_scores import scores_of

SCANNET = "bscnet.datasets.scannet.datamodule.ScanNetDataModule"


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_root(tmp_path_factory.mktemp("reopen") / "scenes", train=2, val=3, points=400)


@pytest.fixture(scope="module")
def chain(scenes: Path) -> Path:
    words = ("recipe.epochs=2", "method=bsc_baseline", "data.val_reps=2", "picture=true", "palette=scannet")
    return trained_chain(scenes, scenes.parent / "runs", *words)


def test_a_run_scores_again_what_its_last_stage_scored(chain: Path) -> None:
    opened = reopen(chain)
    dataset = opened.data.eval_dataset("val")
    found = list(opened.predictor().scenes(opened.data, dataset))
    scores = evaluate(found, opened.data.class_names).scores
    recorded = json.loads((chain / "result.json").read_text())["stages"][-1]["val_miou"]
    assert float(scores.whole.miou) == pytest.approx(recorded, abs=1e-6)
    truth, guess = (np.concatenate([getattr(one, what) for one in found]) for what in ("labels", "classes"))
    assert float(scores.whole.miou) == pytest.approx(scores_of(truth, guess, 20)["miou"])
    for one in found:
        scan = dataset.store.scan(one.scene)
        np.testing.assert_array_equal(one.labels, scan.labels)
        assert one.confidence.shape == one.classes.shape and (one.confidence > 1 / 20 - 1e-6).all()
        assert (one.confidence <= 1).all()
    again = opened.predictor().scene(dataset, found[1].scene)
    np.testing.assert_array_equal(again.classes, found[1].classes)


def test_a_chain_leaves_scores_and_pages_of_its_best_and_worst_scene(chain: Path) -> None:
    told = json.loads((chain / SCORES_NAME).read_text())
    recorded = json.loads((chain / "result.json").read_text())
    assert told["miou"] == pytest.approx(recorded["stages"][-1]["val_miou"], abs=1e-6)
    assert (told["method"], told["split"], len(told["scenes"])) == ("bsc_baseline", "val", 3)
    index = (chain / "index.html").read_text(encoding="ascii")
    assert f"{100 * told['miou']:.1f} %" in index
    ranked = sorted(told["scenes"], key=lambda name: told["scenes"][name])
    for rank, name in (("best", ranked[-1]), ("worst", ranked[0])):
        text = (chain / f"{rank}.html").read_text(encoding="utf-8")
        assert f"{name}, the {rank} of 3 validation scenes" in text
        assert "unet_s, bsc_baseline stage 2 (a1w1)" in text
        assert f'<a href="{rank}.html"><img src="{rank}.png" alt="{name}, the {rank} scene: mIoU ' in index
        assert '"colour":[31,119,180]' in text  # the cabinets' colour in the run's palette


def test_settings_can_be_overridden_but_not_invented(chain: Path, scenes: Path) -> None:
    stage = chain / "stage2"
    settings = recorded_settings(stage, ["data.val_reps=3", "seed=4", "data.cache_dir=null"])
    assert (settings.data.val_reps, settings.seed) == (3, 4)
    assert settings.plain["data"]["datamodule"]["val_reps"] == 3
    for word in ("data.nonsense=1", "nonsense=1", "data.root.deeper=1"):
        with pytest.raises(InputError, match=f"{word.partition('=')[0]} is not a setting of this run"):
            recorded_settings(stage, [word])
    with pytest.raises(InputError, match=r"data\.val_reps=0 is not usable"):
        recorded_settings(stage, ["data.val_reps=0"])


def test_records_that_are_gone_or_damaged_are_one_sentence(chain: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(chain, copy)
    record = copy / "stage2" / ".hydra" / "config.yaml"
    for content, sentence in (("a: [", "cannot be read"), ("- 1", "must hold a mapping")):
        record.write_text(content)
        with pytest.raises(InputError, match=sentence):
            reopen(copy)
    record.unlink()
    with pytest.raises(InputError, match="is not there"):
        reopen(copy)


def retargeted(chain: Path, copy: Path, target: str) -> Path:
    """A copy of the chain whose configuration names another class of data."""
    shutil.copytree(chain, copy)
    record = copy / "stage2" / ".hydra" / "config.yaml"
    text = record.read_text()
    assert text.count(SCANNET) == 1
    record.write_text(text.replace(SCANNET, target))
    return copy


def test_a_run_of_the_first_version_is_opened_again(chain: Path, tmp_path: Path) -> None:
    old = retargeted(chain, tmp_path / "old", "bscnet.data.ScanNetDataModule")
    record = old / "stage2" / ".hydra" / "config.yaml"
    record.write_text(record.read_text().replace("  network:\n", "  network:\n    _target_: bscnet.models.UNet\n"))
    assert recorded_settings(old / "stage2").plain["model"]["network"]["_target_"] == "bscnet.models.UNet"
    now, then = reopen(chain), reopen(old)
    assert then.restored.checkpoint.is_relative_to(old)
    name = now.data.eval_dataset("val").scenes[0]
    one, other = (opened.predictor().scene(opened.data.eval_dataset("val"), name) for opened in (now, then))
    np.testing.assert_array_equal(one.classes, other.classes)


@pytest.mark.parametrize("target", ["os.mkdir", "bscnet.data.Nothing", "bscnet.paths.os.mkdir"])
def test_a_run_that_names_another_class_is_refused_and_runs_nothing(chain: Path, tmp_path: Path, target: str) -> None:
    other = retargeted(chain, tmp_path / "other", f"{target}\n    path: {tmp_path / 'made'}")
    with pytest.raises(InputError, match=rf"config\.yaml: data\.datamodule\._target_={target} is no class of this"):
        reopen(other)
    assert not (tmp_path / "made").exists()


def test_data_that_are_not_there_or_take_no_such_option_are_one_sentence() -> None:
    settings = compose_settings("data=scannet")
    call = settings.plain["data"]["datamodule"]
    with pytest.raises(InputError, match=r"data\.datamodule\.shuffled is not an option of data=scannet"):
        build_datamodule(settings.changed("data", datamodule={**call, "shuffled": True}))
    for target in ("bscnet.data.Nothing", "nowhere.Data"):
        with pytest.raises(InputError, match=rf"data\.datamodule\._target_={target} .* is nothing that can be found"):
            build_datamodule(settings.changed("data", datamodule={"_target_": target}))


def test_what_the_data_refuse_when_they_are_made_is_said_as_it_is(tmp_path: Path) -> None:
    settings = composed_settings(["data=real_lidar", "data.fold=9", f"data.root={tmp_path}"])
    with pytest.raises(InputError, match="fold"):
        build_datamodule(settings)


def test_a_network_of_other_features_is_refused(chain: Path) -> None:
    with pytest.raises(InputError, match="trained on other classes or features than data=scannet has"):
        reopen(chain, ["data.features=[rgb,height]"])


def test_another_number_of_classes_than_the_data_have_is_refused(chain: Path) -> None:
    with pytest.raises(InputError, match="data.num_classes=7 is not usable: data=scannet has 20"):
        reopen(chain, ["data.num_classes=7"])


def test_data_that_are_no_scans_are_refused() -> None:
    settings = compose_settings("data=rooms")
    with pytest.raises(InputError, match="data.datamodule of data=rooms is a dict, no ScanDataModule"):
        build_datamodule(settings.changed("data", datamodule={"_target_": "builtins.dict"}))
