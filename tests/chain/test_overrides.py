from __future__ import annotations

import re
import subprocess

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from bscnet.chain.overrides import in_quotes, quoted, sweep_points, without_keys
from bscnet.chain.settings import composed_settings
from bscnet.errors import InputError


def test_points_are_the_product_in_order():
    assert sweep_points(["stage=all", "model=fcn_s,unet_s", "data.voxel_size=0.05,0.02"]) == [
        ["stage=all", "model=fcn_s", "data.voxel_size=0.05"],
        ["stage=all", "model=fcn_s", "data.voxel_size=0.02"],
        ["stage=all", "model=unet_s", "data.voxel_size=0.05"],
        ["stage=all", "model=unet_s", "data.voxel_size=0.02"],
    ]


def test_hydras_sweep_syntax_counts():
    assert sweep_points(["seed=range(1,4)", "model=choice(fcn_s)"]) == [
        ["seed=1", "model=fcn_s"],
        ["seed=2", "model=fcn_s"],
        ["seed=3", "model=fcn_s"],
    ]
    assert sweep_points(["schedule.milestones=[1,2]", "x='a,b'"]) == [["schedule.milestones=[1,2]", "x='a,b'"]]
    assert sweep_points([]) == [[]]


def test_the_last_value_of_a_key_counts_and_equal_points_are_one():
    assert sweep_points(["seed=1,1"]) == [["seed=1"]]
    assert sweep_points(["seed=1", "model=fcn_s", "seed=2"]) == [["model=fcn_s", "seed=2"]]


def test_an_interval_is_refused():
    with pytest.raises(InputError, match=r"seed=interval\(0,1\): a chain needs a list"):
        sweep_points(["seed=interval(0,1)"])


def test_without_keys():
    given_ = ["stage=all", "+resume=true", "model=fcn_s", "method.stage2_init=search", "~logger"]
    assert without_keys(given_, ["stage", "resume", "logger"]) == ["model=fcn_s", "method.stage2_init=search"]


@given(st.text(st.sampled_from("ab/= ,.'\"()[]{}~+é-"), min_size=1))
def test_a_quoted_path_is_read_back_unchanged(path):
    (override,) = OverridesParser.create().parse_overrides([f"init_from={quoted(path)}"])
    assert override.value() == path


def test_null():
    (override,) = OverridesParser.create().parse_overrides([f"init_from={quoted(None)}"])
    assert override.value() is None


PATHS = ["/data/Büro", "a=b", "a[b]", "a(b)", "it's", "a{b", "x#y", 'say "hi"', "back\\slash", "a b,c", 'odd\\\\"\\']


@pytest.mark.parametrize("path", PATHS)
def test_the_quotes_that_are_told_make_a_path_readable(path):
    typed = subprocess.run(f"printf %s {in_quotes(f'data.root={path}')}", shell=True, capture_output=True, text=True)
    assert sweep_points([typed.stdout]) == [[typed.stdout]]
    (override,) = OverridesParser.create().parse_overrides([typed.stdout])
    assert override.value() == path


@pytest.mark.parametrize("path", PATHS[:7])
def test_a_path_that_the_grammar_does_not_take_is_told_with_its_quotes(path):
    with pytest.raises(InputError, match=re.escape(f"type {in_quotes(f'data.root={path}')}")):
        composed_settings(["data=folder", f"data.root={path}"])


def test_a_path_with_a_comma_is_no_sweep(tmp_path):
    (tmp_path / "a,b").mkdir()
    with pytest.raises(InputError, match="but is a path that is there too: type"):
        sweep_points([f"data.root={tmp_path}/a,b"])
    assert len(sweep_points([f"data.root={tmp_path}/c,d"])) == 2
