"""Checks an .xlsx archive before a spreadsheet library opens it.

A workbook is a zip of XML. Sizes that its directory declares may lie, and one cell at XFD1048576 makes a
reader allocate the whole sheet; so every part is unpacked once in pieces, measured and forgotten.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from itertools import pairwise

from plant_assets.ingest.decode.cells import MAX_WORKBOOK_CELLS, check_cells, check_total
from plant_assets.ingest.errors import Refusal, quote

MAX_PARTS = 4_000
MAX_RATIO = 400
MAX_TEXT = 1024 * 1024 * 1024
_SMALL = 8 * 1024 * 1024
_PIECE = 1024 * 1024
_OVERLAP = 4096
_ARCHIVES = (".zip", ".gz", ".7z", ".rar", ".xz", ".bz2", ".tar", ".zst")
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{0,3})(\d{1,7})["']""")
_FORMULA = re.compile(
    rb"<c\b(?P<attributes>[^>]*)>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f\s*>)\s*(?P<value><v\s*>[^<]+</v\s*>|<is\b)?"
)
_CELL = re.compile(rb"""\br\s*=\s*["']([A-Za-z]+\d+)["']""")
_FILLED = re.compile(rb"""<c\b[^>/]*?\br\s*=\s*["']([A-Za-z]{1,3})\d+["'][^>/]*>""")
_SHARED = re.compile(rb"""\bt\s*=\s*["']s["']""")


@dataclass(slots=True)
class SheetFacts:
    """What a sheet's XML says: its extent, formulas, and the first formula without a stored result."""

    rows: int = 0
    columns: int = 0
    first_column: int | None = None
    formulas: int = 0
    unsolved: str | None = None
    shared: int = 0
    """Cells that refer to the table of shared texts."""


@dataclass(slots=True)
class WorkbookFacts:
    sheets: dict[str, SheetFacts] = field(default_factory=dict)
    """By sheet name, in workbook order; empty if the workbook's directory can't be followed."""
    pictures: set[str] = field(default_factory=set)
    """Sheets that are charts or macros and have no cells."""


