"""The platforms that have a wheel, and what a wheel may ask of them."""

from __future__ import annotations

from typing import NamedTuple


class Platform(NamedTuple):
    """One of them.

    Attributes:
        system: as `sys.platform` names it.
        machine: the processor.
        target: the compiler's name of it, with the oldest release of the system that is served.
        tag: the wheel's name of the same.
        oldest: that release: of the C library on Linux, of the system on macOS.
        libraries: what the engine may load, in lower case; an ending * stands for anything. All of it is part of every
            such system: C++'s own library is linked in.
    """

    system: str
    machine: str
    target: str
    tag: str
    oldest: tuple[int, int]
    libraries: tuple[str, ...]

    @property
    def name(self) -> str:
        """How the command line names it."""
        return f"{self.system}-{self.machine}"


_GLIBC = ("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "ld-linux-*")
_MACOS = ("/usr/lib/libsystem.b.dylib",)
_WINDOWS = ("kernel32.dll", "ntdll.dll", "api-ms-win-crt-*")

PLATFORMS = (
    Platform("linux", "x86_64", "x86_64-linux-gnu.2.28", "manylinux_2_28_x86_64", (2, 28), _GLIBC),
    Platform("linux", "aarch64", "aarch64-linux-gnu.2.28", "manylinux_2_28_aarch64", (2, 28), _GLIBC),
    Platform("darwin", "x86_64", "x86_64-macos.11.0", "macosx_11_0_x86_64", (11, 0), _MACOS),
    Platform("darwin", "arm64", "aarch64-macos.11.0", "macosx_11_0_arm64", (11, 0), _MACOS),
    Platform("win32", "x86_64", "x86_64-windows-gnu", "win_amd64", (10, 0), _WINDOWS),
)


def chosen(names: list[str]) -> list[Platform]:
    """The platforms of these names, all where there are none.

    Raises:
        ValueError: a name is none.
    """
    known = {platform.name: platform for platform in PLATFORMS}
    for name in names:
        if name not in known:
            raise ValueError(f"there is no wheel for {name!r}; allowed are {', '.join(known)}")
    return [known[name] for name in names] if names else list(PLATFORMS)
