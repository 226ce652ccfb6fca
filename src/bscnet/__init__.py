"""Binary sparse convolutional networks (BSC-Net) for 3D semantic segmentation."""

__version__ = "0.1.0"
