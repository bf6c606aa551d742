"""What a plant of small tags reads in an export, and the counts of its values."""

from datetime import UTC, datetime
from pathlib import Path

from plant_assets.draft.series import NamedSeries, provisional_profile
from plant_assets.ingest.reading import ReadReport, TagReading, read_drop_file
from plant_assets.profile.model import PlantProfile
from tests.ingest.exports import ROWS

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BAD = (ROWS - 1, 1, 0, 0, 0)
GOOD = (ROWS, 0, 0, 0, 0)
EMPTY = (ROWS - 1, 0, 0, 1, 0)


def plant(*tags: str, **reading: object) -> PlantProfile:
    """A plant of tags with any range, and what its exports mean."""
    profile = provisional_profile([NamedSeries(tag, tag) for tag in tags or ("FT101", "PT102")], "UTC")
    attributes = profile.model_dump(mode="json", exclude_defaults=True)
    attributes["sampling"] = dict.fromkeys(("interval", "hold_limit", "stale_after", "frozen_after"), "1s")
    attributes["validation"] = {"gap": "1s"}
    return PlantProfile.model_validate({**attributes, "reading": reading})


def write(folder: Path, text: str, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def report_of(
    folder: Path, text: str, profile: PlantProfile | None = None, name: str = "export.csv"
) -> ReadReport:
    return read_drop_file(write(folder, text, name), profile or plant(), now=NOW).report


def counts(report: ReadReport) -> dict[str, tuple[int, int, int, int, int]]:
    def of(tag: TagReading) -> tuple[int, int, int, int, int]:
        return tag.records, tag.bad, tag.uncertain, tag.missing, tag.dropped

    return {name: of(tag) for name, tag in report.per_tag.items()}
