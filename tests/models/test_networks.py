"""What holds for every network: shapes, orders, symmetries, copies, single sites, repeatability."""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from torch import nn

from bscnet.errors import InputError
from bscnet.models import FCN, LayerFactory, UNet
from bscnet.quantizers import RSign, SignQuantizer, WeightQuantizer
from bscnet.settings.words import Conv, LayerStyle, Precision, words
from bscnet.sparse import SparseTensor
from fixtures.networks import CLASSES, FAMILIES, gradients, small_network, small_scene, trained_step

families = pytest.mark.parametrize("family", list(FAMILIES))
convs = pytest.mark.parametrize("conv", words(Conv))
fcn_ups = pytest.mark.parametrize("fcn_up", ["unpool_add", "unpool_concat", "deconv"])
TOLERANCE = {"rtol": 1e-8, "atol": 1e-10}


@families
@pytest.mark.parametrize("precision", words(Precision))
def test_scores_follow_the_rows(backend: str, family: str, precision: str) -> None:
    net, x = small_network(family, precision), small_scene(backend)
    scores = net.train()(x)
    assert scores.shape == (len(x.sites), CLASSES)
    net = small_network(family, precision)
    order = torch.randperm(len(scores))
    mixed = net.train()(SparseTensor(x.feats[order], x.coords[order], backend))
    torch.testing.assert_close(mixed, scores[order], **TOLERANCE)


@families
@convs
def test_scenes_of_a_batch_do_not_touch_each_other(backend: str, family: str, conv: str) -> None:
    net, x = small_network(family, "a1w32", conv).eval(), small_scene(backend)
    together = net(x)
    for scene in (0, 1):
        own = x.coords[:, 0] == scene
        alone = net(SparseTensor(x.feats[own], x.coords[own], backend))
        torch.testing.assert_close(alone, together[own], **TOLERANCE)


@families
def test_a_shift_by_the_coarsest_voxel_changes_nothing(backend: str, family: str) -> None:
    net, x = small_network(family).eval(), small_scene(backend)
    moved = x.coords + torch.tensor([0, 4, -8, 400], dtype=torch.int32)
    torch.testing.assert_close(net(SparseTensor(x.feats, moved, backend)), net(x), **TOLERANCE)


@families
@convs
@pytest.mark.parametrize("precision", words(Precision))
def test_one_voxel_goes_through(backend: str, family: str, conv: str, precision: str) -> None:
    net = small_network(family, precision, conv)
    x = SparseTensor(torch.randn(1, 3, dtype=torch.float64), torch.tensor([[0, -5, 3, 1]]), backend)
    scores = trained_step(net, x)
    assert scores.shape == (1, CLASSES) and bool(torch.isfinite(scores).all())
    assert all(bool(torch.isfinite(grad).all()) for grad in gradients(net).values())
    # no statistics to take from one site, so training mode sees what evaluation sees
    torch.testing.assert_close(net.eval()(x).detach(), scores, **TOLERANCE)


@fcn_ups
@pytest.mark.parametrize("style", words(LayerStyle))
@pytest.mark.parametrize("down_short", ["avgpool", "maxpool", "none"])
def test_one_voxel_goes_through_every_style(backend: str, style: str, down_short: str, fcn_up: str) -> None:
    net = small_network("fcn", layer_style=style, down_short=down_short, fcn_up=fcn_up)
    x = SparseTensor(torch.randn(1, 3, dtype=torch.float64), torch.tensor([[0, 0, 0, 0]]), backend)
    assert bool(torch.isfinite(trained_step(net, x)).all())


@families
@convs
def test_copies_are_equal_and_apart(backend: str, family: str, conv: str) -> None:
    net, x = small_network(family, "a1w1", conv), small_scene(backend)
    trained_step(net, x)
    net.zero_grad(set_to_none=True)
    net.eval()
    expected = net(x)
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    copies = [copy.deepcopy(net), pickle.loads(pickle.dumps(net)), torch.load(file, weights_only=False)]
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(1.0)
    assert not torch.allclose(net(x), expected)
    for other in copies:
        assert torch.equal(other(x), expected)
        trained_step(other, x)
        assert gradients(other)


@families
@convs
@pytest.mark.parametrize("precision", words(Precision))
def test_two_passes_give_the_same_bits(family: str, conv: str, precision: str) -> None:
    net = small_network(family, precision, conv).float()
    runs = []
    for _ in range(2):
        x = small_scene("torch", 400, 20)
        x = SparseTensor(x.feats.float(), x.coords, "torch")
        runs.append((trained_step(net, x), gradients(net)))
    (scores, grads), (scores_again, grads_again) = runs
    assert torch.equal(scores, scores_again)
    assert all(torch.equal(grads[name], grads_again[name]) for name in grads)


