"""`bscnet export`: from a trained chain to a file that the runtime runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bscnet import cli, runtime
from bscnet.export.scene import verification_scene
from bscnet.export.source import read_source
from bscnet.export.verify import torch_logits
from fixtures.scannet_files import write_root
from fixtures.tiny_chain import trained_chain


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished chain of three stages, searched shifts and all."""
    folder = tmp_path_factory.mktemp("export")
    root = write_root(folder / "scenes", train=2, val=1, points=400)
    return trained_chain(root, folder / "runs", "recipe.epochs=3", "method.G=2")


def test_exports_a_chain(chain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.safetensors"
    assert cli.main(["export", str(chain), "-o", str(path)]) == 0
    shown = capsys.readouterr().out
    rows = {line[:18].strip(): line[18:].strip() for line in shown.splitlines()}
    assert rows["network"] == "unet_s, bsc_net stage 3 (a1w1)"
    assert rows["from"] == str(chain / "stage3" / "checkpoints" / "last.ckpt") and rows["to"] == str(path)
    assert rows["verified on"].startswith("validation scene scene")
    assert rows["same class"] == "100.0000 % of the sites"
    assert f"{path.stat().st_size / 1e6:.2f} MB" in rows["file"]

    session = runtime.load(path)
    source = read_source(chain)
    scene = verification_scene(0.2, ["rgb"], source.stage_directory)
    np.testing.assert_allclose(session(scene.coords, scene.feats), torch_logits(source.network, scene), atol=1e-4)
    described = session.description
    plan = json.loads((chain / "stage1" / "plan.json").read_text())["shifts"]
    assert described["shift_plan"] == plan and len(plan) > 0
    assert described["commit"] == json.loads((chain / "result.json").read_text())["commit"]
    assert (session.voxel_size, len(session.class_names), described["half"]) == (0.2, 20, False)


def test_half_is_smaller_and_says_what_it_costs(
    chain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / "full.safetensors", tmp_path / "half.safetensors"]
    stage = str(chain / "stage3")
    assert cli.main(["export", stage, "-o", str(paths[0])]) == cli.main(
        ["export", stage, "-o", str(paths[1]), "--half"]
    )
    assert "float16 costs" in capsys.readouterr().out
    assert paths[1].stat().st_size < paths[0].stat().st_size
    assert runtime.load(paths[1]).description["half"] is True


def test_refuses_in_one_line(chain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "model.safetensors"
    for words, sentence in (
        ([str(chain / "stage1"), "-o", str(path)], "a search whose shifts are not decided"),
        ([str(chain / "stage2"), "-o", str(path)], "real weights (a1w32)"),
        ([str(tmp_path / "nowhere"), "-o", str(path)], "there is no such run or checkpoint"),
        ([str(chain), "-o", str(tmp_path / "model.bin")], "must end in .safetensors"),
        ([str(chain), "-o", str(tmp_path / "no" / "model.safetensors")], "cannot be written"),
    ):
        assert cli.main(["export", *words]) == 2
        shown = capsys.readouterr()
        assert shown.out == "" and shown.err.startswith("error: ") and shown.err.count("\n") == 1
        assert sentence in shown.err
    assert list(tmp_path.iterdir()) == []


def test_a_diverged_network_is_refused_by_layer(
    chain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = torch.load(read_source(chain).checkpoint, weights_only=True)
    content["state_dict"]["network.head.bias"][3] = float("inf")
    torch.save(content, tmp_path / "m.ckpt")
    assert cli.main(["export", str(tmp_path / "m.ckpt"), "-o", str(tmp_path / "m.safetensors")]) == 2
    assert "bias of layer head holds NaN or infinite values" in capsys.readouterr().err
