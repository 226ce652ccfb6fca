"""Kernel maps made by the loading processes: the same numbers as without, and nothing is made twice."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from bscnet.data.collate import Batch
from bscnet.data.loader import SceneLoader, prepares_maps
from bscnet.data.sampler import TrainSampler
from bscnet.datasets.scannet.datamodule import ScanNetDataModule
from bscnet.errors import InputError
from bscnet.models import FCN, LayerFactory, UNet
from bscnet.sparse import SparseTensor, stride_map
from bscnet.sparse import torch as torch_backend
from bscnet.sparse.map_requests import FORMS, MapRequests
from bscnet.sparse.native import sites as native_backend
from bscnet.sparse.prepared import PreparedMaps, prepare_maps
from bscnet.sparse.transport import parcel_of
from fixtures.scannet_files import write_root

VARIANTS = {"plain": "a32w32", "shifted": "a1w32", "composite": "a1w32"}
SCENES = 6


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_root(tmp_path_factory.mktemp("scans"), train=SCENES, val=1, points=300)


def loader(root: Path, num_workers: int, prepare: bool, batch_size: int = 1) -> SceneLoader:
    module = ScanNetDataModule(root, voxel_size=0.1, num_workers=0)
    module.setup("fit")
    return SceneLoader(
        module.train_dataset, TrainSampler(SCENES, seed=1), batch_size, num_workers=num_workers, prepare=prepare
    )


def network(kind: type[FCN] | type[UNet], conv: str) -> torch.nn.Module:
    torch.manual_seed(0)
    # 32 channels a level, so that the composite kernel is read by blocks on one level and by pairs on the next
    return kind(3, 20, m=32, reps=1, depth=2, layers=LayerFactory(precision=VARIANTS[conv], conv=conv))


def train(net: torch.nn.Module, batches: SceneLoader, epochs: int, backend: str = "torch") -> list[Tensor]:
    """Scores of every step, and the weights after the last."""
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    scores = []
    for epoch in range(epochs):
        batches.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        for batch in batches:
            scores.append(net(SparseTensor(batch.feats, batch.coords, backend, maps=batch.maps)))
            optimizer.zero_grad()
            scores[-1].square().mean().backward()
            optimizer.step()
    return [*(s.detach() for s in scores), *(p.detach() for p in net.parameters())]


@pytest.mark.parametrize(
    "kind, conv, backend",
    [
        (FCN, "plain", "torch"),
        (FCN, "shifted", "native"),
        (FCN, "composite", "torch"),
        (UNet, "plain", "native"),
        (UNet, "shifted", "torch"),
        (UNet, "composite", "native"),
    ],
)
def test_training_is_the_same_to_the_last_bit(
    root: Path, kind: type[FCN] | type[UNet], conv: str, backend: str
) -> None:
    """Every two of family, convolution and backend together."""
    plain = train(network(kind, conv), loader(root, 0, prepare=False, batch_size=2), 2, backend)
    prepared = train(network(kind, conv), loader(root, 2, prepare=True, batch_size=2), 2, backend)
    assert len(plain) == len(prepared)
    assert all(torch.equal(a, b) for a, b in zip(plain, prepared, strict=True))


@pytest.mark.parametrize("conv", VARIANTS)
def test_what_was_asked_for_once_is_not_made_again(root: Path, conv: str, monkeypatch: pytest.MonkeyPatch) -> None:
    net, batches = network(UNet, conv), loader(root, 1, prepare=True)
    train(net, batches, epochs=1)
    list(batches)  # whatever was loaded ahead of the first step is gone now
    ready = list(batches)

    def refuse(*words: object) -> None:
        raise AssertionError("a kernel map is made in the process that trains")

    for name in ("build_table", "build_stride_map", "make_plan"):
        monkeypatch.setattr(torch_backend, name, refuse)
    monkeypatch.setattr(stride_map.StrideMap, "children", property(refuse))
    monkeypatch.setattr(stride_map.StrideMap, "by_cell", property(refuse))
    for batch in ready:
        net(SparseTensor(batch.feats, batch.coords, maps=batch.maps)).sum().backward()
    with pytest.raises(AssertionError, match="kernel map is made"):
        net(SparseTensor(ready[0].feats, ready[0].coords))


@pytest.mark.parametrize("conv", VARIANTS)
def test_the_native_backend_gets_the_maps_that_it_uses_and_makes_none(
    root: Path, conv: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    net, batches = network(UNet, conv), loader(root, 1, prepare=True)
    train(net, batches, 1, "native")
    list(batches)  # as above
    ready = list(batches)
    asked = SparseTensor(ready[0].feats, ready[0].coords, "native")
    net(asked).sum().backward()

    def refuse(*words: object) -> None:
        raise AssertionError("sites are sorted in the process that trains")

    monkeypatch.setattr(native_backend, "MapMaker", refuse)
    for batch in ready:
        net(SparseTensor(batch.feats, batch.coords, "native", maps=batch.maps)).sum().backward()
    assert ready[0].maps is not None and list(ready[0].maps.made) == ["native"]
    level, found = asked.sites, ready[0].maps.made["native"]
    while True:
        assert isinstance(level, native_backend.NativeSites) and isinstance(found, native_backend.NativeSites)
        assert level._maps.keys() == found._maps.keys()
        assert ("links" in level.__dict__) == ("links" in found.__dict__)
        assert all(torch.equal(made, found._maps[kind]) for kind, made in level._maps.items())
        if "coarser" not in level.__dict__:
            break
        level, found = level.coarser, found.coarser
    assert level.tensor_stride == 4


@pytest.mark.parametrize("backend", FORMS)
def test_a_network_that_asks_for_more_gets_it(root: Path, backend: str) -> None:
    batches = loader(root, 1, prepare=True)
    train(network(FCN, "plain"), batches, 1, backend)
    again = train(network(FCN, "composite"), batches, 2, backend)
    fresh = train(network(FCN, "composite"), loader(root, 0, prepare=False), 2, backend)
    assert all(torch.equal(a, b) for a, b in zip(again, fresh, strict=True))


def test_tables_are_not_sent(root: Path) -> None:
    (coords,) = {batch.coords for batch in list(loader(root, 0, prepare=False))[:1]}
    requests = MapRequests()
    for form in (("pairs", 5), ("counts", 5), ("stride", 2)):
        requests.add(0, form)
    maps = prepare_maps(coords, requests)
    assert maps is not None
    made = maps.made["torch"]
    assert isinstance(made, torch_backend.TorchSites) and ("table", 5) not in made._maps
    shapes = {shape for _, _, _, shape in parcel_of(maps).places}
    assert not shapes & {(len(coords), 27), (len(coords), 125)}


@pytest.mark.minkowski
def test_minkowski_has_no_use_for_them(root: Path) -> None:
    batches = loader(root, 1, prepare=True)
    train(network(FCN, "plain"), batches, epochs=1, backend="minkowski")
    assert all(batch.maps is not None and not batch.maps.made for batch in batches)


def test_without_loading_processes_nothing_is_prepared(root: Path) -> None:
    batches = loader(root, 0, prepare=True)
    train(network(FCN, "plain"), batches, epochs=1)
    assert all(batch.maps is None for batch in batches)


def prepared(root: Path) -> Batch:
    batch = next(iter(loader(root, 0, prepare=False)))
    requests = MapRequests()
    requests.add(0, ("blocks", 3))
    return replace(batch, maps=prepare_maps(batch.coords, requests))


def test_maps_stay_with_the_batch_on_the_cpu_and_are_left_behind_elsewhere(root: Path) -> None:
    batch = prepared(root)
    assert batch.to("cpu").maps is batch.maps is not None
    assert batch.to("meta").maps is None


def test_maps_of_one_backend_are_no_help_to_another(root: Path) -> None:
    batch = prepared(root)
    assert batch.maps is not None and list(batch.maps.made) == ["torch"]
    sites = SparseTensor(batch.feats, batch.coords, "native", maps=batch.maps).sites
    assert isinstance(sites, native_backend.NativeSites)


def test_maps_of_other_sites_are_refused(root: Path) -> None:
    batch = prepared(root)
    with pytest.raises(InputError, match=f"are of {len(batch.coords)} sites, but there are 3"):
        SparseTensor(batch.feats[:3], batch.coords[:3], maps=batch.maps)


def test_a_batch_of_a_loading_process_takes_one_file_descriptor(root: Path) -> None:
    batches = loader(root, 1, prepare=True)
    train(network(FCN, "composite"), batches, epochs=1)
    running = iter(batches)
    kept = [next(running)]
    before = len(os.listdir("/proc/self/fd"))
    kept += list(running)
    assert len(os.listdir("/proc/self/fd")) - before <= SCENES - 1
    assert all(batch.maps is not None for batch in kept)


def test_auto_prepares_where_a_core_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    assert [prepares_maps("auto", workers) for workers in (0, 1, 2)] == [False, True, False]
    assert prepares_maps(True, 2) and not prepares_maps(False, 1)
    with pytest.raises(InputError, match="prepare_maps=yes is not allowed, it must be auto, true or false"):
        prepares_maps("yes", 1)


def test_an_unprepared_batch_notes_what_is_asked() -> None:
    requests = MapRequests()
    coords = torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]], dtype=torch.int32)
    sites = SparseTensor(torch.ones(2, 1), coords, maps=PreparedMaps(requests=requests)).sites
    sites.coarser.pool_sum(torch.ones(1, 1))
    assert requests.wanted("torch") == [[("stride", 2)], [("stride", 2), ("children", 2)]]
