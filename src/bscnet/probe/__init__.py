"""How well 1-bit operands stand for real ones in the layers of a trained network: the quantization-error probe."""
