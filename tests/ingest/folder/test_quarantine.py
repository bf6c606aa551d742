"""A refused file is put aside whole, beside reports that can't be misused."""

import errno
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plant_assets.ingest.errors import Refusal
from plant_assets.ingest.folder import quarantine as module
from plant_assets.ingest.folder.quarantine import quarantine

REFUSAL = Refusal(
    "text_in_number_column",
    "'<script>alert(1)</script>' is no number",
    place="row 3, column C",
    expected="a number",
)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_file_moves_beside_its_reports(tmp_path: Path) -> None:
    path = tmp_path / "export 1.CSV"
    path.write_bytes(b"abc")
    done = quarantine(path, REFUSAL, tmp_path / "q" / "plant", plant="gas", now=NOW)
    sha256 = hashlib.sha256(b"abc").hexdigest()
    assert not path.exists()
    assert done.file.read_bytes() == b"abc"
    assert done.file.name == f"export 1.{sha256[:12]}.csv"
    assert json.loads(done.report.read_text("utf-8")) == {
        "file": "export 1.CSV",
        "plant": "gas",
        "sha256": sha256,
        "kept_as": done.file.name,
        "refused_at": "2026-01-02T03:04:05+00:00",
        "code": "text_in_number_column",
        "message": "'<script>alert(1)</script>' is no number",
        "place": "row 3, column C",
        "expected": "a number",
    }
    assert sorted(p.name for p in done.file.parent.iterdir()) == sorted(
        p.name for p in (done.file, done.report, done.page)
    )


def test_the_page_says_what_where_and_what_was_expected_without_running_it(tmp_path: Path) -> None:
    path = tmp_path / "a<b>.csv"
    path.write_bytes(b"abc")
    page = quarantine(path, REFUSAL, tmp_path / "q", plant="gas").page.read_text("utf-8")
    assert "<script>" not in page
    assert "a<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "row 3, column C" in page
    assert "<dd>a number</dd>" in page


def test_the_same_file_twice_lies_there_once(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "a.csv").write_bytes(b"abc")
        done = quarantine(tmp_path / "a.csv", REFUSAL, tmp_path / "q", plant="gas")
    assert len(list(done.file.parent.iterdir())) == 3


def test_one_name_with_two_contents_keeps_both(tmp_path: Path) -> None:
    for content in (b"abc", b"def"):
        (tmp_path / "a.csv").write_bytes(content)
        quarantine(tmp_path / "a.csv", REFUSAL, tmp_path / "q", plant="gas")
    assert len(list((tmp_path / "q").glob("*.csv"))) == 2


def test_another_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"abc")
    original = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self == path:
            raise OSError(errno.EXDEV, "another disk")
        return original(self, target)

    monkeypatch.setattr(module.Path, "replace", replace)
    done = quarantine(path, REFUSAL, tmp_path / "q", plant="gas")
    assert done.file.read_bytes() == b"abc"
    assert not path.exists()
    assert not list(done.file.parent.glob(".*"))


def test_a_folder_that_can_not_be_written_leaves_the_file_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"abc")
    (tmp_path / "q").write_text("in the way")
    with pytest.raises(OSError, match="q"):
        quarantine(path, REFUSAL, tmp_path / "q", plant="gas")
    assert path.read_bytes() == b"abc"


@pytest.mark.parametrize(
    "name", ["x" * 250 + ".csv", "ü" * 120 + ".csv", "-rf.csv", "no-extension", "%s{0}.csv"]
)
def test_awkward_names(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"abc")
    done = quarantine(path, REFUSAL, tmp_path / "q", plant="gas")
    assert done.file.is_file()
    assert not done.file.name.startswith("-")
