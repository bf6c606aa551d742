"""Turns the bytes of a file into grids of cells, or refuses them.

Belongs here: which decoder reads which file. Doesn't belong here: what the cells mean (`layouts/`).
"""

from pathlib import PurePath

from plant_assets.ingest.decode.cells import FORMATS, TEXT_SUFFIXES, DecodedFile, Format
from plant_assets.ingest.decode.excel import decode_excel
from plant_assets.ingest.decode.parquet import decode_parquet
from plant_assets.ingest.decode.text import decode_text
from plant_assets.ingest.errors import Refusal, quote

_MAGIC = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"PAR1", "parquet"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
)
_TITLES = {
    "csv": "text",
    "xls": "an old Excel workbook (.xls) or a password-protected one",
    "zip": "a zip archive or Excel workbook (.xlsx)",
    "parquet": "a Parquet file",
}


def decode(data: bytes, name: str, *, max_bytes: int) -> DecodedFile:
    """Decode a file by its content, which must be what its name says.

    Raises:
        Refusal: empty, of another kind than its name says, damaged, or unreasonably large inside.
    """
    declared = declared_format(name)
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Refusal("empty", "the file is empty", expected="a table with a header row and data")
    found = _content(data)
    if found != ("zip" if declared == "xlsx" else declared):
        raise Refusal(
            "wrong_extension",
            f"the name ends in .{declared} but the content is {_TITLES.get(found, found)}",
            expected=f"{_TITLES['zip' if declared == 'xlsx' else declared]}, or the right extension",
        )
    if declared == "csv":
        return decode_text(data)
    if declared == "parquet":
        return decode_parquet(data, max_bytes=max_bytes)
    return decode_excel(data, declared, max_bytes=max_bytes)


def declared_format(name: str) -> Format:
    """Format that a file's name promises.

    Raises:
        Refusal: none of those that can be read.
    """
    suffix = PurePath(name).suffix.lower().removeprefix(".")
    if suffix in TEXT_SUFFIXES:
        return "csv"
    for known in FORMATS:
        if suffix == known:
            return known
    raise Refusal(
        "unknown_extension",
        f"files ending in {quote('.' + suffix) if suffix else 'no extension'} are not read",
        expected=".csv, .txt, .tsv, .dat, .xls, .xlsx or .parquet",
    )


def _content(data: bytes) -> str:
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<html", b"<!doctype", b"<table")):
        return "a web page"
    if head.startswith(b"<?xml"):
        return "an XML document"
    return "csv"
