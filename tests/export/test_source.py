"""From a run, a stage or a checkpoint to the network that training had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from bscnet.errors import InputError
from bscnet.export.source import find_checkpoint, read_source
from fixtures.stage_checkpoint import write_checkpoint


def in_chain(chain: Path, stage: int) -> Path:
    return chain / f"stage{stage}" / "checkpoints" / "last.ckpt"


def write_result(chain: Path, *stages: dict[str, Any]) -> None:
    chain.mkdir(exist_ok=True, parents=True)
    (chain / "result.json").write_text(json.dumps({"commit": "abc", "stages": list(stages)}))


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


def test_a_chain_gives_its_last_finished_stage_even_where_it_was_moved(tmp_path: Path) -> None:
    chain = tmp_path / "chain"
    for stage in (2, 3):
        in_chain(chain, stage).parent.mkdir(parents=True)
        in_chain(chain, stage).write_bytes(b"")
    rows = [{"stage": stage, "checkpoint": f"/elsewhere/stage{stage}/checkpoints/last.ckpt"} for stage in (2, 3)]
    write_result(chain, *rows)
    assert find_checkpoint(chain) == in_chain(chain, 3)
    write_result(chain, rows[0])
    assert find_checkpoint(chain) == in_chain(chain, 2)
    in_chain(chain, 2).unlink()
    with pytest.raises(InputError, match="stage2: the checkpoint of this stage, /elsewhere/.* is gone"):
        find_checkpoint(chain)


def test_a_stage_gives_what_it_recorded_or_its_best(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for name in ("last", "best"):
        (folder / f"{name}.ckpt").write_bytes(b"")
    assert find_checkpoint(tmp_path) == folder / "best.ckpt"
    (tmp_path / "outcome.json").write_text(json.dumps({"checkpoint": str(folder / "last.ckpt")}))
    assert find_checkpoint(tmp_path) == folder / "last.ckpt"


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: there is no such run or checkpoint"):
        find_checkpoint(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is no run: give a chain's directory"):
        find_checkpoint(tmp_path)
    write_result(tmp_path / "chain")
    with pytest.raises(InputError, match="no stage of this chain is finished"):
        find_checkpoint(tmp_path / "chain")
    (tmp_path / "chain" / "result.json").write_text("{")
    with pytest.raises(InputError, match=r"result\.json cannot be read as JSON"):
        find_checkpoint(tmp_path / "chain")
    (tmp_path / "chain" / "result.json").write_text('{"stages": [3]}')
    with pytest.raises(InputError, match="not the record of a chain"):
        find_checkpoint(tmp_path / "chain")


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.ckpt"
    path.write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match=r"m\.ckpt cannot be read: it is truncated or not a checkpoint"):
        read_source(path)
    torch.save({"state_dict": {}}, path)
    with pytest.raises(InputError, match="is not a checkpoint of bscnet"):
        read_source(path)
    torch.save({"state_dict": {}, "bscnet": {"family": "unet"}}, path)
    with pytest.raises(InputError, match="does not say which network it is of: it lacks network, in_channels"):
        read_source(path)


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


def change(path: Path, **entries: Any) -> None:
    content = torch.load(path, weights_only=True)
    content["bscnet"].update(entries)
    torch.save(content, path)


def test_metadata_that_make_no_such_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.ckpt"
    write_checkpoint(path, 2, "method=bsc_baseline")
    change(path, layers_per_block=1)
    with pytest.raises(InputError, match="does not fit the network that it names"):
        read_source(path)
    change(path, layers_per_block=3)
    with pytest.raises(InputError, match="cannot be built: layers_per_block is 3"):
        read_source(path)
    change(path, family="resnet")
    with pytest.raises(InputError, match="cannot be built"):
        read_source(path)


def test_weights_that_are_no_numbers_name_their_layer(tmp_path: Path) -> None:
    path = tmp_path / "m.ckpt"
    write_checkpoint(path, 2, "method=bsc_baseline")
    content = torch.load(path, weights_only=True)
    content["state_dict"]["network.levels.down.post.weight"][0] = float("nan")
    torch.save(content, path)
    with pytest.raises(InputError, match=r"weight of layer levels\.down\.post holds NaN or infinite values"):
        read_source(path)


def test_unknown_features_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.ckpt"
    write_checkpoint(path, 1, "method=real", "data.in_channels=4")
    with pytest.raises(InputError, match="4 input features cannot be exported"):
        read_source(path)
