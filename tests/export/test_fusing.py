"""What the compiled program looks like: nothing computed twice, nothing kept that nobody reads."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from bscnet.errors import InputError
from bscnet.export.builder import Builder, pack_signs
from bscnet.export.fuse import fused
from bscnet.export.network import compile_network
from bscnet.export.program import NONE, Binarize, Concat, Conv, Map, Pool, Program, Step
from fixtures.packed_networks import network


def compiled(family: str, **switches: Any) -> Program:
    return compile_network(network(family, **switches).eval())


def kinds(program: Program) -> Counter[str]:
    return Counter(type(instruction).__name__ for instruction in program.instructions)


def check_order(program: Program) -> None:
    """Every value defined once, before use, read by somebody; numbers without gaps."""
    defined, read = {0}, set()
    for instruction in program.instructions:
        assert set(instruction.reads()) <= defined
        read.update(instruction.reads())
        new = {instruction.out, instruction.bits} - {NONE}
        assert new and not new & defined
        assert (instruction.bits != NONE) == (instruction.binarizer is not None)
        defined |= new
    assert defined == set(range(len(program.values)))
    assert read | {program.output} == defined


def bit_convolutions(program: Program) -> list[Conv]:
    return [found for found in program.instructions if isinstance(found, Conv) and found.scale is not None]


def test_a_binary_unet_is_convolutions_and_little_else() -> None:
    program = compiled("unet")
    check_order(program)
    # Depth 2: two poolings, and one binarization for each decoder's concatenation, which is never made.
    assert kinds(program) == {"Conv": 22, "Pool": 2, "Binarize": 2}
    for instruction in program.instructions:
        if isinstance(instruction, Binarize):
            assert len(instruction.inputs) == 2
            readers = [conv for conv in program.instructions if instruction.bits in conv.inputs]
            assert len(readers) == 2, "the layer and its projection read the same signs"


def test_the_head_goes_into_the_last_unit() -> None:
    *_, last, head = compiled("unet").instructions
    assert isinstance(last, Conv) and [step.kind for step in last.steps] == ["prelu", "add", "affine", "prelu"]
    assert last.bits == NONE
    assert isinstance(head, Conv) and head.geometry == "pointwise" and [step.kind for step in head.steps] == ["bias"]


def test_real_values_that_only_signs_are_taken_of_are_not_kept() -> None:
    program = compiled("unet", down_short="none", layer_style="bireal")
    check_order(program)
    assert any(conv.out == NONE and conv.bits != NONE for conv in bit_convolutions(program))


@pytest.mark.parametrize("precision", ["a1w1", "a32w32"])
@pytest.mark.parametrize("style", ["r2b", "react", "bireal"])
@pytest.mark.parametrize("head", [{"fcn_up": up} for up in ("unpool_add", "unpool_concat", "deconv")] + [{}])
def test_every_program_is_in_order(precision: str, style: str, head: dict[str, str]) -> None:
    program = compiled("fcn" if head else "unet", precision=precision, layer_style=style, conv="shifted", **head)
    check_order(program)
    assert bool(bit_convolutions(program)) == (precision == "a1w1")
    assert program.levels == 3 and program.num_classes == 5 and program.in_channels == 3


def test_thresholds_of_their_own_make_bits_of_their_own() -> None:
    net = network("unet", layer_style="react")
    same = kinds(compile_network(net))["Binarize"]
    unit = net.levels.decoder[0][0]
    unit.shortcut.conv.input_quantizer.bias.data.add_(0.5)
    assert kinds(compile_network(net))["Binarize"] == same + 1


def test_fcn_votes_are_added_from_below() -> None:
    program = compiled("fcn")
    adds = [
        program.values[step.value].level - program.values[instruction.out].level
        for instruction in program.instructions
        if isinstance(instruction, Conv) and instruction.geometry == "pointwise"
        for step in instruction.steps
        if step.kind == "add"
    ]
    assert adds == [1, 1]
    biases = [step.kind for instruction in program.instructions for step in instruction.steps].count("bias")
    assert biases == 1, "the deepest level's alone"


def test_a_map_stays_where_it_adds_a_later_value() -> None:
    builder = Builder(2)
    weight = np.ones((1, 2, 2), np.float32)
    first = builder.conv("pointwise", 0, weight)
    later = builder.conv("pointwise", 0, weight)
    program = fused(builder.finish(builder.map(first, [Step("relu"), Step("add", value=later)])))
    check_order(program)
    assert kinds(program) == {"Conv": 2, "Map": 1}


def test_a_map_of_a_value_that_others_read_stays() -> None:
    builder = Builder(2)
    first = builder.conv("pointwise", 0, np.ones((1, 2, 2), np.float32))
    mapped = builder.map(first, [Step("relu")])
    assert builder.map(first, [Step("relu")]) == mapped
    program = fused(builder.finish(builder.map(mapped, [Step("add", value=first)])))
    assert [type(found) for found in program.instructions] == [Conv, Map]
    assert [step.kind for step in program.instructions[1].steps] == ["relu", "add"]


def test_signs_of_a_pooled_or_concatenated_value_are_instructions_of_their_own() -> None:
    builder = Builder(2)
    pooled = builder.pool("max", 0)
    raised = builder.concat([0, pooled], 0)
    bits = builder.sign(raised, [Step("relu")])
    out = builder.conv("pointwise", bits, np.zeros((1, 3, 1), np.uint8), np.ones(3, np.float32))
    program = fused(builder.finish(out))
    check_order(program)
    assert [type(found) for found in program.instructions] == [Pool, Concat, Map, Conv]
    assert program.instructions[2].out == NONE


def test_signs_are_packed_lowest_bit_first() -> None:
    signs = np.zeros((1, 11, 2), bool)
    signs[0, 0, 0] = signs[0, 9, 0] = signs[0, 7, 1] = True
    np.testing.assert_array_equal(pack_signs(signs), [[[1, 2], [128, 0]]])


@pytest.mark.parametrize(
    "switches, sentence",
    [
        ({"precision": "a1w32"}, "1-bit operands on one side only"),
        ({"conv": "composite"}, "export the stage after the search"),
    ],
)
def test_unfinished_stages_are_refused(switches: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        compiled("unet", **switches)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused_by_name(value: float) -> None:
    net = network("unet")
    net.levels.deeper.encoder[0][1].conv.weight.data[13, 2, 1] = value
    with pytest.raises(InputError, match=r"weight of layer levels\.deeper\.encoder\.0\.1\.conv holds NaN or infinite"):
        compile_network(net)


def test_other_networks_are_refused() -> None:
    with pytest.raises(InputError, match="UNetLevel cannot be exported"):
        compile_network(network("unet").levels)
