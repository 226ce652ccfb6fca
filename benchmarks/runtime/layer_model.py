"""A model file whose network is nothing but binary SSC or SFSC layers of one width."""

from __future__ import annotations

from typing import Any

import numpy as np

from bscnet.clouds.reading import Reading
from bscnet.export.cloud_facts import given_features
from bscnet.export.file import model_bytes
from bscnet.export.program import NONE, Binarize, Binarizer, Conv, Instruction, Program, Step, Value
from bscnet.search import manual_shifts

LAYERS = 4
CLASSES = 2


def layer_program(channels: int, variant: str, seed: int = 0) -> Program:
    """LAYERS times ``x = prelu(scale * conv(sign(x - t))) + x``, each giving real values and the next layer's signs.

    That is the networks' own SSC layer; its batch norm is the threshold t.

    The last layer gives real values alone, and a real 1x1 convolution of those is the output. The input has `channels`
    features. `variant`: ``ssc`` or ``sfsc`` (tetra4).
    """
    rng = np.random.default_rng(seed)
    shifts = manual_shifts("tetra4", 4, 0) if variant == "sfsc" else ((0, 0, 0),)

    def floats(mean: float, spread: float) -> Any:
        return rng.normal(mean, spread, channels).astype(np.float32)

    def binarizer() -> Binarizer:
        return Binarizer(floats(0, 0.2), (rng.random(channels) < 0.1).astype(np.uint8))

    real, bits = Value("real", 0, channels), Value("bits", 0, channels)
    values, instructions = [real, bits], list[Instruction]([Binarize([0], bits=1, binarizer=binarizer())])
    for layer in range(LAYERS):
        x = len(values) - 2  # the real value; its signs come next
        last = layer == LAYERS - 1
        values += [real] if last else [real, bits]
        signs = rng.random((27, channels, channels)) < 0.5
        instructions.append(
            Conv(
                [x + 1],
                out=x + 2,
                bits=NONE if last else x + 3,
                binarizer=None if last else binarizer(),
                steps=[Step("prelu", (floats(0.25, 0.05),)), Step("add", value=x)],
                geometry="submanifold",
                weight=np.packbits(signs, axis=2, bitorder="little"),
                scale=np.full(channels, 1 / np.sqrt(27 * channels), np.float32),
                shifts=shifts,
            )
        )
    values.append(Value("real", 0, CLASSES))
    head = rng.normal(0, channels**-0.5, (1, channels, CLASSES)).astype(np.float32)
    instructions.append(Conv([len(values) - 2], out=len(values) - 1, geometry="pointwise", weight=head))
    return Program(values, instructions, len(values) - 1)


def layer_bytes(channels: int, variant: str) -> bytes:
    """The model file of `layer_program`."""
    facts = {
        "name": f"{LAYERS} layers of {channels} channels",
        "family": "unet",
        "method": "bsc_manual" if variant == "sfsc" else "bsc_baseline",
        "stage": 2,
        "precision": "a1w1",
        "half": False,
        "data": "rooms",
        "voxel_size": 0.02,
        "class_names": [f"class {i}" for i in range(CLASSES)],
        "features": given_features(["noise"]),
        "reading": Reading().as_dict(),
        "shift_plan": {},
        "commit": None,
    }
    return model_bytes(layer_program(channels, variant), facts)
