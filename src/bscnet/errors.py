"""Errors a user can mend, and how the entry points show them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from bscnet.installation import extra_of, how_to_install


class InputError(ValueError):
    """Something the user gave is wrong: one sentence that names the file or value and says what is allowed."""


def shown(action: Callable[[], int]) -> int:
    """Run an entry point and return its exit status, showing input errors as one line.

    An `InputError` becomes `error: …` on stderr and status 2, and so does a package that is not installed; with
    BSCNET_TRACEBACK=1 in the environment they are raised instead. Ctrl-C becomes status 130, a reader that closed the
    pipe (`| head`) status 141. Every other exception is a fault of the program and passes.
    """
    try:
        return action()
    except InputError as error:
        if os.environ.get("BSCNET_TRACEBACK") == "1":
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if os.environ.get("BSCNET_TRACEBACK") == "1" or package in ("", "bscnet"):
            raise
        advice = how_to_install(extra_of(package))
        print(f"error: this needs {package}, which is not installed: {advice}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # what is still buffered must not be written, and complained about, when the interpreter ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
