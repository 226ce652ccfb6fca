"""The process that computes on the device, `python -m benchmarks.gpu.child FOLDER dry|real`.

It runs a part for every line `PART SECONDS` on stdin. The rows go to a file one by one, so that those before a sudden
end are there.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch

from benchmarks.common.process import private_stdout, serve
from benchmarks.gpu.plan import PARTS, rows_file
from benchmarks.gpu.setting import Setting, reason_of


def main() -> None:
    folder, mode = Path(sys.argv[1]), sys.argv[2]
    answers = private_stdout()
    context: AbstractContextManager[object] = nullcontext()
    if mode == "dry":
        from benchmarks.gpu.dry import simulated_device

        context = simulated_device()

    def respond(request: str) -> dict[str, Any]:
        name, _, seconds = request.rpartition(" ")
        began = time.monotonic()
        reason = None
        try:
            setting = Setting(folder, began + float(seconds), dry_run=mode == "dry", few=mode == "dry")
            with rows_file(folder, name).open("w", encoding="utf-8") as file:
                for row in PARTS[name].function()(setting):
                    print(json.dumps(row), file=file, flush=True)
        except Exception as error:  # whatever goes wrong is the finding
            reason = reason_of(error)
        usable = mode == "dry" or _usable()
        return {"reason": reason, "seconds": time.monotonic() - began, "usable": usable}

    with context:
        serve(answers, respond)


def _usable() -> bool:
    """Whether the device still answers this process: after some errors it does not until a new one asks."""
    try:
        torch.cuda.synchronize()
    except RuntimeError:
        return False
    return True


if __name__ == "__main__":
    main()
