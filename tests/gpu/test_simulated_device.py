"""The simulated device itself: what it refuses, and what it counts."""

from __future__ import annotations

import copy
import functools
import io
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import Function

from fixtures.simulated_cuda import SimulatedCuda, simulated_cuda


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.PReLU(6), nn.Linear(6, 3))


def trained(where: str, steps: int = 3) -> dict[str, Tensor]:
    net = network().to(where)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    torch.manual_seed(1)
    x, target = torch.randn(8, 4).to(where), (torch.arange(8) % 3).to(where)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), target).backward()
        optimizer.step()
    assert all(tensor.device.type == where for tensor in net.state_dict().values())
    return {name: tensor.cpu() for name, tensor in net.state_dict().items()}


def test_training_on_it_is_training_on_the_cpu(device: SimulatedCuda) -> None:
    expected, found = trained("cpu"), trained("cuda")
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_inference_on_it_is_inference_on_the_cpu(device: SimulatedCuda) -> None:
    net, x = network().eval(), torch.randn(5, 4)
    with torch.inference_mode():
        expected = net(x)
    net.to("cuda")
    with torch.inference_mode():
        found = net(x.to("cuda"))[1:]
        assert found.is_inference() and not net[0].weight[0].is_inference()
    assert torch.equal(found.cpu(), expected[1:])


def test_tensors_say_that_they_are_on_cuda_and_moved_parameters_stay_the_same_objects(device: SimulatedCuda) -> None:
    for tensor in (torch.zeros(2, device="cuda"), torch.zeros(2).cuda(), torch.tensor([1], device="cuda:0")):
        assert tensor.is_cuda and tensor.device == torch.device("cuda:0")
        assert tensor.new_ones(3).is_cuda and torch.empty_like(tensor).is_cuda and tensor.new_tensor([1.5]).is_cuda
    net = network()
    weight = net[0].weight
    assert net.to("cuda")[0].weight is weight and weight.is_cuda and isinstance(weight, nn.Parameter)
    assert net.cpu()[0].weight is weight and type(weight) is nn.Parameter
    copied = copy.deepcopy(net.to("cuda"))
    assert isinstance(copied[0].weight, nn.Parameter) and copied[0].weight is not weight


@pytest.mark.parametrize(
    ("product", "kernel"),
    [
        (lambda a: a[0] @ a[0], "dot"),
        (lambda a: a @ a[0], "addmv_impl_cuda"),
        (lambda a: a @ a, "addmm_cuda"),
        (lambda a: torch.addmm(a, a, a), "addmm_cuda"),
        (lambda a: a[None] @ a[None], "baddbmm_cuda"),
        (lambda a: torch.einsum("ij,jk->ik", a, a), "baddbmm_cuda"),
    ],
)
def test_integer_products_are_refused(device: SimulatedCuda, product: Callable[[Tensor], Tensor], kernel: str) -> None:
    integers = torch.ones(3, 3, dtype=torch.int64)
    product(integers)
    with pytest.raises(RuntimeError, match=f"\"{kernel}\" not implemented for 'Long'"):
        product(integers.cuda())
    assert (integers.cuda() * integers.cuda()).sum(-1).is_cuda and product(integers.cuda().float()).is_cuda


def test_operators_without_a_kernel_for_cuda_are_refused(device: SimulatedCuda) -> None:
    with pytest.raises(NotImplementedError, match="aten::histogram.bin_ct' with arguments from the 'CUDA' backend"):
        torch.histogram(torch.ones(3, device="cuda"), 2)
    with pytest.raises(TypeError, match="can't convert cuda:0 device type tensor to numpy"):
        torch.ones(3, device="cuda").numpy()