@families
@pytest.mark.parametrize("style", words(LayerStyle))
@pytest.mark.parametrize("precision", words(Precision))
def test_quantized_tensors_hold_plus_and_minus_one_only(backend: str, family: str, precision: str, style: str) -> None:
    net, seen = small_network(family, precision, layer_style=style), {"activations": 0, "weights": 0}

    def binary(values: torch.Tensor, kind: str) -> None:
        assert set(values.unique().tolist()) <= {-1.0, 1.0}
        seen[kind] += 1

    for module in net.modules():
        if isinstance(module, SignQuantizer | RSign):
            module.register_forward_hook(lambda _m, _i, out: binary(out, "activations"))
        if isinstance(module, WeightQuantizer):
            module.register_forward_hook(lambda _m, _i, out: binary(out[0], "weights"))
    x = small_scene(backend)
    # exact zeros on their way to a sign
    x.feats[:5] = 0.0
    net(x)
    # FCN: 3 levels of 2 layers and 2 Convs; UNET: 2 more levels of 2 layers and a projection, and 2 DeConvs
    layers = 8 if family == "fcn" else 16
    assert seen == {
        "activations": 0 if precision == "a32w32" else layers,
        "weights": layers if precision == "a1w1" else 0,
    }


@pytest.mark.parametrize("precision", words(Precision))
def test_adding_scores_equals_concatenating_features(backend: str, precision: str) -> None:
    """T12 for a whole network: the linear layers of all levels are column blocks of one."""
    added, joined = (small_network("fcn", precision, fcn_up=up) for up in ("unpool_add", "unpool_concat"))
    state, wanted = added.state_dict(), joined.state_dict()
    linear = [name for name in state if state[name].ndim == 2 and state[name].shape[0] == CLASSES]
    assert [state[name].shape[1] for name in linear] == [8, 16, 24]
    biases = [name.replace("weight", "bias") for name in linear if name.replace("weight", "bias") in state]
    assert biases == [linear[-1].replace("weight", "bias")]
    carried = {name: value for name, value in state.items() if name in wanted}
    carried["head.weight"] = torch.cat([state[name] for name in linear], dim=1)
    carried["head.bias"] = state[biases[0]]
    joined.load_state_dict(carried, strict=True)
    x = small_scene(backend)
    torch.testing.assert_close(added(x), joined(x), rtol=1e-10, atol=1e-10)


@families
@convs
def test_every_parameter_is_trained(backend: str, family: str, conv: str) -> None:
    """No parameter that the scores do not depend on, which would also stop distributed training."""
    net = small_network(family, "a1w1", conv, w_scale="learned")
    trained_step(net, small_scene(backend))
    idle = [name for name, grad in gradients(net).items() if not bool(grad.abs().sum() > 0)]
    assert not idle


@pytest.mark.parametrize(
    "numbers, message",
    [
        ((0, 5, 8, 1, 2), "in_channels is 0"),
        ((3, 1, 8, 1, 2), "num_classes is 1"),
        ((3, 5, 0, 1, 2), "m is 0"),
        ((3, 5, 8, 0, 2), "reps is 0"),
        ((3, 5, 8, 1, -1), "depth is -1"),
    ],
)
@families
def test_numbers_that_make_no_network_are_refused(family: str, numbers: tuple[int, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        FAMILIES[family](*numbers, LayerFactory())


def test_unknown_upsampling_is_refused() -> None:
    with pytest.raises(InputError, match="fcn_up=nearest is not known: allowed are unpool_add, unpool_concat, deconv"):
        FCN(3, 5, 8, 1, 2, LayerFactory(), fcn_up="nearest")


def test_more_groups_than_channels_are_refused() -> None:
    with pytest.raises(InputError, match="4 channel groups asked for 2 channels"):
        UNet(3, 5, 2, 1, 2, LayerFactory("a1w1", "shifted"))


@families
def test_depth_zero_is_one_level(backend: str, family: str) -> None:
    net: nn.Module = FAMILIES[family](3, 5, 8, 1, 0, LayerFactory("a1w1")).double()
    assert net(small_scene(backend)).shape == (70, 5)


@families
def test_stages_share_their_names(family: str) -> None:
    """A stage's weights load into the next; only search logits and shifts come and go."""
    plain = small_network(family, "a32w32", "plain").state_dict().keys()
    for precision in words(Precision):
        for conv, extra in (("plain", ""), ("shifted", ".shifts"), ("composite", ".alpha")):
            own = small_network(family, precision, conv).state_dict().keys()
            assert plain <= own
            assert all(name.endswith(extra) for name in own - plain)
            assert bool(own - plain) == (conv != "plain")
