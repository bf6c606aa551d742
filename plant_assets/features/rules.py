"""Alarm rules, transition rules and recommendations: SQL conditions over tags and features, read by Polars' SQL.

Belongs here: reading an expression, the names it uses, and errors that name the rule; the pipeline and the services
refuse the same ones. Doesn't belong here: which rows become which label (`plant_assets.labels.label`).
"""

import difflib
import re
from collections.abc import Collection, Sequence
from pathlib import Path

import polars as pl

from plant_assets.features.errors import FeatureError
from plant_assets.features.spec import SHORT_NAMES, feature_specs, parse_feature
from plant_assets.profile.load import ProfileError, fault_at
from plant_assets.profile.model import LabelRule, PlantProfile

OF_ANSWERS = ("risk_score", "failure_frequency_48")
"""What recommendations may name besides tags, deviations and features: the champion's answer, and how many rows of
the last 48 hours were in alarm."""


class RuleError(ValueError):
    """A rule that can't be read or evaluated; the text names the rule and what was expected."""


def read_rule(rule: LabelRule) -> pl.Expr:
    """The rule's condition as an expression; a row where it can't be told (a null) doesn't meet it.

    Raises:
        RuleError: the text is no SQL condition.
    """
    try:
        return pl.sql_expr(rule.when).fill_null(value=False)
    except pl.exceptions.PolarsError as error:
        raise RuleError(
            f"rule {rule.name!r}: expected an SQL condition such as 'PDT31008 > 300', "
            f"got {rule.when!r}: {error}"
        ) from None


def names_of(rule: LabelRule) -> tuple[str, ...]:
    """Tags and features that the rule reads, in the order of their names.

    Raises:
        RuleError: the text is no SQL condition.
    """
    return tuple(sorted(set(read_rule(rule).meta.root_names())))


def reads_as_name(text: str) -> bool:
    """Whether a rule can name a tag like this without quotes: `limit` and `null` are words of SQL."""
    try:
        return pl.sql_expr(f"{text} > 0").meta.root_names() == [text]
    except pl.exceptions.PolarsError:
        return False


def check_rules(profile: PlantProfile) -> None:
    """Check a profile's alarm and transition rules and recommendations: readable, true or false, over names of the plant.

    Raises:
        RuleError: the first fault, with its YAML path and the nearest known name.
    """
    if found := rule_faults(profile):
        raise found[0]


def rule_faults(profile: PlantProfile) -> list[RuleError]:
    """What is wrong with each of them, in the order in which profiles have them."""
    known = {*profile.columns, *profile.deviations}
    advisable = known | {*OF_ANSWERS}
    labels = {"alarm_rules": profile.labels.alarm_rules, "transition_rules": profile.labels.transition_rules}
    asked = [
        (rule, f"labels.{kind}[{place}].when", known)
        for kind, rules in labels.items()
        for place, rule in enumerate(rules)
    ]
    asked += [
        (
            LabelRule(name=f"recommendation_{place}", when=advice.when),
            f"recommendations[{place}].when",
            advisable,
        )
        for place, advice in enumerate(profile.recommendations)
    ]
    found = []
    for rule, path, names in asked:
        try:
            _check(rule, path, profile, names)
        except RuleError as error:
            found.append(error)
    return found


def check_rules_of(profile: PlantProfile, path: Path) -> None:
    """`check_rules`, and whether the features can be built, as a fault of the file that the profile was read from.

    Raises:
        ProfileError: each fault, with its line.
    """
    faults = []
    try:
        feature_specs(profile)
    except FeatureError as error:
        kind = next(
            (k for k, short in SHORT_NAMES.items() if f"_{short}_" in str(error).partition(":")[0]), None
        )
        faults.append(fault_at(path, ("features", kind) if kind else ("features",), str(error)))
    for error in rule_faults(profile):
        place, _, said = str(error).partition(": ")
        parts = [int(part) if part.isdecimal() else part for part in re.findall(r"\w+", place)]
        faults.append(fault_at(path, tuple(parts), said))
    if faults:
        raise ProfileError("\n".join(map(str, faults)))


def _check(rule: LabelRule, path: str, profile: PlantProfile, known: Collection[str]) -> None:
    try:
        names = names_of(rule)
        if not names:
            raise RuleError(
                f"rule {rule.name!r}: expected a condition over tags or features, {rule.when!r} names none; "
                "quote a tag named like an SQL word, as in '\"null\" > 3'"
            )
        for name in names:
            if name not in known and not _is_feature(rule, name, profile):
                raise RuleError(_unknown(rule, name, known))
        evaluate(pl.DataFrame(schema=dict.fromkeys(names, pl.Float64)), [rule])
    except RuleError as error:
        raise RuleError(f"{path}: {error}") from None


def label_sources(profile: PlantProfile) -> list[str]:
    """Columns of the raw table that labels are made from: those behind the rules' names, and the time."""
    found = {"timestamp"}
    for rule in (*profile.labels.alarm_rules, *profile.labels.transition_rules):
        for name in names_of(rule):
            spec = parse_feature(name, profile)
            source = spec.source if spec else name
            found.update(profile.deviations.get(source, (source,)))
    return sorted(found)


def missing_names(rules: Sequence[LabelRule], columns: Collection[str]) -> tuple[str, ...]:
    """Names that the rules read and the table lacks: features to compute first."""
    return tuple(sorted({n for rule in rules for n in names_of(rule)} - set(columns)))


def evaluate(frame: pl.DataFrame, rules: Sequence[LabelRule]) -> pl.DataFrame:
    """One Boolean column a rule, named after it, of the frame's height.

    Raises:
        RuleError: a rule names a column that the frame lacks, or isn't true or false.
    """
    for rule in rules:
        for name in names_of(rule):
            if name not in frame.columns:
                raise RuleError(_unknown(rule, name, frame.columns))
    try:
        met = frame.select(read_rule(rule).alias(rule.name) for rule in rules)
    except pl.exceptions.PolarsError as error:
        raise RuleError(
            f"rules {', '.join(r.name for r in rules)}: expected comparisons of tags and features, such as "
            f"'PDT31008 > 300', joined by AND, OR and NOT: {error}"
        ) from None
    for rule in rules:
        if met.schema[rule.name] != pl.Boolean:
            raise RuleError(
                f"rule {rule.name!r}: expected a condition that is true or false, "
                f"{rule.when!r} is {met.schema[rule.name]}"
            )
    return met


def _is_feature(rule: LabelRule, name: str, profile: PlantProfile) -> bool:
    try:
        return parse_feature(name, profile) is not None
    except FeatureError as error:
        raise RuleError(f"rule {rule.name!r}: {error}") from None


def _unknown(rule: LabelRule, name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.0)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"rule {rule.name!r}: no tag, deviation or feature {name!r} in {rule.when!r}{hint}"
