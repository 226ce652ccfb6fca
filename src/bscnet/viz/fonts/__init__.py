"""The letters in pictures: DejaVu Sans 2.37 with its Latin, Greek and Cyrillic letters, without hinting.

Pillow's own font knows no letter beyond ASCII. Cut by fontTools' `pyftsubset DejaVuSans.ttf --no-hinting
--layout-features=kern --unicodes=U+0020-007E,U+00A0-024F,U+0370-03FF,U+0400-045F,U+0490-0491,U+1E80-1E85,U+1E9E,
U+2010-2026,U+2030,U+2032-2033,U+2039-203A,U+20AC,U+2190-2193,U+2212,U+2248,U+2260,U+2264-2265,U+FFFD`.
"""

from __future__ import annotations

import io
from functools import cache
from importlib import resources

from PIL import ImageFont


@cache
def letters(pixels: int) -> ImageFont.FreeTypeFont:
    """The font at a size, the same wherever Pillow was built and with what."""
    data = (resources.files(__name__) / "DejaVuSans.ttf").read_bytes()
    return ImageFont.truetype(io.BytesIO(data), pixels, layout_engine=ImageFont.Layout.BASIC)
