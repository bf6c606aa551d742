"""Checks an .xls workbook before a spreadsheet library opens it.

Readers allocate every sheet from its first to its last cell, and all sheets at once: 5 KB with a cell in
each corner cost 1.5 GB. So the extents are taken from the cell records first. Formats: [MS-CFB], [MS-XLS].
"""

import struct
from dataclasses import dataclass

from plant_assets.ingest.errors import Refusal

_END = 0xFFFFFFFA
_COLUMNS = 256
_SHEET_START, _PASSWORD, _FORMULA = 0x0809, 0x002F, (0x0006, 0x0206, 0x0406)
_CELLS = frozenset({0x0201, 0x0203, 0x0204, 0x0205, 0x027E, 0x00FD, 0x00D6, *_FORMULA})
_CELL_RUNS = frozenset({0x00BD, 0x00BE})


@dataclass(slots=True)
class WorkbookExtent:
    """Cells from the first to the last of the sheets of a workbook, and its formulas."""

    cells: int = 0
    formulas: int = 0


def check_old_workbook(data: bytes) -> WorkbookExtent:
    """How many cells a reader would allocate.

    Raises:
        Refusal: damaged, protected by a password, or no workbook.
    """
    try:
        return _walk(_workbook_stream(data))
    except (struct.error, IndexError, UnicodeDecodeError, ValueError):
        raise Refusal(
            "damaged", "the workbook is cut off or damaged", expected="a complete .xls file"
        ) from None


def _workbook_stream(data: bytes) -> bytes:
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    if shift not in (9, 12) or mini_shift != 6:
        raise ValueError
    size = 1 << shift
    directory, _, cutoff, mini_start = struct.unpack_from("<4I", data, 48)
    fat = _allocation_table(data, size)
    files = _directory(_chain(data, fat, directory, size, offset=1))
    root = next((f for f in files if f[3] == 5), None)
    book = next((f for name in ("Workbook", "Book") for f in files if f[0] == name), None)
    if any(f[0] == "EncryptedPackage" for f in files):
        raise Refusal("encrypted", "the workbook is encrypted", expected="a workbook without password")
    if book is None or root is None:
        raise Refusal("wrong_extension", "the file holds no workbook", expected="an Excel workbook (.xls)")
    _, start, length, _ = book
    if length >= cutoff:
        return _chain(data, fat, start, size, offset=1)[:length]
    mini = _chain(data, fat, root[1], size, offset=1)
    table = _chain(data, fat, mini_start, size, offset=1)
    mini_fat = list(struct.unpack(f"<{len(table) // 4}I", table))
    return _chain(mini, mini_fat, start, 1 << mini_shift, offset=0)[:length]


def _allocation_table(data: bytes, size: int) -> list[int]:
    """Which sector follows each one."""
    sectors = list(struct.unpack_from("<109I", data, 76))
    difat, per_sector = struct.unpack_from("<I", data, 68)[0], size // 4
    seen = 0
    while difat < _END and seen < len(data) // size:
        *more, difat = struct.unpack_from(f"<{per_sector}I", data, (difat + 1) * size)
        sectors += more
        seen += 1
    used = (s for s in sectors if s < _END)
    return [s for f in used for s in struct.unpack_from(f"<{per_sector}I", data, (f + 1) * size)]


def _chain(data: bytes, table: list[int], sector: int, size: int, *, offset: int) -> bytes:
    """Content of the sectors that follow each other in an allocation table."""
    parts = []
    while sector < _END:
        if len(parts) > len(table):
            raise ValueError
        parts.append(data[(sector + offset) * size : (sector + offset + 1) * size])
        sector = table[sector]
    return b"".join(parts)


def _directory(entries: bytes) -> list[tuple[str, int, int, int]]:
    """Name, first sector, length and kind of every stream."""
    files = []
    for at in range(0, len(entries) - 127, 128):
        length, kind = struct.unpack_from("<HB", entries, at + 64)
        start, size = struct.unpack_from("<II", entries, at + 116)
        name = entries[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        files.append((name, start, size, kind))
    return files


def _walk(stream: bytes) -> WorkbookExtent:
    found = WorkbookExtent()
    box: list[int] | None = None
    at, end = 0, len(stream) - 4
    head = struct.Struct("<HH").unpack_from
    while at <= end:
        record, length = head(stream, at)
        if record == _SHEET_START:
            found.cells += _area(box)
            box = None
        elif record == _PASSWORD:
            raise Refusal("encrypted", "the workbook is encrypted", expected="a workbook without password")
        elif record in _CELLS or record in _CELL_RUNS:
            row, column = head(stream, at + 4)
            last = head(stream, at + 2 + length)[0] if record in _CELL_RUNS else column
            if not column <= last < _COLUMNS:
                raise ValueError
            found.formulas += record in _FORMULA
            if box is None:
                box = [row, row, column, last]
            box = [min(box[0], row), max(box[1], row), min(box[2], column), max(box[3], last)]
        at += 4 + length
    found.cells += _area(box)
    return found


def _area(box: list[int] | None) -> int:
    return 0 if box is None else (box[1] - box[0] + 1) * (box[3] - box[2] + 1)
