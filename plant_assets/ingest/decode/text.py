"""Delimited text to a grid: encoding, delimiter, and a check of the structure before anything is parsed.

The structure is checked on the bytes with NumPy, in pieces, so that one line of 100 MB or a cut-off
row is refused before it costs memory.
"""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from plant_assets.ingest.decode.cells import CellGrid, DecodedFile, check_cells
from plant_assets.ingest.decode.times import looks_like_time
from plant_assets.ingest.errors import Refusal, quote

DELIMITERS = ";\t|,"
MAX_LINE = 1024 * 1024
_PIECE = 16 * 1024 * 1024
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "blanks"}
_WORD = re.compile(r"[^\W\d_]{3}")
_TOP = 40
_WORDS = 2
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?")
_CODE_PAGES = ["cp1252", "latin_1", "cp1250", "cp1251", "cp1253", "cp1254", "cp932", "gb18030"]
_UNIT_SIGNS = "°²³µ·±¹º".encode("cp1252")
"""Where a file holds no other sign beside ASCII; in East Asian pages the same bytes are parts of characters."""
_EAST_ASIAN = ("cp932", "gb18030")
_EAST_ASIAN_UNIT_SIGNS = set("°℃℉μ·±×Ω‰²³㎡㎥")
_POWERS = re.compile(rb"m[\xb2\xb3](?![a-z\x80-\xff])", re.IGNORECASE)
"""Square and cubic metres of Western pages; there Central European ones have a letter of Polish."""
_L_WITH_STROKE = re.compile(rb"[^mM]\xb3|\xb3[a-z\x80-\xff]", re.IGNORECASE)
_FOUR_BYTES = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]")
"""A character that GB 18030 alone writes so."""


@dataclass(frozen=True, slots=True)
class TextStructure:
    """Fields of every record (0: a blank line), and whether the last one is complete."""

    fields: np.ndarray
    complete: bool


def decode_text(data: bytes) -> DecodedFile:
    """Decode delimited text of any common encoding and delimiter.

    Raises:
        Refusal: not text, an endless line, no delimiter, an open quote.
    """
    text, encoding = to_utf8(data)
    _check_lines(text)
    delimiter = find_delimiter(text)
    if delimiter == " ":
        text = re.sub(rb"[ \t]+", b" ", re.sub(rb"(?m)^[ \t]+|[ \t]+$", b"", text))
    structure = scan(text, delimiter)
    width = int(structure.fields.max(initial=0))
    check_cells(structure.fields.size, width)
    frame = _parse(text, delimiter, width)
    if frame.height != structure.fields.size:
        raise Refusal(
            "unreadable_csv",
            f"{structure.fields.size} lines, but {frame.height} rows can be told apart",
            expected="quotes only around whole fields",
        )
    end = _check_fields(frame, structure, delimiter)
    notes = []
    if end < frame.height:
        footer = next((str(cell) for cell in frame[end:, 0] if cell), "")
        notes.append(f"{frame.height - end} lines below the table are passed over, such as {quote(footer)}.")
    frame, repeated = _without_repeats(frame.head(end))
    if repeated:
        notes.append(f"{repeated} rows repeat the header or are comments, and are passed over.")
    decoded = DecodedFile([CellGrid(frame, fields=structure.fields[:end])], "csv", encoding, delimiter, notes)
    if not structure.complete:
        decoded.notes.append(
            "The last line has no line end. Its number of fields is right; if the export was cut off "
            "within the last field, that value is short."
        )
    return decoded


def to_utf8(data: bytes) -> tuple[bytes, str]:
    """The same text in UTF-8 with \\n line ends, and the encoding that it had."""
    text, encoding = _decoded(data)
    text = text.rstrip(b"\x1a")
    if b"\x00" in text:
        line = text.count(b"\n", 0, text.index(b"\x00")) + 1
        raise Refusal("not_text", "zero bytes in a text file", place=f"row {line}", expected="text")
    if b"\r" in text and b"\n" not in text:
        text = text.replace(b"\r", b"\n")
    head = text[:4096]
    control = sum(byte < 32 and byte not in b"\t\r\n\f" for byte in head)
    if control > 2 + len(head) // 100:
        raise Refusal("not_text", "the content is not text", expected="delimited text")
    return text, encoding


def _decoded(data: bytes) -> tuple[bytes, str]:
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"\xff\xfe\x00\x00", "utf-32"),
        (b"\x00\x00\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
    ):
        if data.startswith(mark):
            return _recoded(data, name), name
    zeros = np.frombuffer(data[:4096], dtype=np.uint8) == 0
    if zeros.any() and not zeros.all():
        odd, even = zeros[1::2].mean() if zeros.size > 1 else 0, zeros[::2].mean()
        if max(odd, even) > 0.3 and min(odd, even) < 0.1:
            name = "utf-16-le" if odd > even else "utf-16-be"
            return _recoded(data, name), name
    try:
        data.decode("utf-8")
        return data, "utf-8"
    except UnicodeDecodeError as error:
        name = _code_page(data, error.start)
    return _recoded(data, name), name


