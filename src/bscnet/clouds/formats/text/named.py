"""The lines before the first point of a text file, with the names of further columns."""

from __future__ import annotations

from collections.abc import Sequence

from bscnet.clouds.formats.text.columns import SKIP
from bscnet.clouds.formats.text.dialect import Dialect, joint_of
from bscnet.clouds.formats.text.encoding import codec_of, decoded
from bscnet.clouds.formats.text.head import Head
from bscnet.clouds.formats.text.names import NameLine
from bscnet.clouds.writer import moved_names


def named_lines(head: Head, names: Sequence[str], added: Sequence[str]) -> list[bytes]:
    """The lines, so that a reader who knows nothing else finds all names.

    A line that names the columns is kept, with the added names behind its own and those that they take changed. Where
    there is none a comment is added, as the number of columns tells no longer what they are. Where the caller named
    the columns otherwise, the file's own line becomes a comment above the caller's names.

    Args:
        head: of the file.
        names: by which its columns were read.
        added: names of the columns behind them.
    """
    moved = moved_names([name for name in names if name != SKIP], added)
    told = head.named
    if told is not None and tuple(decoded(name) or SKIP for name in told.names) == tuple(names):
        lines = list(head.lines)
        lines[told.place] = _extended(lines[told.place], told, moved, added)
        return lines
    all_names = [moved.get(name, name) for name in _with_own(told, names, added)] + list(added)
    codec = codec_of(b"\n".join(head.lines))
    line = name_line([name.encode(codec, "replace") for name in all_names], head.dialect)
    if told is None or told.comment:
        return [*head.lines, b"//" + line]
    lines = list(head.lines)
    lines[told.place : told.place + 1] = [b"# " + lines[told.place], line]
    return lines


def name_line(names: Sequence[bytes], dialect: Dialect) -> bytes:
    """Names set apart as the values of points are."""
    return dialect.joint.join(_quoted(name, dialect.separator, dialect.quoted) for name in names)


def _extended(line: bytes, told: NameLine, moved: dict[str, str], added: Sequence[str]) -> bytes:
    """The line with more names, and with some of its own changed; all else as it stands."""
    quoted = line[told.spans[-1][0] :].startswith(b'"')
    joint = joint_of(line[told.spans[0][0] :], told.separator)
    behind = b"".join(joint + _quoted(name.encode(), told.separator, quoted) for name in added)
    end = told.spans[-1][1]
    line = line[:end] + behind + line[end:]
    for (start, end), name in reversed(list(zip(told.spans, told.names, strict=True))):
        text = decoded(name)
        if text in moved:
            new = name + moved[text].removeprefix(text).encode()
            line = line[:start] + _quoted(new, told.separator, line[start:end].startswith(b'"')) + line[end:]
    return line


def _with_own(told: NameLine | None, names: Sequence[str], added: Sequence[str]) -> list[str]:
    """The caller's names, and the file's own for the columns that the caller did not want."""
    own = [decoded(name) for name in told.names] if told is not None and len(told.names) == len(names) else list(names)
    taken = {name.lower() for name in (*names, *added)}
    found = []
    for name, other in zip(names, own, strict=True):
        chosen = other if name == SKIP and other and other.lower() not in taken else name
        taken.add(chosen.lower())
        found.append(chosen)
    return found


def _quoted(name: bytes, separator: bytes, always: bool) -> bytes:
    """A name in quotes where it needs them."""
    apart = separator in name if separator else len(name.split()) != 1
    return b'"' + name.replace(b'"', b'""') + b'"' if always or apart or b'"' in name else name
