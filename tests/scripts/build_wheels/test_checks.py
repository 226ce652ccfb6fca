"""A library or a wheel that is not what its name says is found out, on any machine."""

from __future__ import annotations

import platform
import subprocess
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("lief", reason="lief is not installed, by which libraries of other systems are read")

from bscnet.engine_file import engine_file
from build_wheels.checks import library_faults, wheel_faults
from build_wheels.platforms import PLATFORMS, Platform, chosen
from fixtures.tiny_libraries import AMD64, ARM64, X86_64, macho, pe

MAC, WINDOWS = chosen(["darwin-arm64", "win32-x86_64"])
SYSTEM = "/usr/lib/libSystem.B.dylib"
OWN = ["bscnet_version", "bscnet_load"]


def test_a_library_of_macos() -> None:
    assert library_faults(macho(ARM64, (11, 0), [SYSTEM], OWN), MAC) == []
    assert library_faults(macho(ARM64, (11, 0), [SYSTEM], [*OWN, "__dso_handle", "_Znwm", "_ZdlPv"]), MAC) == []
    foreign = "/opt/homebrew/lib/libomp.dylib"
    cases = {
        macho(X86_64, (11, 0), [SYSTEM], OWN): "it is made for CPU_TYPE.X86_64, not for arm64",
        macho(ARM64, (12, 3), [SYSTEM], OWN): "it asks for macOS 12.3.0, the tag allows 11.0",
        macho(ARM64, (11, 0), [SYSTEM, foreign], OWN): f"it loads {foreign}, which not every such system has",
        macho(
            ARM64, (11, 0), [SYSTEM], [*OWN, "malloc", "new"]
        ): "it shows 2 symbols that are not bscnet's: malloc, new",
        macho(ARM64, (11, 0), [SYSTEM], OWN[1:]): "it does not show bscnet_version",
        macho(ARM64, (11, 0), [SYSTEM], OWN, kind=8): "it is no dynamic library",
    }
    for content, fault in cases.items():
        assert library_faults(content, MAC) == [fault]


def test_a_library_of_windows() -> None:
    needed = ["KERNEL32.dll", "api-ms-win-crt-heap-l1-1-0.dll"]
    assert library_faults(pe(AMD64, needed, OWN), WINDOWS) == []
    assert library_faults(pe(AMD64, [*needed, "libstdc++-6.dll"], OWN), WINDOWS) == [
        "it loads libstdc++-6.dll, which not every such system has"
    ]
    assert library_faults(pe(0xAA64, needed, OWN), WINDOWS) == ["it is made for MACHINE_TYPES.ARM64, not for x86_64"]
    assert library_faults(pe(AMD64, needed, OWN), MAC) == ["it is no library of darwin"]
    assert library_faults(b"text", WINDOWS) == ["it is no library of win32"]


@pytest.fixture(scope="module")
def here() -> Platform:
    """This machine's platform, where it is Linux."""
    found = [one for one in PLATFORMS if (one.system, one.machine) == ("linux", platform.machine())]
    if not found:
        pytest.skip("the libraries of this system are not made by its own compiler here")
    return found[0]


def linked(folder: Path, code: str, *words: str) -> bytes:
    """A library for this machine."""
    (folder / "own.c").write_text(code)
    command = ["gcc", "-shared", "-fPIC", "-nostartfiles", "-Wl,--no-as-needed", folder / "own.c", *words]
    subprocess.run([*command, "-o", folder / "own.so"], check=True)
    return (folder / "own.so").read_bytes()


def test_a_library_of_linux(here: Platform, tmp_path: Path) -> None:
    plain = linked(tmp_path, 'int puts(const char *); int bscnet_version(void) { return puts(""); }')
    assert library_faults(plain, here) == []
    (old,) = library_faults(plain, here._replace(oldest=(2, 1)))
    assert old.startswith("it asks for GLIBC_2.") and old.endswith(", the tag allows glibc 2.1")
    other = next(one for one in PLATFORMS if one.system == "linux" and one != here)
    assert any("it is made for" in fault for fault in library_faults(plain, other))
    foreign = linked(tmp_path, "int bscnet_version(void) { return 1; } int leaked(void) { return 2; }", "-lstdc++")
    assert library_faults(foreign, here) == [
        "it loads libstdc++.so.6, which not every such system has",
        "it shows 1 symbols that are not bscnet's: leaked",
    ]


def wheel(folder: Path, tag: str, libraries: dict[str, bytes], inside: str = "") -> Path:
    path = folder / f"bscnet-1-{tag}.whl"
    with zipfile.ZipFile(path, "w") as files:
        files.writestr("bscnet-1.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {inside or tag}\n")
        for name, content in libraries.items():
            files.writestr(name, content)
    return path


def test_a_wheel_and_its_tag(tmp_path: Path) -> None:
    good = pe(AMD64, ["KERNEL32.dll"], OWN)
    name = f"bscnet/{engine_file('win32').as_posix()}"
    tag = "py3-none-win_amd64"
    assert wheel_faults(wheel(tmp_path, tag, {name: good}), WINDOWS) == []
    assert wheel_faults(wheel(tmp_path, tag, {name: pe(AMD64, ["x.dll"], OWN)}), WINDOWS) == [
        "it loads x.dll, which not every such system has"
    ]
    assert wheel_faults(wheel(tmp_path, tag, {name: good}, inside="cp311-cp311-win_amd64"), WINDOWS) == [
        "its tags are ['cp311-cp311-win_amd64']"
    ]
    (renamed,) = wheel_faults(wheel(tmp_path, "py3-none-any", {name: good}, inside=tag), WINDOWS)
    assert renamed == "its name does not end with the tag py3-none-win_amd64"
    for libraries in ({}, {name: good, "bscnet/runtime/more.dll": good}, {"bscnet/engine.dll": good}):
        (found,) = wheel_faults(wheel(tmp_path, tag, libraries), WINDOWS)
        assert found == f"its libraries are {list(libraries)}; it must hold {name} alone"
