"""From a run, a stage or a checkpoint to the network that training had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from bscnet.errors import InputError
from bscnet.export.source import read_source
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


@pytest.mark.parametrize(
    "features, ranges, recipe",
    [
        ("[rgb]", {"cloud_ranges": {}}, {"kind": "rgb", "scale": 127.5, "offset": -1.0}),
        ("[rgb]", {}, {"kind": "rgb", "scale": 127.5, "offset": -1.0}),  # as older checkpoints are
        ("[rgb]", {"cloud_ranges": None}, {"kind": "given", "names": ["rgb"]}),
        ("[one,intensity]", {}, {"kind": "given", "names": ["one", "intensity"]}),
        (
            "[offset,intensity]",
            {"cloud_ranges": {"intensity": (0, 511)}},
            {
                "kind": "cloud",
                "names": ["offset", "intensity"],
                "scale": 127.5,
                "offset": -1.0,
                "ranges": {"intensity": [0.0, 511.0]},
            },
        ),
    ],
)
def test_the_file_says_how_features_are_made(
    tmp_path: Path, features: str, ranges: dict[str, Any], recipe: dict[str, Any]
) -> None:
    write_checkpoint(tmp_path / "m.ckpt", 1, "method=real", f"data.features={features}", **ranges)
    found = read_source(tmp_path / "m.ckpt")
    assert found.facts["features"] == recipe
    assert list(found.features) == features[1:-1].split(",")
