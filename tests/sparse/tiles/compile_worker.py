"""Compiles the kernels that operators launch for a GPU that need not be there, and prints a line of JSON of each.

Arguments: compute capability (80), then names of `VARIANTS`. A launch compiles its kernel and does nothing more, so
that what operators give is arbitrary here. Not to be run with TRITON_INTERPRET=1.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
import triton
from torch import Tensor
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource, make_backend
from triton.runtime.jit import JITFunction, create_function_from_signature

from bscnet.sparse.operand import Normalized, Operand, PackedSigns, pack_signs, stand_in_for
from bscnet.sparse.tiles.kernels import convolution, lists, maps, pooling, weight_gradient  # noqa: F401
from bscnet.sparse.tiles.sites import TileSites
from fixtures.sites import random_sites

PTXAS = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / "ptxas"
TETRA = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
PLAIN, SIGNS, AFFINE = "plain", "signs", "affine"
# name -> (type, operand, tf32)
VARIANTS: dict[str, tuple[torch.dtype, str, bool]] = {
    "float32": (torch.float32, PLAIN, False),
    "tf32": (torch.float32, PLAIN, True),
    "bfloat16": (torch.bfloat16, PLAIN, False),
    "float16": (torch.float16, PLAIN, False),
    "signs": (torch.float32, SIGNS, False),
    "signs tf32": (torch.float32, SIGNS, True),
    "signs bfloat16": (torch.bfloat16, SIGNS, False),
    "affine": (torch.float32, AFFINE, False),
    "affine tf32": (torch.float32, AFFINE, True),
}
# One block of columns, and several of both kinds of channels.
WIDTHS = ((16, 16), (96, 80))


def main(capability: int, names: list[str]) -> None:
    """Print a line for each kernel."""
    target = GPUTarget("cuda", capability, 32)
    compiled: dict[str, dict[str, Any]] = {}

    def compile_only(self: JITFunction, *args: Any, grid: Any, warmup: bool, **kwargs: Any) -> None:
        kwargs.setdefault("debug", False)
        kwargs.setdefault("instrumentation_mode", "")
        backend = make_backend(target)
        bound, specialization, options = create_function_from_signature(self.signature, self.params, backend)(
            *args, **kwargs
        )
        options, signature, constexprs, attrs = self._pack_args(backend, kwargs, bound, specialization, options)
        kernel = triton.compile(ASTSource(self, signature, constexprs, attrs), target, options.__dict__)
        if kernel.hash not in compiled:
            compiled[kernel.hash] = described(self, kernel, capability)

    JITFunction.run = compile_only
    os.environ["TRITON_INTERPRET"] = "1"  # kernels are defined by now; this lets them serve tensors on the CPU
    for name in names:
        before = set(compiled)
        launch_everything(*VARIANTS[name])
        for key in set(compiled) - before:
            print(json.dumps({"variant": name, **compiled[key]}), flush=True)


def described(function: JITFunction, kernel: Any, capability: int) -> dict[str, Any]:
    """Name, shared memory in bytes, registers a thread and bytes of spilled ones."""
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
        file.write(kernel.asm["ptx"])
        file.flush()
        architecture = f"sm_{capability}" + ("a" if capability >= 90 else "")
        command = [str(PTXAS), "-v", "--gpu-name", architecture, file.name, "-o", os.devnull]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    (registers,) = re.findall(r"Used (\d+) registers", said)
    (spilled,) = re.findall(r"(\d+) bytes spill stores", said)
    return {
        "kernel": function.fn.__name__,
        "cubin": len(kernel.asm["cubin"]),
        "shared": kernel.metadata.shared,
        "registers": int(registers),
        "spilled": int(spilled),
    }


def launch_everything(dtype: torch.dtype, kind: str, tf32: bool) -> None:
    """Every operator and its gradients at the widths of a network."""
    torch.backends.cuda.matmul.fp32_precision = "tf32" if tf32 else "ieee"
    # No check for duplicates, as keys are not made; and as if the rows were in no order.
    sites = TileSites(random_sites(400, 10, 1), 2)
    sites._order = torch.arange(400, dtype=torch.int32)
    for c_in, c_out in WIDTHS:

        def weight(cells: int, ins: int = c_in, outs: int = c_out) -> Tensor:
            return torch.zeros(cells, ins, outs, dtype=dtype, requires_grad=True)

        def read(ins: int = c_in) -> Operand:
            return operand(kind, torch.zeros(400, ins, dtype=dtype))

        outputs = [sites.submanifold(read(), weight(27)), sites.shifted(read(), weight(27), TETRA)]
        if c_in == 16:
            coarse = operand(kind, torch.zeros(len(sites.coarser), c_in, dtype=dtype))
            feats = torch.zeros(400, 16, dtype=dtype, requires_grad=True)
            outputs += [
                sites.submanifold(read(), weight(1)),
                sites.down(read(), weight(8)),
                sites.up(coarse, weight(8)),
            ]
            outputs += [sites.pool_sum(feats), sites.pool_max(feats)]
            outputs.append(sites.unpool(torch.zeros(len(sites.coarser), 16, dtype=dtype, requires_grad=True)))
        for output in outputs:
            output.backward(torch.zeros_like(output))


def operand(kind: str, values: Tensor) -> Operand:
    """An operand of a kind, whose gradient is wanted."""
    if kind == PLAIN:
        return values.requires_grad_()
    stand_in = stand_in_for(*values.shape, values).requires_grad_()
    if kind == SIGNS:
        return PackedSigns(pack_signs(values), stand_in)
    ones = torch.ones(values.shape[1])
    return Normalized(values, ones, ones, stand_in)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
