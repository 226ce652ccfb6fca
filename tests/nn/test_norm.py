from __future__ import annotations

import copy

import torch

from bscnet.nn import SiteNorm


def test_normalizes_over_all_sites() -> None:
    norm = SiteNorm(3, eps=1e-3, momentum=0.1).double()
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    x = torch.randn(50, 3, dtype=torch.float64) * 3 + 1
    mean, variance = x.mean(0), x.var(0, unbiased=False)
    torch.testing.assert_close(norm(x), (x - mean) / (variance + 1e-3).sqrt() * norm.weight + norm.bias)
    torch.testing.assert_close(norm.running_mean, 0.1 * mean)
    torch.testing.assert_close(norm.running_var, 0.9 + 0.1 * x.var(0, unbiased=True))
    y = norm.eval()(x)
    torch.testing.assert_close(y, (x - norm.running_mean) / (norm.running_var + 1e-3).sqrt() * norm.weight + norm.bias)


def test_defaults_are_those_of_sparseconvnet() -> None:
    assert (SiteNorm(3).eps, SiteNorm(3).momentum) == (1e-4, 0.01)


def test_one_site_is_normalized_by_the_running_statistics_and_leaves_them() -> None:
    norm = SiteNorm(3)
    norm(torch.randn(50, 3) * 2 + 1)
    before = copy.deepcopy(norm.state_dict())
    x = torch.randn(1, 3, requires_grad=True)
    y = norm.train()(x)
    assert all(torch.equal(value, before[name]) for name, value in norm.state_dict().items())
    assert torch.equal(y, norm.eval()(x))
    y.sum().backward()
    torch.testing.assert_close(x.grad[0], norm.weight.detach() / (norm.running_var + norm.eps).sqrt())
    assert norm.weight.grad is not None and norm.bias.grad is not None
