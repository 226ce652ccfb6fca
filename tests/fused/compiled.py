"""Compiles every kernel of the fused operations for a GPU that need not be there; prints how many it has made.

Each kernel is compiled for a newer GPU too, with its first choice of constants.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from triton.runtime.jit import JITFunction

from bscnet.fused.kernels import activation, norm, weight

INTEGERS = {"rows", "channels", "programs", "run", "chunk", "count"}
NUMBERS = {"momentum", "eps"}
TYPES = {"batches": "*i64"}
BLOCKS = {"BLOCK_ROWS": 128, "BLOCK_CHANNELS": 32, "BLOCK": 1024, "PROGRAMS": 128}


def sources(module: ModuleType) -> list[ASTSource]:
    """Every kernel of a module with every choice of its constants."""
    found = []
    for name, kernel in vars(module).items():
        if isinstance(kernel, JITFunction) and name.endswith("_kernel"):
            for constants in choices([one.name for one in kernel.params if one.is_constexpr]):
                types = {one.name: kind(one.name, constants) for one in kernel.params if not one.is_constexpr}
                signature = {**types, **dict.fromkeys(constants, "constexpr")}
                found.append(ASTSource(kernel, signature, constants))
    return found


def choices(names: list[str]) -> list[dict[str, Any]]:
    """All flags on, all off, and between them each form and estimator."""
    flags = [name for name in names if name not in (*BLOCKS, "FORM", "ESTIMATOR")]
    found = []
    for switch in (True, False) if flags else (True,):
        for number in (1, 2, 3) if {"FORM", "ESTIMATOR"} & set(names) else (0,):
            own = {name: BLOCKS[name] for name in names if name in BLOCKS}
            own |= dict.fromkeys(flags, switch)
            own |= {name: number for name in names if name == "FORM"}
            own |= {name: number - 1 for name in names if name == "ESTIMATOR"}
            found.append(own)
    return found


def kind(name: str, constants: dict[str, Any]) -> str:
    """Triton's type of a parameter."""
    if name in INTEGERS:
        return "i32"
    if name in NUMBERS:
        return "fp32"
    if name == "kept":
        return "*i16" if constants.get("WHOLE", True) else "*fp32"
    if name == "out" and constants.get("FORM") == 3:
        return "*i32"
    return TYPES.get(name, "*fp32")


if __name__ == "__main__":
    made = 0
    for module in (norm, activation, weight):
        seen: set[str] = set()
        for source in sources(module):
            for capability in (80,) if source.fn.__name__ in seen else (80, 90):
                compiled = triton.compile(source, target=GPUTarget("cuda", capability, 32))
                assert compiled.asm["cubin"]
                made += 1
            seen.add(source.fn.__name__)
    print(made)
