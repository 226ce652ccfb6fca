"""Set-up: what is done stays done, what is missing is named, and no engine is no end of the world."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from setup_env import console, engine, environment, system
from setup_env.__main__ import alone
from setup_env.console import Stop
from setup_env.stamps import Stamp, key_of

ROOT = Path(__file__).resolve().parents[2]


def program(folder: Path, name: str, body: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def test_key_depends_on_values_contents_and_their_borders(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("ab")
    two.write_text("c")
    keys = [key_of(["x"], [one, two]), key_of(["y"], [one, two]), key_of(["x"], [two, one]), key_of(["x"], [one])]
    one.write_text("a")
    two.write_text("bc")
    keys.append(key_of(["x"], [one, two]))
    two.unlink()
    keys.append(key_of(["x"], [one, two]))
    two.write_text("")
    keys.append(key_of(["x"], [one, two]))
    assert len(set(keys)) == len(keys)
    assert key_of(["x"], [one, two]) == keys[-1]


def test_stamp_holds_for_its_key_alone(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "stamps", "stage")
    assert not stamp.holds("a")
    stamp.set("a")
    assert stamp.holds("a") and not stamp.holds("b")
    stamp.clear()
    assert not stamp.holds("a")


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with dpkg and apt that has libusb alone; its apt-get writes what it was asked for."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program(programs, "dpkg-query", '[ "$3" = libusb-1.0-0 ] && printf installed || exit 1')
    program(programs, "apt-get", f'echo "$@" >> {tmp_path}/asked')
    program(programs, "g++", "exit 0")
    for name in ("sh", "env"):
        (programs / name).symlink_to(Path("/usr/bin", name))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("SKIP_SYSTEM", raising=False)
    return programs


def test_only_missing_packages_are_installed(debian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    system.install_system_packages()
    update, install = (tmp_path / "asked").read_text().splitlines()
    assert update.startswith("update")
    assert "libopenblas-dev" in install and "libgl1" in install
    assert "libusb" not in install and "build-essential" not in install


@pytest.fixture
def without_test_tools(debian: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same with everything but what only tests need."""
    program(debian, "dpkg-query", 'case "$3" in *aarch64*|qemu*|chromium*) exit 1;; *) printf installed;; esac')
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    return debian


