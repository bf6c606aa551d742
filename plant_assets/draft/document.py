"""A draft as the text of a `defs.yaml`, with a comment where each number comes from."""

import io
import re
from collections.abc import Mapping, Sequence

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from plant_assets.draft.columns import patterns
from plant_assets.draft.drafted import DraftedTag
from plant_assets.draft.sampling import DraftedSampling, DraftedWindows
from plant_assets.draft.series import ExportContents
from plant_assets.profile.load import PLANT_TYPE

_LISTED = 20
_BARE = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_./ -]*[A-Za-z0-9_])?")
"""Texts that need no quotes, in a list on one line either."""

_WORDS = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null")
"""Texts that readers of YAML 1.1 take for something else, such as a pump's `On` or `NO` in a flue gas."""


def write_document(
    attributes: Mapping[str, object],
    tags: Sequence[DraftedTag],
    exports: ExportContents,
    timing: DraftedSampling,
    windows: DraftedWindows,
) -> str:
    """The text of a drafted plant.

    Args:
        attributes: the profile's fields, in the order in which they are written.
        tags: what is said of each tag.
        exports: where the numbers come from.
        timing: what is said of the sampling.
        windows: what is said of the features.
    """
    profile = CommentedMap({key: _node(value) for key, value in attributes.items()})
    document = CommentedMap({"type": PLANT_TYPE, "attributes": profile})
    _head(document, str(attributes["name"]), exports)
    _sampling(profile["sampling"], timing)
    for node, tag in zip(profile["tags"], tags, strict=True):
        codes = [str(code) for code in exports.codes if code.tag == tag.series.name]
        _tag(node, tag, codes, exports.told_by)
    _columns(profile, exports)
    _rest(profile, tags, exports, windows)
    out = io.StringIO()
    yaml = YAML(typ="rt")
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(document, out)
    return out.getvalue()


def _node(value: object) -> object:
    """Mappings in blocks; lists of plain values on one line."""
    if isinstance(value, Mapping):
        return CommentedMap({_quoted(key): _node(item) for key, item in value.items()})
    if isinstance(value, list):
        sequence = CommentedSeq([_node(item) for item in value])
        if not any(isinstance(item, Mapping) for item in value) and len(value) <= _LISTED:
            sequence.fa.set_flow_style()
        return sequence
    if isinstance(value, str) and not _BARE.fullmatch(value):
        return DoubleQuotedScalarString(value)
    return _quoted(value)


def _quoted(value: object) -> object:
    return DoubleQuotedScalarString(value) if isinstance(value, str) and _WORDS.fullmatch(value) else value


def _head(document: CommentedMap, name: str, exports: ExportContents) -> None:
    head = "\n".join(_one_line(line) for line in exports.head.splitlines()) or _records(exports)
    document.yaml_set_start_comment(
        f"{head}\n"
        "Every number is a proposal, and the comments say where it comes from. After an edit:\n"
        f"`forewarn plant check {name}`, then `forewarn plant reload`; see docs/plants.md.\n"
    )


def _records(exports: ExportContents) -> str:
    times = exports.records["timestamp"]
    files = ", ".join(_one_line(file) for file in exports.files[:6])
    more = f" and {len(exports.files) - 6} more" if len(exports.files) > 6 else ""
    return (
        f"Drafted from {files}{more}:\n"
        f"{exports.records.height:,} values of {len(exports.series)} tags, "
        f"{times.min():%Y-%m-%d %H:%M} to {times.max():%Y-%m-%d %H:%M} UTC."
    )


def _sampling(node: CommentedMap, timing: DraftedSampling) -> None:
    node.yaml_add_eol_comment(timing.why, "interval")
    node.yaml_add_eol_comment(timing.hold_why, "hold_limit")
    node.yaml_add_eol_comment("as hold_limit", "stale_after")
    node.yaml_add_eol_comment(timing.frozen_why, "frozen_after")


def _tag(node: CommentedMap, tag: DraftedTag, codes: Sequence[str], told_by: str) -> None:
    bands = tag.bands
    odd = [*(f"{code} stands for no value, and is left out" for code in codes), *bands.flags]
    if odd:
        node.yaml_add_eol_comment(_one_line("; ".join(odd)), "name")
    node.yaml_add_eol_comment(bands.range_why, "range")
    if not tag.series.unit:
        node.yaml_add_eol_comment(f"no unit in the {told_by}", "unit")
    if "normal" in node:
        node.yaml_add_eol_comment("5 % to 95 % of the values", "normal")
    if bands.suggested and "normal" in node:
        limits = dict(zip(("LL", "L", "H", "HH"), bands.suggested, strict=True))
        text = ", ".join(f"{key}: {value:g}" for key, value in limits.items())
        before = f"limits: {{{text}}}  # 0.1 %, 1 %, 99 % and 99.9 % of the values"
        node.yaml_set_comment_before_after_key("process_unit", before=before, indent=6)
    if bands.state:
        node.yaml_add_eol_comment("0 and 1 alone: on and off, which may stay without being frozen", "state")
    if node.get("used") is False:
        why = "features use the deviation SP - PV instead" if node.get("role") == "sp" else bands.flags[0]
        node.yaml_add_eol_comment(_one_line(why), "used")


def _columns(profile: CommentedMap, exports: ExportContents) -> None:
    if exports.label:
        stretches = f"{exports.periods} stretches of rows" if exports.periods != 1 else "one stretch of rows"
        profile["reading"]["columns"].yaml_add_eol_comment(
            f"its abnormal rows are known alarms: {stretches}; remove the line if they are something else",
            exports.label,
        )
    if not exports.ignored:
        del profile["ignored_columns"]
        return
    profile.yaml_set_comment_before_after_key(
        "ignored_columns", before="Columns excluded from training.", indent=2
    )
    columns = profile["ignored_columns"]
    columns.fa.set_block_style()
    for place, why in enumerate(patterns(exports.ignored).values()):
        columns.yaml_add_eol_comment(why, place)


def _rest(
    profile: CommentedMap, tags: Sequence[DraftedTag], exports: ExportContents, windows: DraftedWindows
) -> None:
    if "history_window" in profile:
        profile.yaml_add_eol_comment(
            "what models learn from; more rows would not fit in memory", "history_window"
        )
    profile.yaml_set_comment_before_after_key(
        "features",
        before=f"Windows: {windows.why}. exceedance and slope_to_limit need limits L or H.",
        indent=2,
    )
    tag = next((tag for tag in tags if not tag.bands.state), tags[0]).series.name
    labels = (
        "What counts as an alarm; without labels the models learn unsupervised.\n"
        "labels:\n  alarm_rules:\n"
        f"    - {{name: too_high, when: {tag} > 100, description: what an operator should read}}"
    )
    profile.yaml_set_comment_before_after_key("horizons", before=labels, indent=2)
    profile.yaml_add_eol_comment(
        "add forecaster to models"
        if exports.periods
        else "hours ahead, such as [1h, 3h, 6h]; they need labels",
        "horizons",
    )
    profile.yaml_set_comment_before_after_key("budget", before="False alarms that are acceptable.", indent=2)
    profile["budget"].yaml_add_eol_comment(
        "intervals; at least half a minute, as an alarm that comes three times in a minute chatters",
        "off_delay",
    )


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
