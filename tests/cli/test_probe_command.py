"""`bscnet probe` on tiny trained chains: what it writes, how arms are named, what it refuses."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bscnet import cli
from bscnet.chain.reopen import reopen
from bscnet.errors import InputError
from bscnet.evaluation.evaluate import evaluate
from bscnet.probe.chains import open_chain, require_comparable_networks
from bscnet.probe.summary import PRESENT
from fixtures.markdown_tables import tables
from fixtures.scannet_files import write_root
from fixtures.tiny_chain import trained_chain

QUICK = ("recipe.epochs=2", "backend=native")


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_root(tmp_path_factory.mktemp("probe") / "scenes", train=1, val=3, points=900)


@pytest.fixture(scope="module")
def chains(scenes: Path) -> dict[str, Path]:
    """A plain real network, a likeness of it as another seed's, and a binary one with shifted windows."""
    runs = scenes.parent / "runs"
    real = trained_chain(scenes, runs / "real", *QUICK, "method=real")
    again = copied(real, runs / "again", seed=1)
    checkpoint = next(again.glob("stage1/checkpoints/last.ckpt"))
    state = torch.load(checkpoint, weights_only=True)
    for name, value in state["state_dict"].items():
        if name.endswith("conv.weight"):
            value += 0.1 * torch.randn(value.shape, generator=torch.Generator().manual_seed(1))
    torch.save(state, checkpoint)
    manual = trained_chain(scenes, runs / "manual", *QUICK, "method=bsc_manual")
    return {"real": real, "again": again, "manual": manual}


def copied(chain: Path, target: Path, **facts: object) -> Path:
    """A copy of a chain whose record says something else."""
    shutil.copytree(chain, target)
    record = json.loads((target / "result.json").read_text())
    (target / "result.json").write_text(json.dumps({**record, **facts}))
    return target


