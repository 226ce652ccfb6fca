"""The C types that ctypes is told stand beside csrc/include/bscnet.h: here they are compared with it."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path
from typing import Any

from bscnet.runtime import library

HEADER = Path(__file__).resolve().parents[2] / "csrc" / "include" / "bscnet.h"
NOT_CALLED = {  # from Python: the same is had by another call, or from the description
    *("bscnet_run", "bscnet_needs_colors", "bscnet_num_values", "bscnet_value_name"),
}
PLAIN = {
    "int": ctypes.c_int, "int32_t": ctypes.c_int32, "int64_t": ctypes.c_int64, "size_t": ctypes.c_size_t,
    "double": ctypes.c_double, "void": None, "bscnet_visit": library.VISIT,
    "const char*": ctypes.c_char_p, "bscnet_model**": ctypes.POINTER(ctypes.c_void_p),
    "bscnet_times*": ctypes.POINTER(library.CTimes),
}  # fmt: skip


def code() -> str:
    """The header without comments and with single spaces."""
    text = re.sub(r"/\*.*?\*/", " ", HEADER.read_text(), flags=re.DOTALL)
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


def test_functions_have_the_headers_types() -> None:
    declared = re.findall(r"BSCNET_API ([\w ]+[ *]+)(bscnet_\w+)\(([^)]*)\);", code())
    assert {name for _, name, _ in declared} - NOT_CALLED == library._SIGNATURES.keys()
    bytes_of_a_file = {"const void*": ctypes.c_char_p}  # Python's bytes
    for result, name, given in declared:
        if name in NOT_CALLED:
            continue
        buffers = bytes_of_a_file if name == "bscnet_load_memory" else {}
        wanted = (ctype(result.strip(), {}), tuple(ctype(one, buffers) for one in parameters(given)))
        assert library._SIGNATURES[name] == wanted, name


def test_structs_callbacks_and_statuses_have_the_headers_types() -> None:
    text = code()
    (fields,) = re.findall(r"typedef struct bscnet_times \{ (.*?) \} bscnet_times;", text)
    listed = [one.rsplit(" ", 1) for one in fields.rstrip(";").split("; ")]
    assert library.CTimes._fields_ == tuple((name, PLAIN[kind]) for kind, name in listed)
    ((given),) = re.findall(r"typedef void \(\*bscnet_visit\)\((.*?)\);", text)
    arrays = {"const int32_t*": ctypes.POINTER(ctypes.c_int32), "const float*": ctypes.POINTER(ctypes.c_float)}
    assert library.VISIT._restype_ is None
    assert library.VISIT._argtypes_ == tuple(ctype(one, arrays) for one in parameters(given))
    assert f"BSCNET_NO_MEMORY = {library.NO_MEMORY}," in text