class _CpuInBackward(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        return grads[0] * torch.ones(3)


def test_cpu_tensors_beside_it_are_refused_forward_and_backward(device: SimulatedCuda) -> None:
    here, there = torch.ones(3), torch.ones(3, device="cuda")
    for mixed in (
        lambda: there + here,
        lambda: torch.cat([here, there]),
        lambda: there.index_select(0, torch.tensor([1])),
        lambda: there.add_(here),
        lambda: here.add_(there),
        lambda: torch.add(here, here, out=there),
    ):
        with pytest.raises(RuntimeError, match=r"two devices, cuda:0 and cpu! \(aten.* at outside\)"):
            mixed()
    loss = _CpuInBackward.apply(there.requires_grad_()).sum()
    with pytest.raises(RuntimeError, match="two devices"):
        loss.backward()


def test_numbers_and_indices_may_come_from_the_cpu(device: SimulatedCuda) -> None:
    there = torch.arange(3.0, device="cuda")
    assert (there * torch.tensor(2.0)).tolist() == [0, 2, 4]
    with device.phase("index") as counts:
        assert there[torch.tensor([2, 0])].cpu().tolist() == [2, 0]
    assert counts.to_device.total() == 1 and counts.to_host.total() == 1
    assert counts.waits == {("copy to device", "outside"): 1, ("copy to host", "outside"): 1}


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (lambda x: x.sum().item(), "item"),
        (lambda x: bool((x > 0).all()), "item"),
        (lambda x: x.tolist(), "copy to host"),
        (lambda x: x.cpu(), "copy to host"),
        (lambda x: torch.empty(3).copy_(x), "copy to host"),
        (lambda x: x.copy_(torch.ones(3)), "copy to device"),
        (lambda x: torch.tensor([1.0], device=x.device), "copy to device"),
        (lambda x: x.nonzero(), "nonzero"),
        (lambda x: x[x > 0], "mask"),
        (lambda x: x.masked_select(x > 0), "masked_select"),
        (lambda x: torch.unique(x, return_inverse=True), "unique"),
        (lambda x: torch.bincount(x.long()), "bincount"),
        (lambda x: torch.repeat_interleave(x, x.long()), "repeat_interleave"),
        (lambda x: torch.equal(x, x), "equal"),
        (lambda x: torch.cuda.synchronize(), "synchronize"),
        (lambda x: x.to("cpu", non_blocking=True), None),
        (lambda x: torch.ones(3).to("cuda", non_blocking=True), None),
        (lambda x: x.__setitem__(x > 0, 0.0), None),
        (lambda x: torch.where(x > 0, x, 0).sort().values.cumsum(0)[1:].float() + 1, None),
        (lambda x: torch.repeat_interleave(x, x.long(), output_size=3), None),
    ],
)
def test_waiting_for_the_device_is_counted(
    device: SimulatedCuda, action: Callable[[Tensor], Any], reason: str | None
) -> None:
    x = torch.ones(3, device="cuda")
    with device.phase("one") as counts:
        action(x)
    assert counts.waits == ({} if reason is None else {(reason, "outside"): 1})


def test_the_line_of_the_package_is_named_also_in_the_backward_pass(device: SimulatedCuda) -> None:
    code = "def wait(x):\n    return x.sum().item()\n"
    space: dict[str, Any] = {}
    exec(compile(code, "/anywhere/src/bscnet/some/module.py", "exec"), space)

    class Waiting(Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, *grads: Tensor) -> Tensor:
            return grads[0] * space["wait"](grads[0])

    loss = Waiting.apply(torch.ones(3, device="cuda", requires_grad=True)).sum()
    with device.phase("backward") as counts:
        loss.backward()
    assert counts.waits == {("item", "some/module.py:2"): 1}


def test_launches_are_those_of_operators_that_compute(device: SimulatedCuda) -> None:
    x = torch.ones(4, 4, device="cuda")
    with device.phase("views") as views:
        x[1:].view(-1)[None].expand(3, -1).t().detach(), torch.empty(3, device="cuda"), x.new_empty(2)
        x[:0] + 1
    assert not views.launches
    with device.phase("some") as some:
        (x @ x).relu_().sum()
        torch.zeros(3, device="cuda").copy_(x[0, :3])
    assert some.launches == {"mm": 1, "relu_": 1, "sum": 1, "zeros": 1, "copy_": 1}
    lists = [torch.ones(2, device="cuda") for _ in range(111)]
    with device.phase("lists") as in_lists:
        torch._foreach_mul_(lists, 2.0)  # 110 tensors of one list a launch
        torch._foreach_add_(lists[:65], lists[:65])  # 64 of two lists
        torch._foreach_neg_([torch.ones(321 << 16, device="cuda", dtype=torch.int8)])  # 320 chunks
    assert in_lists.launches == {"_foreach_mul_": 2, "_foreach_add_": 2, "_foreach_neg_": 2, "ones": 1}


