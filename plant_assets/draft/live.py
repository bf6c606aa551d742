"""Drafts a plant from what its site says of its signals; readings come later, live.

Belongs here: a profile without a history. Doesn't belong here: names and bands (`signals.py`), asking a site
(`serving.live.sources`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from plant_assets.draft.draft import PlantDraft, compose_draft
from plant_assets.draft.sampling import DraftedSampling, find_windows
from plant_assets.draft.series import ExportContents
from plant_assets.draft.signals import LiveSignal, draft_tags
from plant_assets.ingest.errors import FileRefusal, Refusal
from plant_assets.ingest.records import RECORD_SCHEMA

_LEARNT = timedelta(days=30)
"""Of readings, for which windows are chosen."""
_HELD, _FROZEN = 6, 24
_LISTED = 20


@dataclass(frozen=True, slots=True)
class SiteDescription:
    """What a site says of its signals.

    Attributes:
        place: where it was asked, for people.
        told_by: what told it: "birth", "server".
        signals: those that can be tags.
        left_out: names of others, and why.
        needs: what somebody has to do before readings come; empty: nothing.
        live: key → tag, to the plant's `live` section.
    """

    place: str
    told_by: str
    signals: Sequence[LiveSignal]
    live: Callable[[Mapping[str, str]], Mapping[str, object]] = field(repr=False)
    left_out: Mapping[str, str] = field(default_factory=dict)
    needs: str = ""


def draft_live(
    name: str, site: SiteDescription, interval: timedelta, *, title: str = "", timezone: str = "UTC"
) -> PlantDraft:
    """Draft a plant whose readings will come live.

    Args:
        name: of the plant.
        site: what is said of its signals.
        interval: of its rows, which no site tells.
        title: for people; made from the name where empty.
        timezone: of the profile.

    Raises:
        FileRefusal: no signal can be a tag.
    """
    if not site.signals:
        left = "".join(f"; not read: {name} ({why})" for name, why in list(site.left_out.items())[:8])
        raise FileRefusal(
            site.place,
            Refusal(
                "no_known_tag", f"the {site.told_by} has no number{left}", expected="at least one number"
            ),
        )
    tags = draft_tags(site.signals, name)
    exports = ExportContents(
        [site.place],
        [tag.series for tag in tags],
        pl.DataFrame(schema=RECORD_SCHEMA),
        unnamed=dict(site.left_out),
        told_by=site.told_by,
        head=_head(site),
        live=site.live({s.key: tag.series.name for s, tag in zip(site.signals, tags, strict=True)}),
    )
    timing = DraftedSampling(
        interval,
        f"a proposal, which a {site.told_by} doesn't tell; --interval gives another",
        0,
        _HELD * interval,
        "6 intervals",
        _FROZEN * interval,
        "24 intervals",
    )
    windows = find_windows(_LEARNT // interval, sum(tag.bands.used for tag in tags))
    return compose_draft(name, exports, tuple(tags), timing, windows, title=title, timezone=timezone)


def _head(site: SiteDescription) -> str:
    lines = [f"Drafted from {site.place}: {len(site.signals)} signals, no history yet."]
    for place, (name, why) in enumerate(site.left_out.items()):
        if place == _LISTED:
            lines.append(f"Not read: {len(site.left_out) - _LISTED} more.")
            break
        lines.append(f"Not read: {name} ({why}).")
    return "\n".join(lines)