def test_packages_for_tests_are_installed_for_those_who_test(
    without_test_tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    system.install_system_packages()
    assert not (tmp_path / "asked").exists()
    system.install_system_packages(tests=True)
    update, install = (tmp_path / "asked").read_text().splitlines()
    assert update.startswith("update") and install.endswith(
        "chromium chromium-driver g++-aarch64-linux-gnu qemu-user-static"
    )


def test_arm_needs_no_emulator(without_test_tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    system.install_system_packages(tests=True)
    assert (tmp_path / "asked").read_text().splitlines()[-1].endswith(" chromium chromium-driver")


@pytest.mark.parametrize("user", [0, 1000])
def test_without_packages_for_tests_set_up_goes_on(
    without_test_tools: Path, user: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    program(without_test_tools, "apt-get", "exit 100")
    system.install_system_packages(tests=True)
    said = capsys.readouterr().out
    assert "tests that need chromium chromium-driver g++-aarch64-linux-gnu qemu-user-static will be skipped" in said
    assert ("sudo apt-get update" in said) is (user != 0)


def test_nothing_is_asked_where_nothing_is_missing(debian: Path, tmp_path: Path) -> None:
    program(debian, "dpkg-query", "printf installed")
    system.install_system_packages()
    assert not (tmp_path / "asked").exists()


def test_without_rights_the_line_to_type_is_given(
    debian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (debian / "g++").unlink()
    with pytest.raises(Stop, match=r"sudo apt-get install -y .*libopenblas-dev.* build-essential"):
        system.install_system_packages()
    assert not (tmp_path / "asked").exists()


def test_failing_apt_stops_with_the_line_to_type(debian: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    program(debian, "apt-get", "exit 100")
    with pytest.raises(Stop, match=r"sudo apt-get install -y .*libopenblas-dev"):
        system.install_system_packages()


def test_system_packages_can_be_left_alone(debian: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKIP_SYSTEM", "1")
    system.install_system_packages()
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize(
    "torch, kept", [("torch", True), ("torch==2.12.0", False), ("torch>=2.4", False), ("torch @ file:///w", False)]
)
def test_a_named_torch_replaces_the_pinned_one(torch: str, kept: bool) -> None:
    lines = ["torch==2.13.0", "torchmetrics==1.9.0", "numpy==2.4.6"]
    assert ("torch==2.13.0" in environment.constraints_for(torch, lines)) is kept
    assert environment.constraints_for(torch, lines)[-2:] == lines[1:]


def test_package_is_installed_once_and_again_when_its_needs_change(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    program(tmp_path, "python", f'echo "$@" >> {calls}')
    for name in ("setup.cfg", "setup.py"):
        (tmp_path / name).write_text(name)
    (tmp_path / "constraints.txt").write_text("torch==2.13.0\n")
    source = tmp_path / "csrc" / "kernels" / "scalar.cpp"
    library = tmp_path / "src" / "bscnet" / "runtime" / "libbscnet_engine.so"
    for path in (source, library):
        path.parent.mkdir(parents=True)
        path.write_text("1")

    def install(extras: str) -> int:
        environment.install_package(
            tmp_path, tmp_path / "python", tmp_path / "stamps", tmp_path / "log", extras, "torch"
        )
        return len(calls.read_text().splitlines())

    assert [install("train"), install("train")] == [1, 1]
    assert [install("dev"), install("dev"), install("train")] == [2, 2, 2]  # dev holds all of train
    (tmp_path / "constraints.txt").write_text("torch==2.14.0\n")
    assert [install("train"), install("dev")] == [3, 4]
    assert f"-e {tmp_path}[dev]" in calls.read_text()
    source.write_text("2")
    assert [install("dev"), install("dev")] == [5, 5]
    source.rename(source.with_name("avx2.cpp"))
    assert [install("dev"), install("dev")] == [6, 6]
    (tmp_path / "csrc" / "tests").mkdir()
    (tmp_path / "csrc" / "tests" / "test.cpp").write_text("1")
    assert install("dev") == 6
    library.unlink()  # as a clean-up leaves it
    assert install("dev") == 7


def test_failing_pip_stops_and_leaves_no_stamp(tmp_path: Path) -> None:
    program(tmp_path, "python", "echo no matching distribution; exit 1")
    (tmp_path / "constraints.txt").write_text("")
    with pytest.raises(Stop, match="no matching distribution"):
        environment.install_package(
            tmp_path, tmp_path / "python", tmp_path / "stamps", tmp_path / "log", "train", "torch"
        )
    assert not (tmp_path / "package-train").exists()


def test_wheels_of_this_python_alone_are_taken(tmp_path: Path) -> None:
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    names = [f"minkowskiengine-0.5.4-{tag}-{tag}-linux_x86_64.whl", "minkowskiengine-0.5.4-cp27-cp27-linux_x86_64.whl"]
    for name in names:
        (tmp_path / name).touch()
    assert list(engine.ready_wheels([tmp_path / "nowhere", tmp_path])) == [tmp_path / names[0]]


class Machine:
    """`provide_engine` with the slow parts replaced by ones that count."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, blas: bool, builds: bool, runs: bool) -> None:
        self.folder, self.built, self.installed = folder, 0, False
        tag = f"cp{sys.version_info.major}{sys.version_info.minor}"

        def said_by(python: Path, code: str) -> str:
            return str(self.installed) if "find_spec" in code else "2.13.0"

        def build(python: Path, where: Path, log: Path) -> bool:
            self.built += 1
            if builds:
                where.mkdir(parents=True, exist_ok=True)
                (where / f"minkowskiengine-0.5.4-{tag}-{tag}-linux.whl").touch()
            return builds

        def install(python: Path, wheel: Path) -> bool:
            self.installed = runs
            return runs

        monkeypatch.setattr(engine, "said_by", said_by)
        monkeypatch.setattr(engine, "links_openblas", lambda: blas)
        monkeypatch.setattr(engine, "build_wheel", build)
        monkeypatch.setattr(engine, "install_wheel", install)
        monkeypatch.setattr(engine, "works", lambda python: self.installed and runs)

    def provide(self, given: Path | None = None, retry: bool = False) -> bool:
        cache = self.folder / "cache"
        return engine.provide_engine(Path(sys.executable), self.folder / "stamps", cache, given, retry)


def test_engine_is_built_once_and_its_wheel_serves_the_next_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path, monkeypatch, blas=True, builds=True, runs=True)
    assert machine.provide() and machine.provide()
    machine.installed = False
    assert machine.provide()
    assert machine.built == 1


def test_failed_build_goes_on_with_torch_and_waits_to_be_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(tmp_path, monkeypatch, blas=True, builds=False, runs=False)
    assert not machine.provide()
    said = capsys.readouterr().out
    assert "minkowski-build.log" in said and "torch backend" in said
    assert not machine.provide()
    assert machine.built == 1
    assert not machine.provide(retry=True)
    assert machine.built == 2


def test_without_blas_nothing_is_built_and_the_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = Machine(tmp_path, monkeypatch, blas=False, builds=True, runs=True)
    assert not machine.provide()
    said = capsys.readouterr().out
    assert machine.built == 0
    assert "libopenblas-dev" in said and "torch backend" in said


def test_wheel_that_computes_wrongly_is_not_kept_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path, monkeypatch, blas=True, builds=True, runs=False)
    assert not machine.provide()
    assert not machine.installed


def test_wheel_of_a_given_folder_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(tmp_path, monkeypatch, blas=True, builds=True, runs=True)
    given = tmp_path / "given"
    given.mkdir()
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    (given / f"MinkowskiEngine-0.5.4-{tag}-{tag}-linux.whl").touch()
    assert machine.provide(given)
    assert machine.built == 0


@pytest.mark.minkowski
def test_installed_engine_passes_its_check() -> None:
    assert engine.works(Path(sys.executable))


def test_check_fails_without_an_engine(tmp_path: Path) -> None:
    (tmp_path / "MinkowskiEngine.py").write_text("raise ImportError('broken build')\n")
    check = ROOT / "scripts" / "setup_env" / "check_engine.py"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, str(check)], env=environment, capture_output=True, check=False)
    assert done.returncode != 0


def test_make_help_lists_the_main_targets() -> None:
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(f"make {target} " in done.stdout for target in ("run", "test", "lint", "bench", "clean"))


def test_long_commands_go_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "x.log"
    assert console.run_logged(["sh", "-c", "echo one; echo two >&2"], log)
    assert not console.run_logged(["sh", "-c", "echo three; exit 3"], log)
    assert console.last_lines(log, 2) == "two\nthree"


def test_second_set_up_waits_for_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def second() -> None:
        with alone(tmp_path / "lock"):
            order.append("second")

    thread = threading.Thread(target=second)
    with alone(tmp_path / "lock"):
        thread.start()
        while "waiting" not in capsys.readouterr().out:
            time.sleep(0.01)
        order.append("first")
    thread.join(timeout=10)
    assert order == ["first", "second"]