def check_workbook(data: bytes, *, max_bytes: int) -> WorkbookFacts:
    """Measure a workbook without unpacking it to memory.

    Raises:
        Refusal: no workbook, damaged, or a zip bomb.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_directory(parts, len(data), max_bytes)
            names = {part.filename for part in parts}
            if "xl/workbook.xml" not in names:
                raise Refusal(
                    "wrong_extension",
                    "the content is a zip archive without a workbook",
                    expected="an Excel workbook (.xlsx); unpack archives before dropping their files",
                )
            facts, longest = {}, 0
            for part in parts:
                if part.filename == "xl/sharedStrings.xml":
                    longest = _longest_text(data, part)
                facts[part.filename] = _check_part(data, part)
            check_total(sum(sheet.rows * sheet.columns for sheet in facts.values()), MAX_WORKBOOK_CELLS)
            _check_texts(sum(sheet.shared for sheet in facts.values()), longest)
            return _by_name(archive, facts)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError, RuntimeError):
        raise Refusal(
            "truncated", "the workbook is cut off or damaged", expected="a complete .xlsx file"
        ) from None


def _check_directory(parts: list[zipfile.ZipInfo], size: int, max_bytes: int) -> None:
    limit = 4 * max_bytes
    inside = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    expected = f"a workbook of at most {limit / 2**20:,.0f} MiB uncompressed"
    if len(parts) > MAX_PARTS:
        raise Refusal("bomb", f"{len(parts):,} files inside the workbook", expected=f"at most {MAX_PARTS:,}")
    if inside > limit or packed > size:
        raise Refusal(
            "bomb", f"{inside / 2**20:,.0f} MiB inside a file of {size / 2**20:,.2f} MiB", expected=expected
        )
    for part in parts:
        if part.filename.lower().endswith(_ARCHIVES):
            raise Refusal(
                "bomb", "an archive inside the workbook", place=quote(part.filename), expected="sheets only"
            )
        if part.flag_bits & 1:
            raise Refusal("encrypted", "the workbook is encrypted", expected="a workbook without password")
        _check_ratio(part.filename, part.file_size, part.compress_size)


def _check_ratio(name: str, size: int, packed: int) -> None:
    if size > _SMALL and size > MAX_RATIO * max(packed, 1):
        raise Refusal(
            "bomb",
            f"a part is packed {size // max(packed, 1):,} times smaller than it is",
            place=quote(name),
            expected=f"at most {MAX_RATIO} times",
        )


def _check_part(data: bytes, part: zipfile.ZipInfo) -> SheetFacts:
    """Unpack one part in pieces: its true size is the declared one, and sheets have a sane extent."""
    facts = SheetFacts()
    sheet = part.filename.startswith("xl/worksheets/")
    total, tail = 0, b""
    for piece in _unpacked(data, part):
        total += len(piece)
        if total > part.file_size:
            raise Refusal(
                "bomb",
                "a part is larger than the archive's directory says",
                place=quote(part.filename),
                expected="an honest archive",
            )
        if sheet:
            tail = _measure(facts, tail, piece)
    if sheet:
        _measure(facts, tail, b"", last=True)
        check_cells(facts.rows, facts.columns, place=quote(part.filename))
    return facts


def _longest_text(data: bytes, part: zipfile.ZipInfo) -> int:
    """Bytes of the longest shared text, about."""
    longest, open_since = 0, 0
    for piece in _unpacked(data, part):
        starts = [match.start() for match in re.finditer(rb"<si\b", piece)]
        if starts:
            longest = max(longest, open_since + starts[0], *(b - a for a, b in pairwise(starts)))
            open_since = len(piece) - starts[-1]
        else:
            open_since += len(piece)
        longest = max(longest, open_since)
    return longest


def _check_texts(cells: int, longest: int) -> None:
    if cells * longest > MAX_TEXT:
        raise Refusal(
            "bomb",
            f"{cells:,} cells refer to texts of up to {longest:,} characters",
            expected="texts of sane length beside the values",
        )


def _unpacked(data: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    header = data[part.header_offset : part.header_offset + 30]
    if header[:4] != b"PK\x03\x04" or len(header) < 30:
        raise zipfile.BadZipFile
    skip = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    start = part.header_offset + 30 + skip
    packed = memoryview(data)[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        yield bytes(packed)
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise zipfile.BadZipFile
    unpacker = zlib.decompressobj(-15)
    rest: bytes | memoryview = packed
    while not unpacker.eof:
        piece = unpacker.decompress(rest, _PIECE)
        rest = unpacker.unconsumed_tail
        if not piece and not rest:
            raise zipfile.BadZipFile
        yield piece


def _measure(facts: SheetFacts, tail: bytes, piece: bytes, *, last: bool = False) -> bytes:
    """Take in what is whole up to the last row or cell border; return what to look at again."""
    text = tail + piece
    cut = len(text)
    if not last:
        cut = text.rfind(b"<c ")
        if cut < len(text) - 64 * _OVERLAP:
            cut = max(len(text) - _OVERLAP, 0)
    whole, rest = text[:cut], text[cut:]
    references = set(_REFERENCE.findall(whole))
    if references:
        facts.rows = max(facts.rows, *(int(row) for _, row in references))
        columns = {_column(letters) for letters, _ in references if letters}
        facts.columns = max(facts.columns, *(column + 1 for column in columns), 0)
    filled = {_column(letters) for letters in _FILLED.findall(whole)}
    if facts.first_column is not None:
        filled.add(facts.first_column)
    facts.first_column = min(filled, default=None)
    facts.shared += len(_SHARED.findall(whole))
    for match in _FORMULA.finditer(whole):
        facts.formulas += 1
        if match["value"] is None and facts.unsolved is None:
            cell = _CELL.search(match["attributes"])
            facts.unsolved = cell[1].decode() if cell else "a cell"
    return rest


def _column(letters: bytes) -> int:
    index = 0
    for letter in letters.upper():
        index = index * 26 + letter - 64
    return index - 1


def _by_name(archive: zipfile.ZipFile, facts: dict[str, SheetFacts]) -> WorkbookFacts:
    """Facts by sheet name, following the workbook's own list of sheets."""
    book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    links_name = "xl/_rels/workbook.xml.rels"
    links = archive.read(links_name).decode("utf-8", "replace") if links_name in archive.namelist() else ""
    targets = {}
    for tag in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", links):
        found = dict(re.findall(r"""\b(Id|Target)\s*=\s*["']([^"']*)["']""", tag))
        if "Id" in found and "Target" in found:
            targets[found["Id"]] = found["Target"].removeprefix("/xl/").removeprefix("./")
    book_facts = WorkbookFacts()
    for tag in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book):
        found = dict(re.findall(r"""\b(name|(?:\w+:)id)\s*=\s*["']([^"']*)["']""", tag))
        name = unescape(found.pop("name", ""))
        target = f"xl/{targets.get(next(iter(found.values()), ''), '')}"
        if target.startswith("xl/worksheets/") and target in facts:
            book_facts.sheets[name] = facts[target]
        elif target.startswith(("xl/chartsheets/", "xl/dialogsheets/", "xl/macrosheets/")):
            book_facts.pictures.add(name)
    return book_facts
