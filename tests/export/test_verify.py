"""A file is written only where the runtime gives what torch gives."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bscnet import runtime
from bscnet.data.scan import Scan
from bscnet.errors import InputError
from bscnet.export import export
from bscnet.export import verify as verification
from bscnet.export.scene import Scene, cropped, verification_scene
from bscnet.export.verify import rounded, torch_logits, verify
from fixtures.packed_networks import network, ordered_scene, seasoned, write_model
from fixtures.scannet_files import make_scene, write_root
from fixtures.sites import random_sites
from fixtures.stage_checkpoint import write_checkpoint

_SCANNET = "bscnet.datasets.scannet.datamodule.ScanNetDataModule"


@pytest.fixture(scope="module")
def scene() -> Scene:
    coords, feats = ordered_scene(random_sites(1500, 16, 1))
    return Scene("test scene", coords.numpy(), feats.numpy())


def trained(scene: Scene, **switches: str) -> torch.nn.Module:
    return seasoned(network("unet", **switches), torch.from_numpy(scene.coords), torch.from_numpy(scene.feats))


@pytest.mark.parametrize("precision", ["a1w1", "a32w32"])
def test_an_honest_file_agrees(scene: Scene, precision: str, tmp_path: Path) -> None:
    net = trained(scene, precision=precision)
    found = verify(write_model(tmp_path / "m.safetensors", net), net, scene)
    assert (found.sites, found.scene, found.same_as_unrounded) == (1500, "test scene", None)
    assert found.same_class >= 0.9999 and found.difference <= 1e-4 * found.largest


@pytest.mark.parametrize("precision, most", [("a1w1", 1e-4), ("a32w32", 1e-2)])
def test_a_residual_stream_of_float16_may_round_otherwise(
    precision: str, most: float, scene: Scene, tmp_path: Path
) -> None:
    """Of real weights the sums' last bits turn some roundings; of signs hardly anything differs."""
    net = trained(scene, precision=precision, residual="float16")
    found = verify(write_model(tmp_path / "m.safetensors", net), net, scene)
    assert found.rounds and found.needed < 0.9999 and found.same_class >= found.needed
    assert found.difference <= min(most * found.largest, found.tolerance)
    assert not verify(write_model(tmp_path / "f.safetensors", trained(scene)), trained(scene), scene).rounds


def test_half_is_held_against_rounded_weights(scene: Scene, tmp_path: Path) -> None:
    net = trained(scene)
    path = write_model(tmp_path / "m.safetensors", net, half=True)
    found = verify(path, net, scene, half=True)
    assert found.difference <= 1e-4 * found.largest
    assert found.same_as_unrounded is not None and 0.5 < found.same_as_unrounded < 1
    with pytest.raises(InputError, match="disagrees"):
        verify(path, net, scene)


def test_rounding_copies(scene: Scene) -> None:
    net = trained(scene)
    before = net.stem.weight.clone()
    assert not torch.equal(rounded(net).stem.weight, before) and torch.equal(net.stem.weight, before)
    conv = net.levels.encoder[0][0].conv
    assert torch.equal(rounded(net).levels.encoder[0][0].conv.weight, conv.weight)


def test_another_networks_file_disagrees(scene: Scene, tmp_path: Path) -> None:
    net = trained(scene)
    path = write_model(tmp_path / "m.safetensors", net)
    with torch.no_grad():
        net.levels.encoder[0][0].pre.bias.add_(0.5)
    with pytest.raises(InputError, match=r"disagrees with the torch network on the test scene: .* nothing was written"):
        verify(path, net, scene)


