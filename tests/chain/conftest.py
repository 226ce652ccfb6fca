from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fixtures.composed import compose_settings


@pytest.fixture
def settings() -> Callable[..., dict[str, Any]]:
    return compose_settings
