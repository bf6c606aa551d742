"""`forewarn read`: for people and for programs, and what it refuses."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from plant_assets.cli.main import app
from tests.ingest.exports import flow, once, pressure, wide


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "export.csv"
    path.write_text(
        wide("timestamp,FT101,PT102,ATT_FLAG", once("Bad", flow), pressure, lambda row: str(int(row > 20)))
    )
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["read", *map(str, arguments)], catch_exceptions=False)


def test_a_person_reads_counts_guesses_and_labels(export: Path) -> None:
    result = run(export)
    assert result.exit_code == 0
    assert "export.csv: 47 records of 2 tags, 2025-03-03 06:00 to 2025-03-04 05:00 UTC" in result.output
    assert "Guessed: Times have no offset; they are taken as local times of UTC." in result.output
    assert "Columns of labels: ATT_FLAG." in result.output


def test_a_program_reads_an_object_or_a_list(export: Path) -> None:
    one = json.loads(run(export, "--json", "--timezone", "Europe/Berlin").output)
    assert (one["tags"]["FT101"]["missing"], one["zone"]) == (1, "Europe/Berlin")
    assert [answer["file"] for answer in json.loads(run(export, export, "--json").output)] == [
        "export.csv"
    ] * 2


def test_a_file_that_would_be_refused_ends_with_1_and_takes_nothing_in(export: Path) -> None:
    before = sorted(export.parent.iterdir())
    result = run(export, "--plant", "gas_treatment")
    assert result.exit_code == 1
    assert "export.csv would be refused: row 1: no column is a tag of this plant." in result.output
    answer = json.loads(run(export, "--plant", "gas_treatment", "--json").output)
    assert answer["refused"]["code"] == "no_known_tag"
    assert sorted(export.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.csv"], "none.csv: No such file or directory"),
        (["export.csv", "--plant", "nobody"], "nobody"),
        (["export.csv", "--timezone", "Mars"], "--timezone Mars: expected an IANA time zone"),
        (["export.csv", "--decimal", "x"], "--decimal x: Input should be '.' or ','"),
        (["export.csv", "--header", "two"], "--header two: expected none"),
        (
            ["export.csv", "--plant", "gas_treatment", "--decimal", ","],
            "stands under `reading` in its profile",
        ),
    ],
)
def test_what_can_t_be_read_is_told_in_a_sentence(
    export: Path, arguments: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(export.parent)
    result = run(*arguments)
    assert result.exit_code == 1
    assert says in result.output.replace("\n", " ")
    assert "Traceback" not in result.output
