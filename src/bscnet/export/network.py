"""Whole networks as programs: one function for each kind of module that has a shape of its own."""

from __future__ import annotations

import torch
from torch import nn

from bscnet.errors import InputError
from bscnet.export.builder import Builder
from bscnet.export.fuse import fused
from bscnet.export.layers import LayerCompiler
from bscnet.export.program import Program, Step
from bscnet.models import FCN, UNet
from bscnet.models.blocks import DownShortcut, IdentityShortcut, ProjectionShortcut, ResidualUnit, UpShortcut
from bscnet.models.fcn import FCNLevel
from bscnet.models.unet import UNetLevel
from bscnet.nn import AvgPool, MaxPool


def compile_network(network: nn.Module, half: bool = False) -> Program:
    """The program of a UNet or FCN in eval mode, of precision a1w1 or a32w32.

    Args:
        network: trained; not changed.
        half: store the real weights as float16.

    Raises:
        InputError: another kind of network, a search's composite convolutions, 1-bit activations with real weights, or
            NaN or infinite weights (the layer is named).
    """
    check_finite(network)
    if not isinstance(network, UNet | FCN):
        raise InputError(f"a {type(network).__name__} cannot be exported; allowed are UNet and FCN")
    builder = Builder(network.stem.in_channels)
    compiler = _NetworkCompiler(builder, network, half)
    output = compiler.unet(network) if isinstance(network, UNet) else compiler.fcn(network)
    return fused(builder.finish(output))


def check_finite(network: nn.Module) -> None:
    """Refuse NaN and infinite parameters and statistics: a sign would hide them.

    Raises:
        InputError: naming the first such layer.
    """
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            layer, _, part = name.rpartition(".")
            raise InputError(f"{part} of layer {layer} holds NaN or infinite values; such a network is not exported")


class _NetworkCompiler(LayerCompiler):
    """Every method returns the value that the module of its name computes."""

    def unet(self, network: UNet) -> int:
        x = self._unet_level(network.levels, self._stem(network))
        return self._head(nn.Sequential(network.head_norm, network.head), x)

    def fcn(self, network: FCN) -> int:
        return self._head(network.head, self._fcn_level(network.levels, self._stem(network)))

    def _stem(self, network: UNet | FCN) -> int:
        return self.conv(network.stem, 0, [], self.elementwise(network.keep, network.stem.out_channels))

    def _unet_level(self, level: UNetLevel, x: int) -> int:
        x = self._blocks(level.encoder, x)
        if level.deeper is None:
            return x
        up = self._unit(level.up, self._unet_level(level.deeper, self._unit(level.down, x)))
        return self._blocks(level.decoder, self.builder.concat([x, up], self.builder.level(x)))

    def _fcn_level(self, level: FCNLevel, x: int) -> int:
        x = self._blocks(level.blocks, x)
        if level.deeper is None:
            return x if level.fcn_up == "deconv" else self._head(level.vote, x)
        below = self._fcn_level(level.deeper, self._unit(level.down, x))
        below = self.builder.map(below, self.elementwise(level.keep, self.builder.channels(below)))
        if level.fcn_up == "deconv":
            return self.builder.map(self._unit(level.up, below), [Step("add", value=x)])
        if level.fcn_up == "unpool_add":
            return self._head(level.vote, x, [Step("add", value=below)])
        return self.builder.concat([self._head(level.vote, x), below], self.builder.level(x))

    def _head(self, modules: nn.Module, x: int, steps: list[Step] | None = None) -> int:
        """Elementwise modules and at most one linear layer, the last; then ``steps``."""
        after, channels = steps or [], self.builder.channels(x)
        parts = list(modules) if isinstance(modules, nn.Sequential) else [modules]
        last = parts[-1]
        if not isinstance(last, nn.Linear):
            return self.builder.map(x, self.elementwise(nn.Sequential(*parts), channels) + after)
        return self.linear(last, x, self.elementwise(nn.Sequential(*parts[:-1]), channels), after)

    def _blocks(self, blocks: nn.Module, x: int) -> int:
        for unit in blocks.modules():
            if isinstance(unit, ResidualUnit):
                x = self._unit(unit, x)
        return x

    def _unit(self, unit: ResidualUnit, x: int) -> int:
        before = self.elementwise(unit.pre, unit.conv.in_channels)
        steps = self.elementwise(unit.post, unit.conv.out_channels)
        if unit.shortcut is not None:
            steps.append(Step("add", value=self._shortcut(unit.shortcut, x, before)))
        steps += self.elementwise(nn.Sequential(unit.after, unit.keep), unit.conv.out_channels)
        return self.conv(unit.conv, x, before, steps)

    def _shortcut(self, shortcut: nn.Module, x: int, before: list[Step]) -> int:
        if isinstance(shortcut, IdentityShortcut):
            return x
        if not isinstance(shortcut, ProjectionShortcut | UpShortcut | DownShortcut):
            raise InputError(f"{self.name(shortcut)} is a {type(shortcut).__name__}, which cannot be exported")
        after = self.elementwise(nn.Sequential(shortcut.norm, shortcut.keep), shortcut.conv.out_channels)
        if isinstance(shortcut, ProjectionShortcut):
            return self.conv(shortcut.conv, x, before, after)
        if isinstance(shortcut, DownShortcut):
            x = self._pool(shortcut.pool, x)
        # Of an UpShortcut on the coarse sites, norm and all: what acts on each site by itself commutes with unpooling.
        return self.conv(shortcut.conv, x, [], after)

    def _pool(self, pool: nn.Module, x: int) -> int:
        if not isinstance(pool, AvgPool | MaxPool):
            raise InputError(f"{self.name(pool)} is a {type(pool).__name__}, which cannot be exported")
        return self.builder.pool("avg" if isinstance(pool, AvgPool) else "max", x)
