from __future__ import annotations

import pytest

distributions = pytest.importorskip("optuna", reason="searches need it").distributions

from bscnet.errors import InputError  # noqa: E402
from bscnet.tuning.space import at_home, read_space  # noqa: E402


@pytest.mark.parametrize(
    "word, range_",
    [
        ("a=interval(0.1,2)", distributions.FloatDistribution(0.1, 2)),
        ("a=interval(1,2)", distributions.FloatDistribution(1, 2)),
        ("a=tag(log,interval(1e-4,1))", distributions.FloatDistribution(1e-4, 1, log=True)),
        ("a=int(interval(1,8))", distributions.IntDistribution(1, 8)),
        ("a=tag(log,int(interval(1,8)))", distributions.IntDistribution(1, 8, log=True)),
        ("a=range(1,10,3)", distributions.IntDistribution(1, 7, step=3)),
        ("a=range(4)", distributions.IntDistribution(0, 3)),
        ("a=range(5,0,-2)", distributions.IntDistribution(1, 5, step=2)),
        ("a=range(0.1,0.5,0.1)", distributions.FloatDistribution(0.1, 0.4, step=0.1)),
        ("a=x,y", distributions.CategoricalDistribution(["x", "y"])),
        ("a=choice(true,4,'b c')", distributions.CategoricalDistribution(["True", "4", r"b\ c"])),
        ("a=[1,2],[3]", distributions.CategoricalDistribution(["[1,2]", "[3]"])),
    ],
)
def test_ranges_are_those_of_hydras_sweep_syntax(word, range_):
    space = read_space(["fixed=1", word])
    assert space.ranges == {"a": range_} and space.fixed == ["fixed=1"]


def test_the_last_value_of_a_key_counts():
    space = read_space(["a=0,1", "b=0,1", "a=2", "+c=1", "+c=interval(0,1)", "resume=true"])
    assert space.fixed == ["a=2"] and list(space.ranges) == ["b", "+c"]
    assert space.overrides({"b": "1", "+c": 0.25}) == ["a=2", "b=1", "+c=0.25"]


@pytest.mark.parametrize("word", ["a=range(3,3)", "a=interval(2,1)", "a=tag(log,interval(0,1))", "a=1"])
def test_no_range_is_one_sentence(word):
    with pytest.raises(InputError, match="is no range to search|nothing to search"):
        read_space([word])


def test_two_searches_are_the_same_where_only_watching_and_launching_differ():
    words = ["model=fcn_s", "seed=0,1", "output_dir=a", "launcher=joblib", "threads=2", "data.num_workers=4"]
    same = read_space(
        ["seed=0,1", "output_dir=b", "logger=wandb", "logger.project=x", "model=fcn_s", "+trainer.cuda_allocator=y"]
    )
    assert read_space(words).digest == same.digest
    others = (["stage=1"], ["seed=0,1,2"], ["model=unet_s"], ["recipe.epochs=3"])
    assert len({read_space([*words, *other]).digest for other in (*others, [])}) == 5


def test_a_trial_lives_in_the_folder_of_its_search():
    assert at_home(["a=1", "output_dir=x", "resume=false"], "it's") == ["a=1", r"output_dir='it\'s'", "resume=true"]
