"""The networks: FCN and UNET, and the factory that makes their layers."""

from bscnet.models.fcn import FCN
from bscnet.models.layers import LayerFactory
from bscnet.models.unet import UNet

__all__ = ["FCN", "LayerFactory", "UNet"]