def _recoded(data: bytes, encoding: str) -> bytes:
    try:
        return data.decode(encoding).encode("utf-8")
    except (UnicodeDecodeError, UnicodeEncodeError) as error:
        raise Refusal(
            "encoding",
            f"the text is not {encoding} throughout",
            place=f"byte {error.start}",
            expected="UTF-8, or one encoding in the whole file",
        ) from None


def _code_page(data: bytes, first: int) -> str:
    """Best guess among the code pages of plant systems, from the surroundings of what isn't ASCII."""
    sample = data[max(0, first - 2048) : first + 8192]
    if all(byte < 128 or byte in _UNIT_SIGNS for byte in sample):
        return "cp1252"
    for page in _EAST_ASIAN:
        signs = set(_signs(sample, page))
        if signs and signs <= _EAST_ASIAN_UNIT_SIGNS:
            return page
    guess = _guess(sample, _CODE_PAGES)
    if (guess == "gb18030" and not _is_chinese(sample)) or (guess == "cp932" and not _is_japanese(sample)):
        guess = _guess(sample, [page for page in _CODE_PAGES if page not in _EAST_ASIAN])
    if guess == "cp1250" and _POWERS.search(sample) and not _L_WITH_STROKE.search(sample):
        guess = "cp1252"
    for name in (guess, "cp1252"):
        try:
            data.decode(name)
            return name
        except UnicodeDecodeError:
            continue
    return "latin_1"


def _guess(sample: bytes, pages: list[str]) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=pages).best()
    return best.encoding if best else "cp1252"


def _is_chinese(sample: bytes) -> bool:
    """Whether most of what isn't ASCII are characters that are in use: a degree sign and a C are a rare one together."""
    if _FOUR_BYTES.search(sample):
        return True
    signs = _signs(sample, "gb18030")
    used = sum(bool(sign.encode("gb2312", "ignore")) for sign in signs)
    return 2 * used > len(signs)


def _is_japanese(sample: bytes) -> bool:
    """Whether signs that aren't ASCII stand together somewhere: half-wide ones alone are letters of other pages."""
    return re.search(r"[^\x00-\x7f]{2}", sample.decode("cp932", "replace")) is not None


def _signs(sample: bytes, page: str) -> list[str]:
    return [sign for sign in sample.decode(page, "replace") if not sign.isascii()]


def _check_lines(text: bytes) -> None:
    start = 0
    line = 1
    while len(text) - start > MAX_LINE:
        end = text.rfind(b"\n", start, start + MAX_LINE + 1)
        if end < 0:
            raise Refusal(
                "long_line",
                f"a line of more than {MAX_LINE // 1024:,} KiB",
                place=f"row {line}",
                expected="one row of the table a line",
            )
        line += text.count(b"\n", start, end + 1)
        start = end + 1


def find_delimiter(text: bytes) -> str:
    """The delimiter that splits most of the first lines into the same number of fields."""
    head = text[: 64 * 1024].decode("utf-8", "ignore")
    if len(text) > 64 * 1024:
        head = head.rpartition("\n")[0] or head
    first = head.split("\n", 1)[0].strip().strip('"')
    if first.lower().startswith("sep=") and len(first) == 5 and first[4] in DELIMITERS:
        return first[4]
    lines = [line for line in head.splitlines()[:200] if line.strip()]
    best, best_score = None, (0, 0)
    for delimiter in DELIMITERS:
        try:
            counts = Counter(
                len(row) for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
            )
        except csv.Error:
            continue
        width, agreeing = max(
            ((w, n) for w, n in counts.items() if w > 1), key=lambda item: (item[1], item[0]), default=(1, 0)
        )
        if agreeing and (agreeing, width) > best_score:
            best, best_score = delimiter, (agreeing, width)
    if best is None and _columns_of_blanks(lines):
        return " "
    if best is None:
        raise Refusal(
            "no_delimiter",
            f"the lines have one field only, such as {quote(lines[0] if lines else '')}",
            place="row 1",
            expected="columns separated by comma, semicolon, tab or pipe: a time and at least one value",
        )
    return best


def _columns_of_blanks(lines: list[str]) -> bool:
    """Whether blanks stand between the same number of fields in most lines."""
    counts = Counter(len(line.split()) for line in lines)
    (width, agreeing), *_ = counts.most_common(1) or [(0, 0)]
    return width > 1 and 2 * agreeing > len(lines)


