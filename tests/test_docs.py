"""The documentation: its links lead somewhere, and its picture shows what is there."""

import re
from pathlib import Path

import pytest

from plant_assets.components.plant import plant_definitions
from plant_assets.profile.model import PlantProfile

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert broken == []


def test_the_picture_of_the_lineage_shows_every_asset(profile: PlantProfile) -> None:
    picture = (ROOT / "docs" / "images" / "lineage.svg").read_text("utf-8")
    drawn = set(re.findall(r"<text x=[^>]*>([^<]+)</text>", picture))
    assets = plant_definitions(profile, 2).assets or []
    names = {key.path[-1] for asset in assets for key in asset.keys}  # pyright: ignore[reportAttributeAccessIssue]
    assert drawn == names


def test_the_readme_is_one_page() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) < 120
