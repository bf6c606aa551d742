"""Drafts a plant's profile from exports: every number a proposal, and a reason beside it.

Belongs here: putting the parts together into a profile. Doesn't belong here: the parts (`series.py`, `sampling.py`,
`bands.py`), and YAML (`document.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from plant_assets.draft.bands import find_bands
from plant_assets.draft.columns import patterns
from plant_assets.draft.document import write_document
from plant_assets.draft.drafted import DraftedTag
from plant_assets.draft.sampling import DraftedSampling, DraftedWindows, find_sampling, find_windows
from plant_assets.draft.series import ExportContents, read_exports, told_options
from plant_assets.ingest.decode.opening import MAX_BYTES
from plant_assets.ingest.errors import FileRefusal, Refusal
from plant_assets.profile.durations import format_duration
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.options import ReadingOptions

FEWEST_ROWS = 12
_HORIZONS = (timedelta(hours=1), timedelta(hours=3), timedelta(hours=6))


@dataclass(frozen=True, slots=True)
class PlantDraft:
    """A drafted plant.

    Attributes:
        profile: as the text will load.
        text: a commented `defs.yaml`.
        tags: with what was found odd about each.
        ignored: headers that are no tags, and why.
        timing: sampling and where it comes from.
        exports: what the files hold.
    """

    profile: PlantProfile
    text: str
    tags: tuple[DraftedTag, ...]
    ignored: Mapping[str, str]
    timing: DraftedSampling
    exports: ExportContents = field(repr=False)


def draft_plant(
    name: str,
    files: Sequence[Path],
    *,
    title: str = "",
    timezone: str = "UTC",
    reading: ReadingOptions | None = None,
    max_bytes: int = MAX_BYTES,
    now: datetime | None = None,
) -> PlantDraft:
    """Draft a plant from files that ingest can read.

    Args:
        name: of the plant: lower case letters, digits and underscores.
        files: exports, and operator logs beside them.
        title: for people; made from the name where empty.
        timezone: where times without an offset are local.
        reading: what a person tells of the files; the profile keeps it.
        max_bytes: larger files are refused unread.
        now: later records are refused. Default: the machine's clock.

    Raises:
        FileRefusal: a file can't be read, or no plant can be drafted from what it holds.
        OSError: a file is gone, or may not be read.
    """
    exports = read_exports(files, timezone=timezone, reading=reading, max_bytes=max_bytes, now=now)
    return draft_from(name, exports, title=title, timezone=timezone)


def draft_from(
    name: str,
    exports: ExportContents,
    *,
    title: str = "",
    timezone: str = "UTC",
    process_units: Mapping[str, str] | None = None,
) -> PlantDraft:
    """Draft a plant from records that were read already.

    Args:
        name: of the plant.
        exports: series and records.
        title: for people; made from the name where empty.
        timezone: of the profile.
        process_units: tag → the part of the plant that it belongs to; the plant's name for others.

    Raises:
        FileRefusal: too few rows, or no tag that varies.
    """
    parts = exports.records.partition_by("tag", as_dict=True)
    units = process_units or {}
    tags = tuple(
        DraftedTag(
            series,
            find_bands(parts[(series.name,)], series.loop.role if series.loop else "indicator", series.unit),
            units.get(series.name, name),
        )
        for series in exports.series
    )
    tags = _some_used(tags, exports)
    timing = find_sampling(exports.records)
    if timing.rows < FEWEST_ROWS:
        raise FileRefusal(
            ", ".join(exports.files),
            Refusal(
                "too_short",
                f"{timing.rows} rows of {format_duration(timing.interval)}",
                expected=f"records over at least {FEWEST_ROWS} sampling intervals",
            ),
        )
    windows = find_windows(timing.rows, sum(tag.bands.used for tag in tags))
    return compose_draft(name, exports, tags, timing, windows, title=title, timezone=timezone)


def compose_draft(
    name: str,
    exports: ExportContents,
    tags: tuple[DraftedTag, ...],
    timing: DraftedSampling,
    windows: DraftedWindows,
    *,
    title: str = "",
    timezone: str = "UTC",
) -> PlantDraft:
    """A draft of its parts.

    Args:
        name: of the plant.
        exports: where tags come from.
        tags: at least one.
        timing: sampling, and where it comes from.
        windows: of the features.
        title: for people; made from the name where empty.
        timezone: of the profile.

    Raises:
        FileRefusal: a name or a number that a profile can't hold.
    """
    attributes = _attributes(name, title, timezone, tags, exports, timing, windows)
    try:
        profile = PlantProfile.model_validate(attributes)
    except ValidationError as error:
        raise FileRefusal(", ".join(exports.files), _unfit(error)) from None
    text = write_document(attributes, tags, exports, timing, windows)
    return PlantDraft(profile, text, tags, exports.ignored, timing, exports)


def _some_used(tags: tuple[DraftedTag, ...], exports: ExportContents) -> tuple[DraftedTag, ...]:
    if any(tag.bands.used for tag in tags):
        return tags
    constant = ", ".join(tag.series.name for tag in tags[:8])
    raise FileRefusal(
        ", ".join(exports.files),
        Refusal(
            "nothing_varies",
            f"no tag varies: {constant}",
            expected="at least one tag whose value changes, set points aside",
        ),
    )


def _unfit(error: ValidationError) -> Refusal:
    fault = error.errors()[0]
    place = ".".join(map(str, fault["loc"]))
    return Refusal("unfit", f"{place}: {fault['msg']}", expected="names and numbers that a profile can hold")


def _attributes(  # noqa: PLR0917 - the parts of a draft
    name: str,
    title: str,
    timezone: str,
    tags: Sequence[DraftedTag],
    exports: ExportContents,
    timing: DraftedSampling,
    windows: DraftedWindows,
) -> dict[str, object]:
    """The profile's fields as YAML will have them, in its order; defaults are left out."""

    def spans(counts: Sequence[int]) -> list[str]:
        return [format_duration(timing.interval * n) for n in counts]

    history = windows.history(timing.interval)
    horizons = [h for h in _HORIZONS if h % timing.interval == timedelta(0)] if exports.periods else []
    return {
        "name": name,
        "title": title or name.replace("_", " ").capitalize(),
        "timezone": timezone,
        "registry_prefix": registry_prefix(name),
        "sampling": {
            "interval": format_duration(timing.interval),
            "hold_limit": format_duration(timing.hold_limit),
            "stale_after": format_duration(timing.hold_limit),
            "frozen_after": format_duration(timing.frozen_after),
        },
        **({"history_window": format_duration(history)} if history else {}),
        "tags": [_tag(tag) for tag in tags],
        "ignored_columns": list(patterns(exports.ignored)),
        **({"reading": told} if (told := told_options(exports.told)) else {}),
        **({"live": dict(exports.live)} if exports.live else {}),
        "features": {
            **{kind: spans(counts) for kind, counts in windows.steps.items() if counts},
            "window_steps": 12,
        },
        "horizons": [format_duration(h) for h in horizons],
        "models": ["isolation_forest", "champion"],
        "budget": {
            "false_alarm_hours_per_day": 4,
            "false_episodes_per_day": 0.5,
            "on_delay": 0,
            "off_delay": timing.off_delay,
            "deadband": 0.1,
            "required_lead": "1h",
        },
        "validation": {"folds": windows.folds, "gap": spans([windows.gap])[0], "min_events": 5},
    }


def registry_prefix(name: str) -> str:
    """What the models of a plant stand under in the registry, unless somebody edits it."""
    return f"{name[:39]}_"


def _tag(tag: DraftedTag) -> dict[str, object]:
    series, bands = tag.series, tag.bands
    low, high = bands.saturation
    return {
        "name": series.name,
        "description": series.description,
        "unit": series.unit,
        "range": list(bands.range),
        **({"saturation": [low, high]} if bands.saturation != (None, None) else {}),
        **({"normal": list(bands.normal)} if bands.normal else {}),
        "process_unit": tag.process_unit,
        **({"role": series.loop.role, "controller": series.loop.controller} if series.loop else {}),
        **({"aliases": list(series.aliases)} if series.aliases else {}),
        **({} if bands.used else {"used": False}),
        **({"state": True} if bands.state else {}),
    }
