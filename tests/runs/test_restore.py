"""From a run, a stage or a checkpoint to the network that training had."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from bscnet.errors import InputError
from bscnet.runs.find import find_checkpoint
from bscnet.runs.restore import restore
from bscnet.search import composite_layers
from fixtures.stage_checkpoint import write_checkpoint, write_result


def in_chain(chain: Path, stage: int) -> Path:
    return chain / f"stage{stage}" / "checkpoints" / "last.ckpt"


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
    scores = {"name": "weights", "precision": "a1w1", "epochs": 3, "val_miou": 0.5, "seconds": 1.0}
    record = {"stage": 3, "checkpoint": str(folder / "last.ckpt"), **scores}
    (tmp_path / "outcome.json").write_text(json.dumps(record))
    assert find_checkpoint(tmp_path) == folder / "last.ckpt"


def test_a_copied_run_gives_the_checkpoint_of_the_copy(tmp_path: Path) -> None:
    chain, copy = tmp_path / "chain", tmp_path / "copy"
    in_chain(chain, 1).parent.mkdir(parents=True)
    in_chain(chain, 1).write_bytes(b"")
    write_result(chain, {"stage": 1, "checkpoint": str(in_chain(chain, 1))})
    shutil.copytree(chain, copy)
    assert find_checkpoint(copy) == in_chain(copy, 1)
    in_chain(copy, 1).unlink()
    assert find_checkpoint(copy) == in_chain(chain, 1)  # which is what the record names


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: there is no such run or checkpoint"):
        find_checkpoint(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is no run: give a chain's directory"):
        find_checkpoint(tmp_path)
    write_result(tmp_path / "chain")
    with pytest.raises(InputError, match="no stage of this chain is finished"):
        find_checkpoint(tmp_path / "chain")
    (tmp_path / "chain" / "result.json").write_text("{")
    with pytest.raises(InputError, match=r"result\.json is not valid JSON"):
        find_checkpoint(tmp_path / "chain")
    (tmp_path / "chain" / "result.json").write_text('{"stages": [3]}')
    with pytest.raises(InputError, match="not the record of a chain"):
        find_checkpoint(tmp_path / "chain")


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.ckpt"
    path.write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match=r"m\.ckpt cannot be read: it is truncated or not a checkpoint"):
        restore(path)
    torch.save({"state_dict": {}}, path)
    with pytest.raises(InputError, match="is not a checkpoint of bscnet"):
        restore(path)
    torch.save({"state_dict": {}, "bscnet": {"family": "unet"}}, path)
    with pytest.raises(InputError, match="does not say which network it is of: it lacks network, in_channels"):
        restore(path)


@pytest.mark.parametrize("stage, conv", [(1, "composite"), (2, "shifted")])
def test_stages_on_the_way_are_restored_too(tmp_path: Path, stage: int, conv: str) -> None:
    path = in_chain(tmp_path, stage)
    written = write_checkpoint(path, stage, "method=bsc_net")
    found = restore(path)
    assert (found.metadata["conv"], found.checkpoint, found.network.training) == (conv, path, False)
    assert found.stage_directory == tmp_path / f"stage{stage}"
    assert str(found.network) == str(written)
    for name, tensor in written.state_dict().items():
        assert torch.equal(found.network.state_dict()[name], tensor)


def test_a_search_is_restored_at_the_temperature_that_it_was_left_at(tmp_path: Path) -> None:
    path, soft = in_chain(tmp_path, 1), "method.relax=gumbel_softmax"
    network = write_checkpoint(path, 1, "method=bsc_net", soft, temperature=0.25)
    assert {layer.temperature for layer in composite_layers(network).values()} == {5.0}
    assert {layer.temperature for layer in composite_layers(restore(path).network).values()} == {0.25}
    for bad in (0.0, float("nan"), "cold"):
        write_checkpoint(path, 1, "method=bsc_net", soft, temperature=bad)
        with pytest.raises(InputError, match=f"says temperature={bad}, which must be a number above 0"):
            restore(path)


def test_a_checkpoint_of_the_first_version_is_restored(tmp_path: Path) -> None:
    path = in_chain(tmp_path, 3)
    written = write_checkpoint(path, 3, "method=bsc_net", "model=fcn_s", "method.G=8", "model.network.fcn_up=deconv")
    content = torch.load(path, weights_only=True)
    sizes = {"_target_": "bscnet.models.FCN", "m": 8, "reps": 1, "depth": 2, "fcn_up": "deconv"}
    # the preset of the settings, which is for four groups, though the search decided the shifts of eight
    known = {**content["bscnet"], "network": sizes, "manual": "tetra4"}
    del known["norm_eps"]
    torch.save({**content, "bscnet": known}, path)
    found = restore(path)
    assert str(found.network) == str(written) and found.network.levels.fcn_up == "deconv"
    for name, tensor in written.state_dict().items():
        assert torch.equal(found.network.state_dict()[name], tensor)


def change(path: Path, **entries: Any) -> None:
    content = torch.load(path, weights_only=True)
    content["bscnet"].update(entries)
    torch.save(content, path)


def test_metadata_that_make_no_such_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.ckpt"
    write_checkpoint(path, 2, "method=bsc_baseline")
    change(path, layers_per_block=1)
    with pytest.raises(InputError, match="does not fit the network that it names"):
        restore(path)
    change(path, layers_per_block=3)
    with pytest.raises(InputError, match="cannot be built: layers_per_block=3 is not known: allowed are 1, 2"):
        restore(path)
    change(path, layers_per_block=2, network={"m": 8, "reps": 1, "depth": 2, "fcn_up": "deconv"})
    with pytest.raises(InputError, match=r"cannot be built: network\.fcn_up is not a value of family unet"):
        restore(path)
    change(path, network={"m": 8, "reps": 1})
    with pytest.raises(InputError, match="cannot be built: .*depth"):
        restore(path)
    change(path, family="resnet")
    with pytest.raises(InputError, match="cannot be built: family=resnet is not known: allowed are fcn, unet"):
        restore(path)
