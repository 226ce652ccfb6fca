"""From a run, a stage or a checkpoint to the network that training had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from bscnet.errors import InputError
from bscnet.export.source import read_source
from fixtures.model_files import READING
from fixtures.stage_checkpoint import write_checkpoint, write_result


def in_chain(chain: Path, stage: int) -> Path:
    return chain / f"stage{stage}" / "checkpoints" / "last.ckpt"


@pytest.mark.parametrize(
    "stage, overrides, precision",
    [
        (3, ("method=bsc_net", "model=unet_s"), "a1w1"),
        (
            3,
            ("method=bsc_net", "model=fcn_h", "model.layer_style=react", "method.G=8", "method.w_scale=learned"),
            "a1w1",
        ),
        (2, ("method=bsc_manual", "model=fcn_s", "method.manual=corners8", "method.G=8"), "a1w1"),
        (2, ("method=bsc_baseline", "model=unet_h", "model.network.head_norm=false"), "a1w1"),
        (1, ("method=real", "model=fcn_s", "model.network.fcn_up=deconv", "model.act=rprelu"), "a32w32"),
    ],
)
def test_the_network_is_rebuilt_from_the_checkpoint_alone(
    tmp_path: Path, stage: int, overrides: tuple[str, ...], precision: str
) -> None:
    chain = tmp_path / "chain"
    written = write_checkpoint(in_chain(chain, stage), stage, *overrides)
    write_result(chain, {"stage": stage, "checkpoint": str(in_chain(chain, stage))})
    found = read_source(in_chain(chain, stage))
    assert str(found.network) == str(written) and not found.network.training
    for name, tensor in written.state_dict().items():
        assert torch.equal(found.network.state_dict()[name], tensor)
    facts = found.facts
    assert (facts["precision"], facts["stage"], facts["voxel_size"], facts["commit"]) == (precision, stage, 0.1, "abc")
    assert (facts["method"], facts["name"]) == (overrides[0].split("=")[1], overrides[1].split("=")[1])
    assert len(facts["class_names"]) == 20 and facts["data"] == "rooms"
    if facts["method"] == "bsc_net":
        assert facts["shift_plan"] and all(row == [1, 0, -1] for rows in facts["shift_plan"].values() for row in rows)


@pytest.mark.parametrize(
    "stage, sentence",
    [
        (1, r"stage 1 \(search\) of method bsc_net, a search whose shifts are not decided"),
        (2, r"stage 2 \(activations\) of method bsc_net, which has 1-bit activations and real weights \(a1w32\)"),
    ],
)
def test_stages_on_the_way_are_refused_with_the_one_to_export(tmp_path: Path, stage: int, sentence: str) -> None:
    write_checkpoint(tmp_path / "m.ckpt", stage, "method=bsc_net")
    with pytest.raises(InputError, match=sentence + ".*export the stage of precision a1w1 after it"):
        read_source(tmp_path / "m.ckpt")


def test_weights_that_are_no_numbers_name_their_layer(tmp_path: Path) -> None:
    path = tmp_path / "m.ckpt"
    write_checkpoint(path, 2, "method=bsc_baseline")
    content = torch.load(path, weights_only=True)
    content["state_dict"]["network.levels.down.post.weight"][0] = float("nan")
    torch.save(content, path)
    with pytest.raises(InputError, match=r"weight of layer levels\.down\.post holds NaN or infinite values"):
        read_source(path)


def described(tmp_path: Path, features: str, **metadata: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entries `features` and `reading` of a checkpoint with that metadata."""
    write_checkpoint(tmp_path / "m.ckpt", 1, "method=real", f"data.features={features}", **metadata)
    found = read_source(tmp_path / "m.ckpt")
    assert list(found.features) == features[1:-1].split(",")
    return found.facts["features"], found.facts["reading"]


def cloud(*names: str) -> dict[str, Any]:
    return {"kind": "cloud", "names": list(names), "scale": 127.5, "offset": -1.0}


@pytest.mark.parametrize(
    "features, ranges, recipe",
    [
        ("[rgb]", {"cloud_ranges": {}}, cloud("rgb")),
        ("[rgb]", {}, cloud("rgb")),  # as older checkpoints are
        ("[rgb]", {"cloud_ranges": None}, {"kind": "given", "names": ["rgb"]}),
        ("[one,intensity]", {}, {"kind": "given", "names": ["one", "intensity"]}),
        ("[offset,intensity]", {"cloud_ranges": {"intensity": (0, 511)}}, cloud("offset", "intensity")),
    ],
)
def test_a_checkpoint_of_version_0_1_0_says_how_features_are_made(
    tmp_path: Path, features: str, ranges: dict[str, Any], recipe: dict[str, Any]
) -> None:
    """Their scale is known, and nothing else of how its data set's files are read."""
    scale = {name: [float(end) for end in ends] for name, ends in (ranges.get("cloud_ranges") or {}).items()}
    assert described(tmp_path, features, **ranges) == (recipe, {**READING, "scale": scale})


def test_a_reading_of_training_stands_in_the_file(tmp_path: Path) -> None:
    reading = {
        "units": "cm", "colors": "65535", "columns": ["x", "y", "z", "intensity"], "invalid_points": "drop",
        "scale": {"intensity": (0, 511), "time": (1.5, 2)}, "labels": list(range(40, 20, -1)),
    }  # fmt: skip
    recipe, found = described(tmp_path, "[offset,intensity]", reading=reading, takes_clouds=True)
    assert recipe == cloud("offset", "intensity")
    assert found == {**reading, "scale": {"intensity": [0.0, 511.0], "time": [1.5, 2.0]}}
    recipe, found = described(tmp_path, "[rgb]", reading=reading, takes_clouds=False)
    assert recipe == {"kind": "given", "names": ["rgb"]} and found["labels"] == list(range(40, 20, -1))


@pytest.mark.parametrize("reading", [{}, {**READING, "scale": {"i": 3}}, {**READING, "labels": ["a"]}, "m"])
def test_a_damaged_reading_names_the_checkpoint(tmp_path: Path, reading: Any) -> None:
    with pytest.raises(InputError, match=r"m\.ckpt does not say rightly how clouds are read"):
        described(tmp_path, "[rgb]", reading=reading)
