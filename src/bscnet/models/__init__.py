"""The networks: FCN and UNET, the factory that makes their layers, and what a network is in plain values."""

from bscnet.models.fcn import FCN
from bscnet.models.layers import LayerFactory
from bscnet.models.spec import NetworkSpec
from bscnet.models.unet import UNet

__all__ = ["FCN", "LayerFactory", "NetworkSpec", "UNet"]
