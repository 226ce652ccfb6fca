"""Objects with many tensors as one block, and what is remembered of a network's requests."""

from __future__ import annotations

import torch

from bscnet.sparse.map_requests import FORMS, MapRequests
from bscnet.sparse.transport import parcel_of


def test_an_object_comes_back_with_its_tensors_as_views_of_one_block() -> None:
    long = torch.arange(5)
    thing = {
        "bytes": torch.tensor([1, 2, 3], dtype=torch.uint8),  # 3 bytes, so that what follows needs a gap
        "nested": [(long, torch.rand(2, 3)), long],
        "turned": torch.arange(6, dtype=torch.int32).view(2, 3).t(),
        "empty": torch.empty(0, 4, dtype=torch.int64),
        "scalar": torch.tensor(7.5, dtype=torch.float64),
        "flags": torch.tensor([True, False]),
        "word": "plain",
    }
    parcel = parcel_of(thing)
    found = parcel.opened()
    assert len(parcel.places) == 7  # the tensor that is there twice is kept once
    assert found["nested"][0][0] is found["nested"][1]
    assert found["word"] == "plain"
    inside = range(parcel.block.data_ptr(), parcel.block.data_ptr() + parcel.block.nbytes + 1)
    for name in ("bytes", "turned", "empty", "scalar", "flags"):
        assert found[name].dtype == thing[name].dtype and found[name].shape == thing[name].shape
        assert torch.equal(found[name], thing[name])
        assert found[name].data_ptr() in inside or found[name].numel() == 0
    assert torch.equal(found["nested"][0][1], thing["nested"][0][1])


def test_an_object_without_tensors_is_a_parcel_too() -> None:
    assert parcel_of({"a": [1, None]}).opened() == {"a": [1, None]}


def test_requests_are_kept_by_level() -> None:
    requests = MapRequests()
    assert requests.wanted("torch") == []
    requests.add(2, ("stride", 2))
    requests.add(0, ("blocks", 3))
    requests.add(0, ("blocks", 3))
    requests.add(0, ("table", 3))  # only what it is made into is worth sending
    assert requests.wanted("torch") == [[("blocks", 3)], [], [("stride", 2)]]
    assert ("table", 3) not in FORMS


def _ask(requests: MapRequests) -> None:
    requests.add(1, ("pairs", 5))


def test_requests_are_seen_by_other_processes() -> None:
    requests = MapRequests()
    process = torch.multiprocessing.get_context("fork").Process(target=_ask, args=(requests,))
    process.start()
    process.join()
    assert requests.wanted("torch") == [[], [("pairs", 5)]]