@pytest.fixture(scope="module")
def probed(chains: dict[str, Path]) -> Path:
    out = chains["real"].parents[1] / "probe"
    assert cli.main(["probe", *map(str, chains.values()), "-o", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def content(probed: Path) -> dict[str, Any]:
    return json.loads((probed / "probe.json").read_text())


def test_arms_are_seeds_of_one_setting_and_have_the_scores_of_evaluate(
    chains: dict[str, Path], content: dict[str, Any]
) -> None:
    real, manual = content["arms"]
    assert (real["arm"], manual["arm"]) == ("real", "bsc_manual")
    assert [chain["seed"] for chain in real["chains"]] == [0, 1] and len(manual["chains"]) == 1
    assert (real["spread_over"], manual["spread_over"]) == ("chains", "scenes")
    assert (real["shifted"], manual["shifted"]) == (False, True)
    assert real["nmse"]["both"]["raw"]["std"] > 0
    opened = reopen(chains["manual"], ["data.datamodule.eval_augment=false"])
    found = evaluate(opened.predictor().scenes(opened.data, opened.data.eval_dataset("val")), opened.data.class_names)
    assert manual["miou"]["mean"] == pytest.approx(float(found.scores.whole.miou))
    assert manual["miou"]["mean"] == manual["chains"][0]["miou"]


def test_every_value_is_a_share_and_layers_stand_in_forward_order(content: dict[str, Any]) -> None:
    for arm in content["arms"]:
        assert [layer["level"] for layer in arm["layers"]] == [0, 0, 1, 1, 0, 0]
        for layer in arm["layers"]:
            own = layer["nmse"]["own"]
            for variant in ("sign_w", "sign_h", "both"):
                if own[variant]["raw"]["mean"] is not None:
                    assert 0 < own[variant]["raw"]["mean"] < 1
            assert 1 <= layer["present"] <= 27
            assert sum(layer["neighbours"]["sites"]) == pytest.approx(layer["sites"])
    fine = content["arms"][0]["layers"][0]
    assert fine["nmse"]["own"]["both"]["raw"]["mean"] is not None
    assert fine["nmse"]["centred_windows"]["both"]["raw"]["mean"] is None
    assert content["arms"][1]["layers"][0]["nmse"]["centred_windows"]["both"]["raw"]["mean"] is not None


def test_single_layers_are_binarized_in_real_networks_alone(content: dict[str, Any]) -> None:
    real, manual = content["arms"]
    assert all(layer["alone"]["miou"]["mean"] is not None for layer in real["layers"])
    assert all(layer["alone"]["miou"]["mean"] is None for layer in manual["layers"])
    for layer in real["layers"]:
        expected = layer["alone"]["miou"]["mean"] - real["miou"]["mean"]
        assert layer["alone"]["change"]["mean"] == pytest.approx(expected)


def test_the_document_says_in_numbers_what_shifting_does(probed: Path, content: dict[str, Any]) -> None:
    text = (probed / "probe.md").read_text(encoding="utf-8")
    row = next(r for r in content["changes"] if (r["variant"], r["fit"]) == ("both", "raw"))
    word = "raises" if row["change"]["mean"] > 0 else "lowers"
    sentence = f"`bsc_manual` (shifted) against `real` (plain): NMSE {row['after']:.4f} against {row['before']:.4f}"
    assert sentence in text and f"shifting {word} the error by {abs(row['change']['mean']):.4f}" in text
    assert "trained at a1w1 and a32w32, which differs too" in text
    assert row["change"]["mean"] == pytest.approx(row["after"] - row["before"])
    shown = tables(text)
    assert len(shown["By number of present cells"]) == len(PRESENT)
    assert len(shown["Layers of real"]) == 6
    for lines in (block.splitlines() for block in text.split("\n\n") if block.startswith("|")):
        assert len({len(line) for line in lines}) == 1


def test_figures_are_written_and_named_in_the_document(probed: Path) -> None:
    text = (probed / "probe.md").read_text(encoding="utf-8")
    for stem in ("layers", "dense", "neighbours", "change", "alone"):
        assert (probed / f"{stem}.png").read_bytes().startswith(b"\x89PNG") and f"]({stem}.png)" in text


def test_the_first_scenes_of_a_stage_of_one_chain(chains: dict[str, Path], tmp_path: Path) -> None:
    stage = chains["manual"] / "stage1"
    assert cli.main(["probe", str(stage), "-o", str(tmp_path), "--scenes", "1", "trainer.accelerator=cpu"]) == 0
    found = json.loads((tmp_path / "probe.json").read_text())
    assert len(found["scenes"]) == 1 and found["changes"] == []
    assert (found["arms"][0]["precision"], found["arms"][0]["chains"][0]["stage"]) == ("a1w32", 1)
    assert not (tmp_path / "change.png").exists() and not (tmp_path / "alone.png").exists()


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["probe", *words]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    return told


def test_bad_words_are_refused_in_one_sentence(
    chains: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    real = str(chains["real"])
    assert "takes one CHAIN or more" in refused([], capsys)
    assert "--scenes 0 is not allowed" in refused([real, "--scenes", "0"], capsys)
    assert "there is no such run" in refused([str(tmp_path / "none")], capsys)
    assert "was given twice" in refused([real, f"{real}/stage1"], capsys)
    (tmp_path / "file").write_text("")
    assert "this is a file" in refused([real, "-o", str(tmp_path / "file")], capsys)


def test_an_unfinished_chain_is_refused(
    chains: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = json.loads((chains["manual"] / "result.json").read_text())["stages"][:1]
    chain = copied(chains["manual"], tmp_path / "001", status="interrupted", stages=first)
    shutil.rmtree(chain / "stage2")
    assert "the chain is not finished (status interrupted)" in refused([str(chain)], capsys)
    (chain / "result.json").unlink()
    assert "lies in no chain" in refused([str(chain / "stage1")], capsys)


def test_chains_of_other_scenes_or_layers_are_refused(
    chains: dict[str, Path], scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = copied(chains["real"], tmp_path / "other")
    fewer = write_root(tmp_path / "fewer", train=1, val=1, points=300)
    settings = other / "stage1" / ".hydra" / "config.yaml"
    settings.write_text(settings.read_text().replace(str(scenes), str(fewer)))
    assert "differ in their validation scenes" in refused([str(chains["real"]), str(other)], capsys)
    real = open_chain(str(chains["real"]))
    shorter = replace(open_chain(str(chains["again"])), layers=real.layers[1:])
    with pytest.raises(InputError, match="differ in their layers, so they cannot be compared"):
        require_comparable_networks([real, shorter])


def test_a_chain_of_other_classes_is_refused(
    chains: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "mine"
    rng = np.random.default_rng(0)
    for split in ("train", "val"):
        (root / split).mkdir(parents=True)
        points = rng.random((300, 3)).astype(np.float32) * 3
        colors = rng.integers(0, 256, (300, 3)).astype(np.uint8)
        np.savez(root / split / "a.npz", points=points, colors=colors, labels=(points[:, 2] > 1.5).astype(np.int64))
    (root / "dataset.yaml").write_text("classes: [low, high]\nfeatures: [rgb]\n")
    other = trained_chain(root, tmp_path / "runs", *QUICK, "method=real", "data=folder")
    told = refused([str(chains["real"]), str(other)], capsys)
    assert "differ in their classes, so they cannot be compared" in told
