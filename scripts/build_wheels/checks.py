"""Whether a wheel is what its name says: its tag, its one library, and what that asks of the system.

The rules are those of auditwheel (PEP 600), delocate and delvewheel, for all platforms on any machine.
"""

from __future__ import annotations

import re
import runpy
import zipfile
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

import lief

from build_wheels.platforms import Platform

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = (".so", ".dylib", ".dll", ".pyd")
_MACHINES = {
    ("linux", "x86_64"): lief.ELF.ARCH.X86_64,
    ("linux", "aarch64"): lief.ELF.ARCH.AARCH64,
    ("darwin", "x86_64"): lief.MachO.Header.CPU_TYPE.X86_64,
    ("darwin", "arm64"): lief.MachO.Header.CPU_TYPE.ARM64,
    ("win32", "x86_64"): lief.PE.Header.MACHINE_TYPES.AMD64,
}

_LEFT_OPEN = ("_mh_dylib_header", "__dso_handle", "_Zn[aw]*", "_Zd[al]*")
"""What Zig's linker for macOS, which takes no list of what to show, shows of its own: places of the file, and the
operators new and delete, weak ones, as any program may replace them."""


def wheel_faults(wheel: Path, platform: Platform) -> list[str]:
    """What is wrong with a wheel, a sentence each."""
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        wanted = f"bscnet/{engine_file(platform.system)}"
        libraries = [name for name in names if name.endswith(LIBRARIES)]
        if libraries != [wanted]:
            return [f"its libraries are {libraries}; it must hold {wanted} alone"]
        described = next(name for name in names if name.endswith(".dist-info/WHEEL"))
        tags = re.findall(r"^Tag: (.*?)\r?$", files.read(described).decode(), flags=re.MULTILINE)
        faults = [] if tags == [f"py3-none-{platform.tag}"] else [f"its tags are {tags}"]
        if not wheel.name.endswith(f"-py3-none-{platform.tag}.whl"):
            faults.append(f"its name does not end with the tag py3-none-{platform.tag}")
        return faults + library_faults(files.read(wanted), platform)


def library_faults(content: bytes, platform: Platform) -> list[str]:
    """What is wrong with a library for this platform, a sentence each."""
    binary = lief.parse(content)
    if isinstance(binary, lief.ELF.Binary) and platform.system == "linux":
        faults = _elf(binary, platform)
    elif isinstance(binary, lief.MachO.Binary) and platform.system == "darwin":
        faults = _macho(binary, platform)
    elif isinstance(binary, lief.PE.Binary) and platform.system == "win32":
        faults = _pe(binary, platform)
    else:
        return [f"it is no library of {platform.system}"]
    exported = set(_exported(binary))
    if foreign := sorted(name for name in exported if not name.startswith("bscnet_")):
        faults.append(f"it shows {len(foreign)} symbols that are not bscnet's: {', '.join(foreign[:3])}")
    if "bscnet_version" not in exported:
        faults.append("it does not show bscnet_version")
    return faults


def engine_file(system: str) -> Path:
    """Where the package loads the engine from; as setup.py asks for it."""
    path: Path = runpy.run_path(str(ROOT / "src" / "bscnet" / "engine_file.py"))["engine_file"](system)
    return path


def _elf(binary: lief.ELF.Binary, platform: Platform) -> list[str]:
    faults = _common_faults(binary.header.machine_type, binary.libraries, platform)
    asked = [version.name for need in binary.symbols_version_requirement for version in need.get_auxiliary_symbols()]
    for name in sorted(set(asked)):
        numbers = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(\.\d+)?", name)
        if numbers is None or (int(numbers[1]), int(numbers[2])) > platform.oldest:
            faults.append(f"it asks for {name}, the tag allows glibc {_dotted(platform.oldest)}")
    return faults


def _macho(binary: lief.MachO.Binary, platform: Platform) -> list[str]:
    own = binary.header.file_type == lief.MachO.Header.FILE_TYPE.DYLIB
    loads = [library.name for library in binary.libraries if library.command != lief.MachO.LoadCommand.TYPE.ID_DYLIB]
    faults = _common_faults(binary.header.cpu_type, loads, platform)
    if not own:
        faults.append("it is no dynamic library")
    version = binary.build_version.minos if binary.has_build_version else None
    if version is None or tuple(version[:2]) > platform.oldest:
        faults.append(f"it asks for macOS {_dotted(version or ())}, the tag allows {_dotted(platform.oldest)}")
    return faults


def _pe(binary: lief.PE.Binary, platform: Platform) -> list[str]:
    return _common_faults(binary.header.machine, [entry.name for entry in binary.imports], platform)


def _common_faults(machine: object, libraries: Iterable[str], platform: Platform) -> list[str]:
    faults = []
    if machine != _MACHINES[platform.system, platform.machine]:
        faults.append(f"it is made for {machine}, not for {platform.machine}")
    for library in libraries:
        if not any(fnmatch(str(library).lower(), allowed) for allowed in platform.libraries):
            faults.append(f"it loads {library}, which not every such system has")
    return faults


def _exported(binary: lief.Binary) -> list[str]:
    if isinstance(binary, lief.ELF.Binary):
        return [str(symbol.name) for symbol in binary.exported_symbols]
    if isinstance(binary, lief.MachO.Binary):  # external, defined, and not private to the library
        defined = [symbol for symbol in binary.symbols if symbol.raw_type & 0x11 == 1 and symbol.raw_type & 0x0E != 0]
        names = [str(symbol.name).removeprefix("_") for symbol in defined]
        return [name for name in names if not any(fnmatch(name, left) for left in _LEFT_OPEN)]
    return [str(function.name) for function in binary.exported_functions]


def _dotted(version: Iterable[int]) -> str:
    return ".".join(map(str, version)) or "of no version that it names"
