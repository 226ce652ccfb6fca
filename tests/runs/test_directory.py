from __future__ import annotations

import pytest

from bscnet.errors import InputError
from bscnet.runs.directory import chain_home, config_hash, new_run, newest_run
from fixtures.composed import compose_settings


def test_the_name_says_what_the_chain_is(tmp_path):
    home = chain_home(compose_settings("model=unet_h", "data.voxel_size=0.02", "seed=3", f"output_dir={tmp_path}"))
    assert home.parent == tmp_path
    assert home.name.startswith("rooms-bsc_net-unet_h-2cm-s3-")
    assert len(home.name.rsplit("-", 1)[1]) == 8


def test_the_hash_is_of_what_decides_the_result():
    plain = config_hash(compose_settings().plain)
    watched = ("output_dir=x", "resume=true", "logger=wandb", "stage=1", "threads=1", "picture=false", "title=x")
    watched += ("trainer.log_every_n_steps=7", "trainer.cuda_allocator=x")
    loaded = ("data.num_workers=3", "data.cache_dir=x", "data.prepare_maps=false")
    for override in (*watched, *loaded):
        assert config_hash(compose_settings(override).plain) == plain
    changed = [
        "seed=1",
        "recipe.epochs=5",
        "method.relax=gumbel_st",
        "backend=torch",
        "method.conf_weight=1",
        "data.repeats=2",
        "trainer.matmul_precision=high",
        "model.residual=float16",
    ]
    assert len({config_hash(compose_settings(override).plain) for override in changed} | {plain}) == len(changed) + 1


def test_a_setting_that_a_later_version_brings_leaves_the_hash_alone():
    plain = compose_settings().plain
    trainer = {key: value for key, value in plain["trainer"].items() if key != "matmul_precision"}
    assert config_hash({**plain, "trainer": trainer}) == config_hash(plain)
    model = {key: value for key, value in plain["model"].items() if key != "residual"}
    assert config_hash({**plain, "model": model}) == config_hash(plain)


def test_runs_are_numbered_and_never_shared(tmp_path):
    home = tmp_path / "chain"
    assert newest_run(home) is None
    assert [new_run(home).name for _ in range(3)] == ["001", "002", "003"]
    (home / "notes").mkdir()
    assert newest_run(home) == home / "003"
    (home / "1000").mkdir()
    assert newest_run(home) == home / "1000"
    assert new_run(home).name == "1001"


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"^output_dir: .*file/chain cannot be written \(Not a directory\)$"):
        new_run(tmp_path / "file" / "chain")
