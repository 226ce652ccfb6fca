from __future__ import annotations

import pytest

from bscnet.data.sampler import EvalSampler, SampleKey, TrainSampler


@pytest.mark.parametrize("scenes, world_size", [(8, 2), (7, 2), (1, 2), (5, 3), (2, 4), (6, 1)])
def test_all_ranks_together_cover_every_scene(scenes: int, world_size: int) -> None:
    samplers = [TrainSampler(scenes, 3, rank, world_size) for rank in range(world_size)]
    shares = [list(sampler) for sampler in samplers]
    assert {len(share) for share in shares} == {-(-scenes // world_size)} == {len(sampler) for sampler in samplers}
    places = sorted(key.place for share in shares for key in share)
    assert set(places) == set(range(scenes))
    assert max(places.count(place) for place in set(places)) <= -(-len(shares[0]) * world_size // scenes)


@pytest.mark.parametrize("scenes, world_size", [(8, 2), (7, 2), (1, 2), (5, 3), (6, 1)])
def test_evaluation_counts_every_scene_once(scenes: int, world_size: int) -> None:
    samplers = [EvalSampler(scenes, rank, world_size) for rank in range(world_size)]
    shares = [list(sampler) for sampler in samplers]
    assert {len(share) for share in shares} == {len(sampler) for sampler in samplers}
    assert sorted(key.place for share in shares for key in share if key.counted) == list(range(scenes))


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    def order(seed: int, epoch: int) -> list[SampleKey]:
        sampler = TrainSampler(20, seed)
        sampler.set_epoch(epoch)
        return list(sampler)

    straight = TrainSampler(20, 1)
    for epoch in range(3):
        straight.set_epoch(epoch)
        keys = list(straight)
        assert keys == order(1, epoch)
        assert {key.epoch for key in keys} == {epoch}
    orders = {tuple(key.place for key in order(seed, epoch)) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9


def test_ranks_share_one_order() -> None:
    whole = [key.place for key in TrainSampler(6, 1)]
    ranks = [[key.place for key in TrainSampler(6, 1, rank, 2)] for rank in range(2)]
    assert [place for pair in zip(*ranks, strict=True) for place in pair] == whole
