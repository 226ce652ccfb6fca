"""In which form a normalized array is written: a number that operators, kernels and the compiled library agree on."""

STATISTICS, VALUES, SIGNS, BITS = range(4)
"""None, float, float signs, bits of the signs (`bscnet.sparse.operand.PackedSigns`); as in `bscnet_training.h`."""
