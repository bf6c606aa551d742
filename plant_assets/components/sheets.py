"""What a profile says of a plant, as Markdown in its assets' descriptions, so that an edit shows after a reload.

Belongs here: sheets of definitions. Doesn't belong here: what materializations say (`metadata.py`).
"""

from plant_assets.profile.model import PlantProfile
from plant_assets.profile.tag import Tag, band_text

_MOST = 100


def tag_sheet(profile: PlantProfile) -> str:
    """A table of the plant's tags: unit, what can be true, normal band and alarm limits."""
    rows = [_row(tag) for tag in profile.tags[:_MOST]]
    more = len(profile.tags) - len(rows)
    lines = ["| tag | unit | valid range | normal band | alarm limits |", "|---|---|---|---|---|", *rows]
    return "\n".join([*lines, f"\n…and {more} more tags."] if more else lines)


def rule_sheet(profile: PlantProfile) -> str:
    """A list of the plant's alarm and transition rules; empty without any."""
    labels = profile.labels
    rules = [("alarm", rule) for rule in labels.alarm_rules]
    rules += [("transition", rule) for rule in labels.transition_rules]
    return "\n".join(f"- {kind} `{rule.name}`: `{rule.when}`" for kind, rule in rules)


def _row(tag: Tag) -> str:
    limits = {name: getattr(tag.limits, name) for name in ("LL", "L", "H", "HH")}
    shown = ", ".join(f"{name} {value:g}" for name, value in limits.items() if value is not None)
    cells = (tag.name, tag.unit.replace("|", "\\|"), band_text(tag.range), band_text(tag.normal), shown)
    return f"| {' | '.join(cells)} |"
