"""Passes over a program that leave its results as they are, bit for bit, and make it shorter."""

from __future__ import annotations

from dataclasses import replace

from bscnet.export.program import NONE, Binarize, Conv, Instruction, Map, Program, Step


def fused(program: Program) -> Program:
    """The program with steps and signs moved into the instruction that computes what they read.

    - a map goes into the convolution or map that alone feeds it;
    - the first binarization of a result goes into its instruction; further ones stay;
    - what nobody reads is not computed, or not kept.
    """
    instructions = _needed(program.instructions, program.output)
    instructions = _maps_into_producers(instructions, program.output)
    instructions = _signs_into_producers(instructions)
    instructions = _needed(instructions, program.output)
    return _renumbered(Program(program.values, instructions, program.output))


def _needed(instructions: list[Instruction], output: int) -> list[Instruction]:
    """Without what nobody reads."""
    wanted, kept = {output}, []
    for instruction in reversed(instructions):
        changed = replace(
            instruction,
            out=instruction.out if instruction.out in wanted else NONE,
            bits=instruction.bits if instruction.bits in wanted else NONE,
        )
        if changed.out != NONE or changed.bits != NONE:
            if changed.bits == NONE:
                changed.binarizer = None
            kept.append(changed)
            wanted.update(changed.reads())
    return kept[::-1]


def _maps_into_producers(instructions: list[Instruction], output: int) -> list[Instruction]:
    kept: list[Instruction] = []
    place_of = {0: -1}  # value -> place in `kept` where it is defined
    for instruction in instructions:
        producer = place_of[instruction.inputs[0]]
        if (
            isinstance(instruction, Map)
            and producer >= 0
            and isinstance(kept[producer], Conv | Map)
            and instruction.inputs[0] != output
            and _readers(instructions, instruction.inputs[0]) == 1
            and all(place_of[step.value] < producer for step in instruction.steps if step.kind == "add")
        ):
            earlier = kept[producer]
            steps = [*earlier.steps, *instruction.steps]
            kept[producer] = replace(earlier, out=instruction.out, steps=steps)
            place_of[instruction.out] = producer
            continue
        for value in (instruction.out, instruction.bits):
            if value != NONE:
                place_of[value] = len(kept)
        kept.append(instruction)
    return kept


def _signs_into_producers(instructions: list[Instruction]) -> list[Instruction]:
    kept: list[Instruction] = []
    place_of: dict[int, int] = {}
    for instruction in instructions:
        if isinstance(instruction, Binarize) and len(instruction.inputs) == 1:
            producer = place_of.get(instruction.inputs[0], -1)
            if producer >= 0 and isinstance(kept[producer], Conv | Map) and kept[producer].bits == NONE:
                kept[producer] = replace(kept[producer], bits=instruction.bits, binarizer=instruction.binarizer)
                continue
        if instruction.out != NONE:
            place_of[instruction.out] = len(kept)
        kept.append(instruction)
    return kept


def _readers(instructions: list[Instruction], value: int) -> int:
    return sum(instruction.reads().count(value) for instruction in instructions)


def _renumbered(program: Program) -> Program:
    """Values numbered in the order they are defined, without those that are gone."""
    order = [0]
    for instruction in program.instructions:
        order += [value for value in (instruction.out, instruction.bits) if value != NONE]
    number = {old: new for new, old in enumerate(order)} | {NONE: NONE}
    instructions = [
        replace(
            instruction,
            inputs=[number[value] for value in instruction.inputs],
            out=number[instruction.out],
            bits=number[instruction.bits],
            steps=[Step(step.kind, step.tensors, number[step.value]) for step in instruction.steps],
        )
        for instruction in program.instructions
    ]
    return Program([program.values[old] for old in order], instructions, number[program.output])
