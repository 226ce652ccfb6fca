"""YAML files in which nothing is passed over: a key twice, or one that is not known, is an error."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from bscnet.errors import InputError

_MAX_BYTES = 1 << 20


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice, where the plain loader silently takes the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping of a node."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


def load(path: Path) -> dict[Any, Any]:
    """The top-level mapping of a file, {} for an empty one; InputError: damaged, too large, or no mapping."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise InputError(f"{path}: the file is larger than 1 MiB, a description is a few lines")
        found = yaml.load(path.read_text("utf-8"), _Loader)  # a SafeLoader
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error
    except Exception as error:  # broken bytes fail in many ways, not all of them YAMLErrors
        raise InputError(f"{path}: damaged YAML ({' '.join(str(error).split())[:200]})") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InputError(f"{path}: the file must hold 'key: value' lines, but holds {shown(found)}")
    return found


def check_keys(path: Path, mapping: dict[Any, Any], allowed: Iterable[str], where: str = "") -> None:
    """InputError that names a key which is not among the allowed ones."""
    allowed = list(allowed)
    for key in mapping:
        if key not in allowed:
            raise InputError(f"{path}: unknown key {shown(key)}{where}, allowed are {', '.join(allowed)}")


def shown(value: Any) -> str:
    """A value as an error message shows it, of bounded length; aliases may make it endless otherwise."""
    if isinstance(value, (dict, list)):
        return f"a {'mapping' if isinstance(value, dict) else 'list'} of {len(value)}"
    return repr(value)[:60]