def test_bodies_of_own_operators_are_looked_into(device: SimulatedCuda) -> None:
    with torch.library._scoped_library("simulated_test", "DEF") as library:
        library.define("waiting(Tensor x) -> Tensor")
        library.impl("waiting", lambda x: (x * float(x.sum())).relu_().repeat(1), "CompositeExplicitAutograd")
        x = torch.ones(1 << 10, device="cuda")
        device.memory.restart()
        with device.phase("one") as counts:
            out = torch.ops.simulated_test.waiting(x)
    assert out.is_cuda and float(out[0]) == 1 << 10
    assert counts.launches["sum"] == 1 and counts.launches["relu_"] == 1 and counts.launches["mul"] == 1
    assert counts.waits == {("item", "outside"): 1}
    assert counts.plain_bodies == {"simulated_test.waiting": 1}
    # temporaries of a body that stands in for a kernel are none of the device's
    assert device.memory.peak == device.memory.live == 2 * 4 << 10


def test_live_bytes_are_counted_by_storage_until_they_are_gone(device: SimulatedCuda) -> None:
    x = torch.ones(1000, device="cuda")
    view = x[10:]
    assert device.memory.live == 4000
    y = x * 2
    assert device.memory.live == device.memory.peak == 8000
    del x, y
    assert device.memory.live == 4000 and torch.cuda.memory_allocated() == 4000
    device.memory.restart()
    del view
    assert device.memory.live == 0 and device.memory.peak == torch.cuda.max_memory_allocated() == 4000


def test_results_that_depend_on_the_order_of_sums_are_counted_for_floats(device: SimulatedCuda) -> None:
    rows = torch.tensor([0, 0, 1], device="cuda")
    x = torch.ones(3, device="cuda", requires_grad=True)
    with device.phase("floats") as floats:
        torch.zeros(2, device="cuda").index_add_(0, rows, x.detach())
        torch.zeros(2, device="cuda").scatter_reduce_(0, rows, x.detach(), "sum")
        x.detach()[rows] = 1.0
        x.index_select(0, rows).sum().backward()
    assert sum(floats.unrepeatable.values()) == 4
    with device.phase("others") as others:
        torch.zeros(2, device="cuda", dtype=torch.int64).index_add_(0, rows, rows)
        torch.zeros(2, device="cuda").scatter_reduce_(0, rows, x.detach(), "amax")
        x[rows].sum().backward()  # sorts
    assert not others.unrepeatable


def test_saved_tensors_ask_where_to_be_loaded(device: SimulatedCuda) -> None:
    net = network().cuda()
    saved = io.BytesIO()
    torch.save(net.state_dict(), saved)
    assert b"cuda:0" in saved.getvalue()
    with pytest.raises(NotImplementedError, match="say map_location"):
        torch.load(io.BytesIO(saved.getvalue()), weights_only=True)
    loaded = torch.load(io.BytesIO(saved.getvalue()), weights_only=True, map_location="cpu")
    expected = network().state_dict()
    assert all(type(loaded[name]) is Tensor and torch.equal(loaded[name], tensor) for name, tensor in expected.items())


def test_it_draws_from_a_generator_of_its_own(device: SimulatedCuda) -> None:
    torch.manual_seed(5)
    state, expected = torch.cuda.get_rng_state_all(), torch.randn(2)
    torch.manual_seed(5)
    drawn = torch.randn(2, device="cuda")
    assert torch.equal(torch.randn(2), expected)
    torch.cuda.set_rng_state_all(state)
    assert torch.equal(torch.randn(2, device="cuda"), drawn)


def test_what_the_package_keeps_for_a_device_is_made_anew_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("bscnet.keeping")
    module.kept = functools.cache(lambda device: torch.tensor([1.0], device=device))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    for _ in range(2):
        with simulated_cuda() as device:
            assert module.kept("cuda") is module.kept("cuda")
            assert device.now.to_device.total() == 1


def test_outside_of_its_context_nothing_of_it_is_left() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    with simulated_cuda():
        left = torch.ones(3, device="cuda")
        saved = io.BytesIO()
        torch.save(left, saved)
        assert torch.cuda.is_available() and torch.cuda.device_count() == 1
    assert not torch.cuda.is_available() and not torch.accelerator.is_available()
    with pytest.raises(RuntimeError, match="outside of its context"):
        left + 1
    with pytest.raises((RuntimeError, AssertionError)):
        torch.zeros(1, device="cuda")
    with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
        torch.load(io.BytesIO(saved.getvalue()))