def scan(text: bytes, delimiter: str) -> TextStructure:
    """Count the fields of every record without parsing, honouring quotes.

    Raises:
        Refusal: a quote is opened and never closed.
    """
    inside, pending, parts = 0, 0, []
    record_start, position = True, 0
    separator = ord(delimiter)
    for start in range(0, len(text), _PIECE):
        piece = np.frombuffer(text, dtype=np.uint8, count=min(_PIECE, len(text) - start), offset=start)
        ends, splits = piece == 10, piece == separator
        quotes = piece == 34
        if inside or quotes.any():
            parity = (np.cumsum(quotes, dtype=np.int64) + inside) & 1
            ends &= parity == 0
            splits &= parity == 0
            inside = int(parity[-1])
        end_at = np.flatnonzero(ends)
        before = np.searchsorted(np.flatnonzero(splits), end_at)
        counts = np.diff(before, prepend=0)
        lengths = np.diff(end_at, prepend=-1) - 1
        if end_at.size:
            counts[0] += pending
            lengths[0] += position
            only_return = piece[np.maximum(end_at - 1, 0)] == 13
            blank = (counts == 0) & ((lengths == 0) | ((lengths == 1) & only_return))
            parts.append(np.where(blank, 0, counts + 1).astype(np.int32))
            pending, position = 0, 0
        last = int(end_at[-1]) + 1 if end_at.size else 0
        pending += int(np.count_nonzero(splits[last:]))
        position += piece.size - last
        record_start = position == 0
    fields = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
    if inside:
        raise Refusal(
            "open_quote",
            "a quote is opened and never closed; the file may be cut off",
            place=f"row {fields.size + 1}",
            expected='every " to be closed',
        )
    if not record_start:
        fields = np.append(fields, np.int32(pending + 1))
    return TextStructure(fields, complete=record_start)


def _parse(text: bytes, delimiter: str, width: int) -> pl.DataFrame:
    try:
        return pl.read_csv(
            text,
            has_header=False,
            separator=delimiter,
            schema={str(i): pl.String for i in range(width)},
            missing_columns="insert",
            quote_char='"' if b'"' in text else None,
            glob=False,
        )
    except pl.exceptions.PolarsError:
        odd = next((i for i, line in enumerate(text.split(b"\n")) if line.count(b'"') % 2), None)
        raise Refusal(
            "unreadable_csv",
            "quotes don't go around whole fields",
            place=None if odd is None else f"row {odd + 1}",
            expected='fields such as 12.5 or "12.5", a quote within a field doubled',
        ) from None


def _check_fields(frame: pl.DataFrame, structure: TextStructure, delimiter: str) -> int:
    """Refuse rows with more or fewer fields than the table has; lines above the first full row may differ.

    Which of those is the header is known once the layout is: `layouts/header.py` compares it.

    Returns:
        how many rows there are down to the table's end; lines of words below it are none of them.
    """
    fields = structure.fields
    filled = fields[fields > 0]
    if not filled.size:
        return fields.size
    usual = int(np.bincount(filled).argmax())
    begin, end = int(np.argmax(fields == usual)), _table_end(frame, structure, usual)
    expected = f"{usual} fields separated by {_NAMES[delimiter]}, as in the other rows"
    odd = np.flatnonzero((fields[:end] != usual) & (fields[:end] > 0))
    for index in (int(i) for i in odd[odd > begin]):
        count = int(fields[index])
        if count < usual and index == fields.size - 1 and not structure.complete:
            raise Refusal(
                "truncated",
                f"the file ends within a row, after {count} of {usual} fields",
                place=f"row {index + 1}",
                expected="a complete export",
            )
        surplus = frame.row(index)[usual:count]
        if count < usual or any(cell is not None and cell.strip() for cell in surplus):
            hint = "; a decimal comma needs another delimiter or quotes" if delimiter == "," else ""
            raise Refusal(
                "ragged_row",
                f"{count} fields where the other rows have {usual}{hint if count > usual else ''}",
                place=f"row {index + 1}",
                expected=expected,
            )
    return end


def _table_end(frame: pl.DataFrame, structure: TextStructure, usual: int) -> int:
    """Rows down to the last one of the table: below it stand lines of one field that is neither a number nor a time."""
    fields, end = structure.fields, structure.fields.size
    while end > 0 and usual > 1 and fields[end - 1] <= 1:
        cell = str(frame[end - 1, 0] or "").strip().lstrip("*#-=\"'([ ")
        cut = end == fields.size and not structure.complete
        if fields[end - 1] == 1 and (_begins_row(cell, cut=cut) or (cut and not cell)):
            break
        end -= 1
    return end if (fields[:end] == usual).any() else fields.size


def _begins_row(cell: str, *, cut: bool) -> bool:
    """Whether a field may be the first of a row, and not words that begin with a number, such as `48 rows affected`."""
    said = _WORD.search(cell) is not None and not cut and not looks_like_time(cell)
    return cell[:1].isdigit() and not said


def _without_repeats(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The same rows, and how many of them are empty now as they repeat a row of words from the top of the file."""
    again = pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True)
    for index, row in enumerate(frame.head(_TOP).iter_rows()):
        words = [cell for cell in row if cell and cell.strip()]
        if len(words) < _WORDS or any(
            looks_like_time(cell) or _NUMBER.fullmatch(cell.strip()) for cell in words
        ):
            continue
        column = row.index(words[0])
        if (frame.to_series(column)[index + 1 :] == words[0]).any():
            alike = pl.all_horizontal(pl.col(str(c)).eq_missing(pl.lit(cell)) for c, cell in enumerate(row))
            again |= frame.select(alike).to_series() & (pl.int_range(frame.height, eager=True) > index)
    if not again.any():
        return frame, 0
    return frame.select(pl.when(~again).then(pl.col(c)).alias(c) for c in frame.columns), int(again.sum())
