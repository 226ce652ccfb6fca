"""Thread settings: what importing bscnet says to OpenMP, when it says nothing, and that it is heard."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import bscnet
from bscnet import threads
from bscnet.cli import doctor

CHOICES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")


def fresh(code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A process in whose environment only these variables say how threads wait."""
    environment = {name: value for name, value in os.environ.items() if name not in CHOICES}
    package = str(Path(bscnet.__file__).parents[1])
    paths = os.pathsep.join(filter(None, (variables.pop("PYTHONPATH", ""), package, os.environ.get("PYTHONPATH"))))
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**environment, **variables, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.fixture(scope="module")
def libgomp() -> str:
    """The file of torch's own libgomp."""
    spec = importlib.util.find_spec("torch")
    folder = Path(spec.origin).parent / "lib" if spec and spec.origin else Path()
    found = sorted(folder.glob("libgomp*"))
    if not found:
        pytest.skip("this torch brings no libgomp")
    return str(found[0])


def test_importing_the_package_limits_spinning_and_imports_no_torch() -> None:
    code = (
        "import os, sys, bscnet; print(os.environ['GOMP_SPINCOUNT'], 'torch' in sys.modules, bscnet.threads.waiting())"
    )
    assert fresh(code).stdout.split() == [str(threads.SPINS), "False", "GOMP_SPINCOUNT", str(threads.SPINS)]


@pytest.mark.parametrize("name, value", [(CHOICES[0], "active"), (CHOICES[1], "77"), (CHOICES[2], "5")])
def test_what_the_user_has_chosen_stays(name: str, value: str) -> None:
    code = f"import os, bscnet; print([os.environ.get(name) for name in {CHOICES}], bscnet.threads.waiting())"
    said = fresh(code, **{name: value}).stdout
    assert said == f"{[value if choice == name else None for choice in CHOICES]} {name} {value}\n"


def test_libgomp_reads_it(libgomp: str) -> None:
    said = fresh(f"import bscnet, ctypes; ctypes.CDLL({libgomp!r})", OMP_DISPLAY_ENV="verbose").stderr
    assert f"GOMP_SPINCOUNT = '{threads.SPINS}'" in said


def test_other_processes_inherit_it() -> None:
    code = "import bscnet, os, subprocess; subprocess.run(['printenv', 'GOMP_SPINCOUNT'], check=True)"
    assert fresh(code).stdout.strip() == str(threads.SPINS)


def test_the_doctor_tells_where_libgomp_was_loaded_before(
    libgomp: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CHOICES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(threads, "_found", {})
    in_time = doctor.run_probe("threads")
    assert in_time.ok and f"idle threads: GOMP_SPINCOUNT {threads.SPINS}" in in_time.detail
    (tmp_path / "sitecustomize.py").write_text(f"import ctypes; ctypes.CDLL({libgomp!r})")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    late = doctor.run_probe("threads")
    assert not late.ok and not late.required
    assert "libgomp was loaded before bscnet" in late.detail and "import bscnet before torch" in late.advice
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    assert doctor.run_probe("threads").detail.endswith("idle threads: OMP_WAIT_POLICY passive")


def test_the_library_is_known_by_its_file(libgomp: str) -> None:
    ctypes.CDLL(libgomp)
    assert threads.libgomp_loaded()
    assert fresh("import bscnet; print(bscnet.threads.libgomp_loaded())").stdout == "False\n"


def test_a_fresh_environment_is_the_one_that_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_found", {})
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    threads.set_count(5, replace=False)
    assert os.environ["OMP_NUM_THREADS"] == "3"
    for count in (6, 7):
        threads.set_count(count, replace=True)
        threads.limit_openblas()
    assert (os.environ["OMP_NUM_THREADS"], os.environ["OPENBLAS_NUM_THREADS"]) == ("7", "1")
    found = threads.found_environment()
    assert found["OMP_NUM_THREADS"] == "3" and "OPENBLAS_NUM_THREADS" not in found
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "4")
    threads.limit_openblas()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "4"
