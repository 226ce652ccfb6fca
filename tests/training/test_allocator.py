from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from bscnet.training import allocator

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's malloc")

# A block of 64 MiB is a mapping of its own, or a part of the heap, which shrinks or not once it is free.
PROGRAM = """
import ctypes
from bscnet.training.allocator import keep_freed_memory
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd a b c d e".split()]
libc = ctypes.CDLL(None)
libc.mallinfo2.restype, libc.malloc.restype, libc.free.argtypes = Info, ctypes.c_void_p, [ctypes.c_void_p]
kept, before = keep_freed_memory(), libc.mallinfo2()
block = libc.malloc(64 << 20)
mapped = libc.mallinfo2().hblks - before.hblks
libc.free(block)
print(kept, mapped, libc.mallinfo2().arena - before.arena >= 64 << 20)
"""


@pytest.mark.parametrize(
    "variable, printed",
    [
        ({}, "True 0 True"),
        ({"MALLOC_ARENA_MAX": "2"}, "False 1 False"),
        ({"GLIBC_TUNABLES": "glibc.malloc.arena_max=2"}, "False 1 False"),
    ],
)
def test_blocks_of_a_step_stay_in_the_heap(variable: dict[str, str], printed: str) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env={**bare, **variable}, capture_output=True, text=True)
    assert done.stdout.split() == printed.split(), done.stderr


def test_elsewhere_nothing_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    assert not allocator.keep_freed_memory()
