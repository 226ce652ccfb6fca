"""A measured process: it answers every line on its stdin with a line of JSON on its stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from bscnet.threads import found_environment

ROOT = Path(__file__).resolve().parents[2]


class Worker:
    """A process that runs a module of this project.

    Its environment is that of whoever started this one: what bscnet has set since, it sets there itself.

    name: for messages. log: file that gets whatever its libraries print. variables: of its environment, beside those.
    """

    def __init__(
        self, name: str, module: str, words: Sequence[str], log: Path, variables: Mapping[str, str] | None = None
    ) -> None:
        self.name, self.log = name, log
        environment = {**found_environment(), **(variables or {})}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                env=environment,
            )

    def answer(self) -> dict[str, Any]:
        """The next line it says; RuntimeError with its last words if it ended instead."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            last = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            killed = " (killed: is there enough memory?)" if status == -9 else ""
            raise RuntimeError(f"the process of {self.name} ended with status {status}{killed}\n{last}")
        return dict(json.loads(line))

    def ask(self, request: str) -> dict[str, Any]:
        """Its answer to one line."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(f"{request}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: answer() says how
        return self.answer()

    def close(self) -> None:
        """End the process and wait for it."""
        self.process.kill()
        self.process.communicate()


def private_stdout() -> TextIO:
    """This process's stdout for answers alone; whatever libraries print goes to stderr from now on."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return answers


def serve(answers: TextIO, respond: Callable[[str], dict[str, Any]]) -> None:
    """Say that this process is ready, then answer every line on stdin until it ends."""
    print(json.dumps({"ready": True}), file=answers)
    for line in sys.stdin:
        print(json.dumps(respond(line.strip())), file=answers)


def serve_steps(answers: TextIO, step: Callable[[], dict[str, Any]]) -> None:
    """`serve` where `step` is the only request."""

    def respond(request: str) -> dict[str, Any]:
        if request != "step":
            raise SystemExit(f"unknown request {request!r}")
        return step()

    serve(answers, respond)


class KeepFirst:
    """Keeps the first array that it is given in a file, and none after it; file "" keeps none."""

    def __init__(self, file: str) -> None:
        self.file = file

    def __call__(self, array: npt.NDArray[Any]) -> None:
        if self.file:
            np.save(self.file, array)
        self.file = ""
