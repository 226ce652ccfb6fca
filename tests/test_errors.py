"""How entry points end: statuses and what stands on stderr, seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bscnet.errors import InputError, shown
from bscnet.installation import how_to_install


def ended(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = f"import sys\nfrom bscnet.errors import InputError, shown\n{code}\nsys.exit(shown(action))"
    clean = {name: value for name, value in os.environ.items() if name != "BSCNET_TRACEBACK"}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, env={**clean, **environment}, capture_output=True, text=True, check=False)


def test_input_error_is_a_value_error_of_one_line() -> None:
    assert issubclass(InputError, ValueError)
    done = ended("def action(): raise InputError('a.ply is empty')")
    assert (done.returncode, done.stderr) == (2, "error: a.ply is empty\n")


def test_traceback_on_demand() -> None:
    done = ended("def action(): raise InputError('a.ply is empty')", BSCNET_TRACEBACK="1")
    assert done.returncode == 1 and "Traceback" in done.stderr


@pytest.mark.parametrize("package, extra", [("no_such_thing.deeper", "train"), ("laspy", "predict")])
def test_a_package_that_is_not_installed_is_one_sentence(package: str, extra: str) -> None:
    code = f"def action(): raise ModuleNotFoundError('nothing', name={package!r})"
    done = ended(code)
    name = package.partition(".")[0]
    assert done.returncode == 2
    assert done.stderr == f"error: this needs {name}, which is not installed: {how_to_install(extra)}\n"
    assert "Traceback" in ended(code, BSCNET_TRACEBACK="1").stderr
    assert "Traceback" in ended("def action(): import bscnet.absent").stderr


def test_interrupt_is_status_130() -> None:
    done = ended("def action(): raise KeyboardInterrupt")
    assert (done.returncode, done.stderr) == (130, "error: interrupted\n")


def test_closed_pipe_is_quiet() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    code = "import sys; from bscnet.errors import shown; sys.exit(shown(lambda: print('x' * 10**6) or 0))"
    done = subprocess.run([sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_own_faults_pass() -> None:
    def action() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        shown(action)
