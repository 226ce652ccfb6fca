"""Where the package's own files are, and where it keeps what it can make or fetch again."""

from __future__ import annotations

import os
from pathlib import Path

from bscnet.errors import InputError
from bscnet.installation import how_to_install


def config_dir() -> str:
    """Absolute path of the configuration folder `conf`, from a wheel, an editable install or a checkout.

    A wheel carries the folder inside the package (setup.py copies it there when it builds); in a checkout, and so
    in an editable install, it stands at the top level, beside `src`.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "conf", package.parents[1] / "conf"):
        if (folder / "config.yaml").is_file():
            return str(folder)
    raise InputError(f"no configuration found for the bscnet in {package}: install it again, {how_to_install('')}")


def user_cache() -> Path:
    """The folder `bscnet` in the user's cache folder: $XDG_CACHE_HOME or ~/.cache. It need not be there yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bscnet"
