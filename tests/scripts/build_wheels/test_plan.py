"""What is made for which platform, by which compiler."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest
from packaging.tags import compatible_tags, mac_platforms

from build_wheels.build import wheel_environment, wheel_words
from build_wheels.platforms import PLATFORMS, Platform, chosen


def test_all_platforms_or_those_named() -> None:
    assert chosen([]) == list(PLATFORMS) and len({platform.tag for platform in PLATFORMS}) == len(PLATFORMS) == 5
    assert [platform.tag for platform in chosen(["win32-x86_64", "darwin-arm64"])] == ["win_amd64", "macosx_11_0_arm64"]
    with pytest.raises(
        ValueError, match="there is no wheel for 'beos'; allowed are linux-x86_64, linux-aarch64, darwin-"
    ):
        chosen(["beos"])


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_the_compiler_and_the_tag_are_of_one_platform(platform: Platform, tmp_path: Path) -> None:
    found = wheel_environment(platform, tmp_path, {"PATH": "/bin", "CXXFLAGS": "-march=native", "LDFLAGS": "-lfoo"})
    assert shlex.split(found["CMAKE_ARGS"]) == [
        "-DCMAKE_TOOLCHAIN_FILE=cmake/zig.cmake",
        f"-DZIG_PYTHON={sys.executable}",
        f"-DZIG_TARGET={platform.target}",
    ]
    assert "CXXFLAGS" not in found and found["LDFLAGS"] == "-s" and found["PATH"] == "/bin"
    assert {found["ZIG_GLOBAL_CACHE_DIR"], found["ZIG_LOCAL_CACHE_DIR"]} == {str(tmp_path)}
    words = wheel_words(tmp_path / "bscnet-1.tar.gz", platform, tmp_path / "out")
    assert f"--config-settings=--build-option=--plat-name={platform.tag}" in words
    assert words[-3:] == ["-w", str(tmp_path / "out"), str(tmp_path / "bscnet-1.tar.gz")]
    number, processor = ".".join(map(str, platform.oldest)), platform.target.split("-")[0]
    assert {"arm64": "aarch64"}.get(platform.machine, platform.machine) == processor
    if platform.system != "win32":
        assert platform.target.endswith(f".{number}") and number.replace(".", "_") in platform.tag


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
def test_pip_takes_the_wheel_on_every_python(platform: Platform, version: tuple[int, int]) -> None:
    places = [platform.tag]
    if platform.system == "darwin":
        places = list(mac_platforms((15, 0), platform.machine))
    assert f"py3-none-{platform.tag}" in map(str, compatible_tags(version, "cp", places))
