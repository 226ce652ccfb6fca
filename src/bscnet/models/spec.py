"""What a network is, in plain values: from these it is built, and a checkpoint says them of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from torch import nn

from bscnet.errors import InputError
from bscnet.models.fcn import FCN
from bscnet.models.layers import LayerFactory
from bscnet.models.unet import UNet
from bscnet.search import apply_plan, random_plan, share_by_level, shifted_layers
from bscnet.settings.model import Sizes
from bscnet.settings.words import Family, FcnUp, require_word

HEAD_SWITCHES: dict[Family, str] = {"fcn": "fcn_up", "unet": "head_norm"}
"""The families of networks, and the switch of its own that each has."""
_SIZES = ("m", "reps", "depth")


@dataclass(frozen=True)
class NetworkSpec:
    """A network without its weights.

    Attributes:
        family: ``fcn`` or ``unet``.
        m, reps, depth: see ``FCN`` and ``UNet``.
        in_channels: features of a site.
        num_classes: scores a site.
        layers: makes the layers; its fields are the switches that all networks have.
        fcn_up: how the levels of an FCN reach full resolution (see there); no part of a U-Net.
        head_norm: batch norm and activation before the head of a U-Net; no part of an FCN.

    Raises:
        InputError: a family that is none of these, or a size that is no whole number.

    Examples:
        >>> from bscnet.models import LayerFactory, NetworkSpec
        >>> layers = LayerFactory(conv="shifted")
        >>> spec = NetworkSpec("unet", m=16, reps=1, depth=6, in_channels=3, num_classes=20, layers=layers)
        >>> network = spec.build()
        >>> NetworkSpec.from_dict(spec.as_dict()) == spec
        True
    """

    family: Family
    m: int
    reps: int
    depth: int
    in_channels: int
    num_classes: int
    layers: LayerFactory = field(default_factory=LayerFactory)
    fcn_up: FcnUp = "unpool_add"
    head_norm: bool = True

    def __post_init__(self) -> None:
        require_word(Family, self.family, "family")
        for name in (*_SIZES, "in_channels", "num_classes"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise InputError(f"{name} is {value!r}; it must be a whole number")

    def build(self) -> nn.Module:
        """The network. Initial weights come from torch's global generator: seed it first.

        Raises:
            InputError: numbers or switches that make no network.
        """
        network = self._bare()
        if self.layers.logits == "by_level":
            share_by_level(network)
        if self.layers.manual == "random_per_layer":
            apply_plan(network, random_plan(shifted_layers(network), self.layers.G, self.layers.manual_seed))
        return network

    def _bare(self) -> nn.Module:
        sizes = self.in_channels, self.num_classes, self.m, self.reps, self.depth
        if self.family == "fcn":
            return FCN(*sizes, self.layers, self.fcn_up)
        return UNet(*sizes, self.layers, self.head_norm)

    @classmethod
    def of(cls, family: Family, sizes: Sizes, in_channels: int, num_classes: int, layers: LayerFactory) -> NetworkSpec:
        """The spec with the sizes of the settings.

        Raises:
            InputError: they have a switch of another family.
        """
        for other, switch in HEAD_SWITCHES.items():
            if other != family and getattr(sizes, switch) is not None:
                raise InputError(f"network.{switch} is not a value of family {family}")
        return cls(
            family=family,
            m=sizes.m,
            reps=sizes.reps,
            depth=sizes.depth,
            in_channels=in_channels,
            num_classes=num_classes,
            layers=layers,
            fcn_up=sizes.fcn_up or cls.fcn_up,
            head_norm=cls.head_norm if sizes.head_norm is None else sizes.head_norm,
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values that ``from_dict`` makes the same spec from: sizes under ``network``, switches beside it."""
        own = HEAD_SWITCHES[self.family]
        return {
            "family": self.family,
            "network": {name: getattr(self, name) for name in (*_SIZES, own)},
            "in_channels": self.in_channels,
            "num_classes": self.num_classes,
            **asdict(self.layers),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkSpec:
        """The spec that plain values describe; what they say of other things is passed over.

        A layer's switch that is not among them has its default.

        Raises:
            InputError: a value is missing, of the wrong kind or not allowed.
        """
        try:
            family = values["family"]
            require_word(Family, family, "family")
            sizes = {name: value for name, value in values["network"].items() if not name.startswith("_")}
            if foreign := sizes.keys() - {*_SIZES, HEAD_SWITCHES[family]}:
                raise InputError(f"network.{min(foreign)} is not a value of family {family}")
            if absent := [name for name in _SIZES if name not in sizes]:
                raise InputError(f"the description of the network lacks network.{absent[0]}")
            switches = {one.name: values[one.name] for one in fields(LayerFactory) if one.name in values}
            if switches.get("levels") is not None:
                switches["levels"] = tuple(switches["levels"])
            return cls(
                family=family,
                in_channels=values["in_channels"],
                num_classes=values["num_classes"],
                layers=LayerFactory(**switches),
                **sizes,
            )
        except KeyError as error:
            raise InputError(f"the description of the network lacks {error.args[0]}") from error
        except (TypeError, AttributeError) as error:
            raise InputError(f"the description of the network is not usable: {error}") from error