@pytest.mark.parametrize("wrong", ["class", "score", "nan"])
def test_each_kind_of_disagreement_counts(
    scene: Scene, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = trained(scene)
    logits = torch_logits(net, scene)
    best = logits.argmax(1)
    if wrong == "class":  # one site of 1500, by less than the tolerance
        close = int(np.argmin(np.sort(logits, 1)[:, -1] - np.sort(logits, 1)[:, -2]))
        logits[close] = 0
        logits[close, (best[close] + 1) % 5] = 1e-6
        monkeypatch.setattr(verification, "LOGIT_TOLERANCE", 1e9)
    elif wrong == "score":
        logits[7, best[7]] += 0.01 * np.abs(logits).max()
    else:
        logits[7, 0] = np.nan
    monkeypatch.setattr(runtime, "load", lambda path: lambda coords, feats: logits)
    with pytest.raises(InputError, match="disagrees"):
        verify(tmp_path / "m.safetensors", net, scene)


def test_a_file_that_disagrees_is_not_written(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_checkpoint(tmp_path / "m.ckpt", 2, "method=bsc_baseline")
    monkeypatch.setattr(runtime, "load", lambda path: lambda coords, feats: np.zeros((len(coords), 20), np.float32))
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match="disagrees"):
        export(tmp_path / "m.ckpt", path, scene=scene)
    assert path.read_bytes() == b"old"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["m.ckpt", "m.safetensors"]


@pytest.mark.parametrize("target", [_SCANNET, "bscnet.data.ScanNetDataModule"])
def test_the_scene_is_the_runs_validation_scene_where_there_is_one(tmp_path: Path, target: str) -> None:
    root = write_root(tmp_path / "scannet", train=1, val=1, points=300)
    stage = tmp_path / "stage3"
    (stage / ".hydra").mkdir(parents=True)
    record = {"data": {"root": str(root), "datamodule": {"_target_": target}}}
    record["data"]["datamodule"]["root"] = "${data.root}"  # type: ignore[index]
    (stage / ".hydra" / "config.yaml").write_text(json.dumps(record))
    found = verification_scene(0.2, ["rgb"], stage)
    assert found.name.startswith("validation scene scene")
    rows = [tuple(row) for row in found.coords.tolist()]
    assert rows == sorted(set(rows)) and len(found.feats) == len(rows)
    assert np.abs(found.feats).max() <= 1


@pytest.mark.parametrize(
    "record",
    [
        None,
        f"data: {{datamodule: {{_target_: {_SCANNET}, root: /nowhere}}}}",
        "data: [",
        "seed: 0\n",
    ],
)
def test_without_data_a_room_is_simulated(tmp_path: Path, record: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if record is not None:
        (tmp_path / ".hydra").mkdir()
        (tmp_path / ".hydra" / "config.yaml").write_text(record)
        made = make_scene(points=500)  # one room is enough; these are about what comes before it
        scan = Scan("simulated", made.points, made.colors, np.full(500, -100, np.int16))
        monkeypatch.setattr("bscnet.export.scene.simulated_scan", lambda: scan)
    found = verification_scene(0.4, ["rgb"], tmp_path)
    assert found.name == "simulated room" and len(found.coords) > 100
    heights = verification_scene(0.4, ["height", "rgb"], tmp_path)
    assert heights.feats.shape == (len(found.coords), 4) and heights.feats[:, 0].min() >= 0
    np.testing.assert_array_equal(heights.feats[:, 1:], found.feats)
    measured = verification_scene(0.4, ["intensity", "one"], tmp_path)
    assert measured.name == "simulated room with random features" and measured.feats.shape[1] == 2


def test_a_record_runs_nothing_but_the_packages_own_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make_scene(points=500)
    scan = Scan("simulated", made.points, made.colors, np.full(500, -100, np.int16))
    monkeypatch.setattr("bscnet.export.scene.simulated_scan", lambda: scan)
    (tmp_path / ".hydra").mkdir()
    record = {"data": {"datamodule": {"_target_": "os.mkdir", "path": str(tmp_path / "made")}}}
    (tmp_path / ".hydra" / "config.yaml").write_text(json.dumps(record))
    assert verification_scene(0.4, ["rgb"], tmp_path).name == "simulated room"
    assert not (tmp_path / "made").exists()


def test_large_scenes_are_cut_to_their_middle(scene: Scene) -> None:
    part = cropped(scene, 500)
    assert len(part.coords) == len(part.feats) == 500 and part.name == "test scene, middle part"
    kept = {tuple(row) for row in part.coords.tolist()}
    assert [tuple(row) for row in part.coords.tolist()] == sorted(kept)
    middle = np.median(scene.coords[:, 1:], axis=0)
    away = {tuple(row): ((row[1:] - middle) ** 2).sum() for row in scene.coords.tolist()}
    assert max(away[row] for row in kept) <= min(far for row, far in away.items() if row not in kept)
    assert cropped(scene, 1500) is scene
