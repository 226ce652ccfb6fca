"""What a user sees who asks for what cannot be had: one sentence, and exit status 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.real_clouds import folder_with


def run(output: Path, *overrides: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bscnet.run", "method=real", "recipe=quick", "trainer=cpu", "threads=1"]
    command += ["data.num_workers=0", f"output_dir={output}", *overrides]
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=300)


@pytest.mark.slow
def test_training_without_labels_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "data=real_garage", f"data.root={folder_with('motorcycle')}")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert line.endswith(
        "motorcycle has no labels, so nothing can be trained or scored on it: look at it or label it as split test"
    )


@pytest.mark.slow
def test_offline_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    done = run(tmp_path / "runs", "data=real_lidar", f"data.root={tmp_path / 'none'}", PIP_NO_INDEX="1")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert "laspy==2.7.0 cannot be fetched (offline?)" in line and "Traceback" not in done.stdout
