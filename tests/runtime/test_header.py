"""The C types that ctypes is told stand beside the headers in csrc/include: here they are compared with them."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any

import pytest

from bscnet import compiled
from bscnet.runtime import library
from bscnet.sparse.native import library as training

HEADERS = Path(__file__).resolve().parents[2] / "csrc" / "include"
SIGNATURES: dict[str, compiled.Signatures] = {
    "bscnet.h": {**library._SIGNATURES, **compiled.COMMON},
    "bscnet_training.h": training.SIGNATURES,
}
NOT_CALLED = {  # from Python: the same is had by another call, or from the description
    *("bscnet_run", "bscnet_needs_colors", "bscnet_num_values", "bscnet_value_name"),
}
PLAIN = {
    "int": ctypes.c_int, "int32_t": ctypes.c_int32, "int64_t": ctypes.c_int64, "size_t": ctypes.c_size_t,
    "double": ctypes.c_double, "void": None, "bscnet_visit": library.VISIT,
    "const char*": ctypes.c_char_p, "bscnet_model**": ctypes.POINTER(ctypes.c_void_p),
    "bscnet_times*": ctypes.POINTER(library.CTimes),
    "bscnet_sites**": ctypes.POINTER(ctypes.c_void_p), "bscnet_map**": ctypes.POINTER(ctypes.c_void_p),
    "const bscnet_convolution*": ctypes.POINTER(training.CConvolution),
    "const bscnet_norm*": ctypes.POINTER(training.CNorm),
}  # fmt: skip


def code(header: str = "bscnet.h") -> str:
    """A header without comments and with single spaces."""
    text = re.sub(r"/\*.*?\*/", " ", (HEADERS / header).read_text(), flags=re.DOTALL)
    return " ".join(text.split())


def parameters(text: str) -> list[str]:
    """Types of a list of parameters, each without its name."""
    return [] if text == "void" else [one.rsplit(" ", 1)[0] for one in text.split(", ")]


def ctype(name: str, buffers: dict[str, Any]) -> Any:
    """The ctypes type of a C type; buffers: of pointers that are not told as mere addresses."""
    if name in PLAIN:
        return PLAIN[name]
    assert name.endswith("*"), name
    return buffers.get(name, ctypes.c_void_p)


@pytest.mark.parametrize("header", SIGNATURES)
def test_functions_have_the_headers_types(header: str) -> None:
    declared = re.findall(r"BSCNET_API ([\w ]+[ *]+)(bscnet_\w+)\(([^)]*)\);", code(header))
    assert {name for _, name, _ in declared} - NOT_CALLED == SIGNATURES[header].keys()
    bytes_of_a_file = {"const void*": ctypes.c_char_p}  # Python's bytes
    for result, name, given in declared:
        if name in NOT_CALLED:
            continue
        buffers = bytes_of_a_file if name == "bscnet_load_memory" else {}
        wanted = (ctype(result.strip(), {}), tuple(ctype(one, buffers) for one in parameters(given)))
        assert SIGNATURES[header][name] == wanted, name


@pytest.mark.parametrize("name, struct", [("convolution", training.CConvolution), ("norm", training.CNorm)])
def test_structs_of_training_have_the_headers_fields(name: str, struct: type[ctypes.Structure]) -> None:
    (fields,) = re.findall(rf"typedef struct bscnet_{name} \{{ (.*?) \}} bscnet_{name};", code("bscnet_training.h"))
    listed = [one.rsplit(" ", 1) for one in fields.rstrip(";").split("; ")]
    assert struct._fields_ == tuple((name, ctype(kind, {})) for kind, name in listed)


def test_structs_callbacks_and_statuses_have_the_headers_types() -> None:
    text = code()
    (fields,) = re.findall(r"typedef struct bscnet_times \{ (.*?) \} bscnet_times;", text)
    listed = [one.rsplit(" ", 1) for one in fields.rstrip(";").split("; ")]
    assert library.CTimes._fields_ == tuple((name, PLAIN[kind]) for kind, name in listed)
    ((given),) = re.findall(r"typedef void \(\*bscnet_visit\)\((.*?)\);", text)
    arrays = {"const int32_t*": ctypes.POINTER(ctypes.c_int32), "const float*": ctypes.POINTER(ctypes.c_float)}
    assert library.VISIT._restype_ is None
    assert library.VISIT._argtypes_ == tuple(ctype(one, arrays) for one in parameters(given))
    assert f"BSCNET_NO_MEMORY = {compiled.NO_MEMORY}," in text
