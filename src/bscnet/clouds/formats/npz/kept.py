"""An NPZ archive given back as it is, but for the colours of classes."""

from __future__ import annotations

import zipfile
from collections.abc import Collection

import numpy as np

from bscnet.clouds.colors import of_eight_bit
from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.file import one_sentence
from bscnet.clouds.formats.npz.members import ENDING
from bscnet.clouds.formats.npz.output import SpooledArray, copied, same_info
from bscnet.clouds.formats.npz.reader import NpzFile
from bscnet.clouds.writer import Columns, moved_names
from bscnet.errors import InputError


class KeptMembers:
    """The members of an archive.

    Args:
        file: the archive.
        painted: whether its colours are given others.

    Raises:
        InputError: the colours' type does not hold 0 to 255.
    """

    def __init__(self, file: NpzFile, painted: bool) -> None:
        self._file = file
        self._painted: dict[str, list[str]] = {}  # the colours that an array holds
        for color in COLORS if painted else ():
            self._painted.setdefault(file.columns[color].field, []).append(color)
        self._arrays: dict[str, SpooledArray] = {}
        for one in file.members:
            if one.name not in self._painted:
                continue
            if one.dtype.kind == "b" or one.dtype == np.int8:
                raise InputError(
                    f"{file.path}: the array '{one.name}' is of type {one.dtype}, which does not hold the colours of "
                    "classes, 0 to 255; it must be uint8"
                )
            self._arrays[one.name] = SpooledArray(one.dtype, one.shape[1:])

    @property
    def compression(self) -> int:
        """How the points are stored."""
        points = self._file.columns["x"].field
        return next(one.info.compress_type for one in self._file.members if one.name == points)

    @property
    def fields(self) -> Collection[str]:
        """The fields that `paint` looks at."""
        return self._painted

    def paint(self, rows: Rows, shades: Columns, largest: str) -> None:
        """The colours of the next points; what else is in an array of colours, an opacity, stays.

        Args:
            rows: of the file, with `fields`.
            shades: red, green and blue (uint8) if they are painted.
            largest: value that the file's own colours reach to, a word of `colors.RANGES`.
        """
        for name, array in self._arrays.items():
            values = rows.fields[name].copy()
            for color in self._painted[name]:
                place = self._file.columns[color].item
                values[... if place is None else (..., place)] = of_eight_bit(shades[color], largest, array.dtype)
            array.add(values)

    def put(self, archive: zipfile.ZipFile, added: Collection[str]) -> None:
        """Write all members; those whose names are of added arrays get others."""
        with self._file.path.open("rb") as file:
            with one_sentence(self._file.path):
                source = zipfile.ZipFile(file)
            names = [info.filename.removesuffix(ENDING) for info in source.infolist() if info.filename.endswith(ENDING)]
            # np.load does not tell "label.npy" from "label"
            moved = moved_names(names, [*added, *(f"{name}{ENDING}" for name in added)])
            archive.comment = source.comment
            for info in source.infolist():
                name = info.filename.removesuffix(ENDING)
                is_array = name != info.filename
                entry = same_info(info, f"{moved[name]}{ENDING}" if is_array and name in moved else info.filename)
                if is_array and name in self._arrays:
                    self._arrays[name].put(archive, entry)
                    continue
                with one_sentence(self._file.path):
                    stream = source.open(info)
                with stream:
                    copied(self._file.path, stream, archive, entry)
