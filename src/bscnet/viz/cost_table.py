"""A network's cost as text tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.table import Table

from bscnet.cost import LayerCost, Profile
from bscnet.viz.layer_names import layer_label

_ELEMENTWISE = ("norm", "act", "pool", "add")


def cost_table(profile: Profile) -> Table:
    """A row for each convolution and linear layer in the order in which they run; norms and the like share the last.

    Sites, pairs and operations are means over the profiled scenes; M is 1e6.
    """
    table = Table(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
        caption="MACs, OPs and element-wise operations in millions a scene; bytes of the weights alone",
        caption_justify="left",
    )
    for name in ("layer", "kind"):
        table.add_column(name, no_wrap=True)
    table.add_column("level", justify="right", no_wrap=True)
    table.add_column("channels", justify="right", no_wrap=True)
    table.add_column("precision", no_wrap=True)
    for name in ("sites", "pairs/site", "weights", "MACs nominal", "executed", "OPs", "elementwise", "bytes"):
        table.add_column(name, justify="right", no_wrap=True)
    rest: list[LayerCost] = []
    for layer in profile.layers:
        if layer.kind in _ELEMENTWISE:
            rest.append(layer)
            continue
        table.add_row(
            layer_label(layer.name),
            layer.kind,
            str(layer.level),
            f"{layer.in_channels}>{layer.out_channels}",
            layer.precision,
            f"{layer.sites:,.0f}",
            f"{layer.pairs / layer.sites:.2f}",
            f"{layer.params_real + layer.params_1bit:,d}",
            _millions(layer.macs_nominal),
            _millions(layer.macs_executed),
            _millions(layer.ops),
            _millions(layer.elementwise),
            f"{layer.bytes:,.0f}",
        )
    table.add_section()
    table.add_row(f"{len(rest)} others", "various", *[""] * 9, _millions(_sum(rest, "elementwise")), "")
    return table


def totals_table(profile: Profile) -> Table:
    """The sums of a profile, and what they are compared with."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    totals = profile.totals
    real, binary, aux = (int(totals[name]) for name in ("params_real", "params_1bit", "params_aux"))
    table.add_row("parameters, 32 bits", f"{real:,d}", "")
    table.add_row("parameters, 1 bit", f"{binary:,d}", "")
    table.add_row("auxiliary, 32 bits", f"{aux:,d}", "batch norm, activations, scales, thresholds, search logits")
    table.add_row("FLOPs", f"{_millions(totals['flops'])} M", "MACs with a real operand")
    table.add_row("BOPs", f"{_millions(totals['bops'])} M", "MACs of two 1-bit operands")
    table.add_row("OPs", f"{_millions(totals['ops'])} M", "FLOPs + BOPs / 64, pairs as executed")
    table.add_row(
        "OPs, nominal", f"{_millions(profile.nominal_ops)} M", "the same with every window centred on its site"
    )
    table.add_row("element-wise", f"{_millions(profile.total('elementwise'))} M", "not part of OPs")
    ratio = profile.bytes_as_real / totals["bytes"]
    table.add_row("weights", f"{totals['bytes'] / 2**20:.3f} MiB", f"{ratio:.1f} times less than all in 32 bits")
    table.add_row("auxiliary", f"{profile.total('aux_bytes') / 2**20:.3f} MiB", "")
    return table


def _sum(layers: Iterable[LayerCost], quantity: str) -> float:
    return float(sum(getattr(layer, quantity) for layer in layers))


def _millions(value: float) -> str:
    return f"{value / 1e6:,.3f}"
