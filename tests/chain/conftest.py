from __future__ import annotations

from collections.abc import Callable

import pytest

from bscnet.settings.composed import Settings
from fixtures.composed import compose_settings


@pytest.fixture
def settings() -> Callable[..., Settings]:
    return compose_settings
