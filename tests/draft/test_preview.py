"""What a file means, without a plant and as one's drop."""

import json
from pathlib import Path

import pytest

from plant_assets.draft.preview import FilePreview, preview_file
from plant_assets.profile.options import ReadingOptions
from tests.ingest.cases import NOW, PLANT
from tests.ingest.exports import ROWS, flow, once, pressure, stamp, wide

KEYS = {
    "file", "format", "layout", "zone", "first", "last", "tags", "periods", "labels", "unread", "guesses", "notes", "refused"
}  # fmt: skip


def preview(folder: Path, text: str, name: str = "export.csv", **told: object) -> FilePreview:
    path = folder / name
    path.write_text(text, "utf-8")
    return preview_file(path, now=NOW, **told)  # pyright: ignore[reportArgumentType]


def test_the_answer_is_json_with_every_tag_counted(tmp_path: Path) -> None:
    text = wide("timestamp,FT101,FT101_quality,note", flow, once("Bad", lambda _: "Good"), lambda _: "x")
    answer = json.loads(json.dumps(preview(tmp_path, text).as_dict()))
    assert set(answer) == KEYS
    assert answer["tags"]["FT101"] == {
        "records": ROWS - 1, "bad": 1, "uncertain": 0, "missing": 0, "dropped": 0, "min": 40.06, "max": 60.0,
        "first": "2025-03-03T06:00:00+00:00", "last": "2025-03-04T05:00:00+00:00",
    }  # fmt: skip
    assert (answer["layout"], answer["zone"], answer["unread"], answer["refused"]) == (
        "wide",
        "UTC",
        ["note"],
        None,
    )


def test_a_plant_reads_its_own_tags(tmp_path: Path) -> None:
    answer = preview(tmp_path, wide("timestamp,TE301020,FT101", pressure, flow), profile=PLANT)
    assert answer.refusal is None
    assert (list(answer.report.per_tag), answer.report.unread) == (["TE301020"], ["FT101"])


@pytest.mark.parametrize("profile", [None, PLANT])
def test_a_refusal_is_an_answer(tmp_path: Path, profile: object) -> None:
    answer = preview(tmp_path, wide("timestamp,TE301020", once("pump off", flow)), profile=profile)
    assert answer.as_dict()["refused"] == {
        "code": "text_in_number_column",
        "message": "'pump off' is no number (1 such cells in this column)",
        "place": "row 7, column B ('TE301020')",
        "expected": "a number, an empty cell, or a historian's word such as Bad, No Data or I/O Timeout",
    }
    assert answer.as_dict()["tags"] == {}


def test_an_operator_log_is_told_without_a_plant_too(tmp_path: Path) -> None:
    answer = preview(tmp_path, f"start,end,reason\n{stamp(0)},{stamp(5)},pump\n").as_dict()
    assert (answer["layout"], answer["periods"], answer["refused"]) == ("periods", 1, None)


def test_labels_and_what_is_left_out_are_told(tmp_path: Path) -> None:
    text = wide("timestamp,FT101,anomaly,changepoint,id", flow, *[lambda row: str(int(row > 20))] * 2, str)
    answer = preview(tmp_path, text).as_dict()
    assert (answer["labels"], answer["unread"], answer["periods"]) == (["anomaly", "changepoint"], ["id"], 1)
    assert "'anomaly' tells which rows are abnormal." in answer["guesses"]  # pyright: ignore[reportOperatorIssue]


def test_what_a_person_tells_is_read_so(tmp_path: Path) -> None:
    text = "\n".join(f"{stamp(row)},{flow(row)}" for row in range(ROWS)) + "\n"
    answer = preview(tmp_path, text, reading=ReadingOptions(names=("time", "FT101")))
    assert list(answer.report.per_tag) == ["FT101"]
