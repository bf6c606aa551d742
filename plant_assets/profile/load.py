"""Reads plant profiles from `defs.yaml` files, with errors that name the line and the YAML path.

Serving and the command line read profiles here, without Dagster; the `Plant` component shares the model.
"""

import difflib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from plant_assets.profile.faults import faults
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.yaml_text import Place, YamlDocument, YamlFault, parse_yaml

DEFS_FOLDER = Path(__file__).parent.parent / "defs"
PLANT_TYPE = "plant_assets.components.Plant"
_PREFIX = re.compile(r"registry_prefix\W+(\w+)")
_TYPE = re.compile(rb"""^type:\s*["']?([\w.]+)""", re.MULTILINE)


class ProfileError(ValueError):
    """A profile that can't be used; a line for each fault: file, line, YAML path, what was expected."""


def load_profile(name: str, defs_folder: Path = DEFS_FOLDER) -> PlantProfile:
    """Load one plant by name.

    Raises:
        ProfileError: no such plant, or its YAML is at fault.
    """
    if Path(name).name != name:
        raise ProfileError(f"{name!r}: expected a plant's name, not a path")
    path = defs_folder / name / "defs.yaml"
    if not path.exists():
        known = ", ".join(plant_names(defs_folder)) or "none"
        raise ProfileError(
            f"no plant {name!r}: expected {path.name} in {path.parent.name}/ (plants: {known})"
        )
    return read_profile(path)


def plant_names(defs_folder: Path = DEFS_FOLDER) -> list[str]:
    """Folders with a `defs.yaml` that is, or is meant to be, a plant's."""
    return sorted(path.parent.name for path in defs_folder.glob("*/defs.yaml") if _is_plant(path))


def is_plant(content: bytes) -> bool:
    """Whether a `defs.yaml` is meant to be a plant's: all but those whose `type` is that of another component.

    Misspelt, cut off or damaged it is a plant at fault, of which people are told, and not one that has gone.
    """
    found = _TYPE.search(content)
    if found is None:
        return True
    named = found[1].decode()
    last = named.rpartition(".")[2]
    return any(
        difflib.get_close_matches(*pair, cutoff=0.7) for pair in ((named, [PLANT_TYPE]), (last, ["Plant"]))
    )


def _is_plant(path: Path) -> bool:
    try:
        return is_plant(path.read_bytes())
    except FileNotFoundError:
        return False  # it went just now
    except OSError:
        return True  # told where it is loaded


def read_profile(path: Path) -> PlantProfile:
    """Read and check one `defs.yaml`.

    Raises:
        ProfileError: with one line a fault.
    """
    document = _parse(path)
    attributes, kind = document.data.get("attributes"), document.data.get("type")
    if not isinstance(attributes, Mapping):
        raise _fault(
            path,
            document,
            ("attributes",),
            f"expected the plant's profile, each field as `name: value` and indented, got {_kind(attributes)}",
        )
    if kind != PLANT_TYPE:
        raise _fault(path, document, ("type",), f"expected {PLANT_TYPE}, got {_kind(kind)}")
    profile = build_profile(attributes, path)
    if profile.name != path.parent.name:
        said = f"expected the folder's name {path.parent.name!r}, got {profile.name!r}"
        raise _fault(path, document, ("attributes", "name"), said)
    return profile


def check_registry_prefix(profile: PlantProfile, path: Path, *, first_keeps: bool = False) -> None:
    """Refuse a plant whose models would stand under the names of another plant's.

    Other plants are only looked through for the prefix, and loaded where it is found.

    Args:
        profile: the plant, as it was loaded.
        path: its `defs.yaml`; the other plants' lie beside its folder.
        first_keeps: whether the first plant by name may have the prefix, so that one of them runs.

    Raises:
        ProfileError: another plant beside it that loads has the same prefix.
    """
    for other in sorted(path.parent.parent.glob("*/defs.yaml")):
        name = other.parent.name
        if name == path.parent.name:
            if first_keeps:
                return
        elif _names_prefix(other, profile.registry_prefix) and _prefix_of(other) == profile.registry_prefix:
            raise prefix_taken(profile, path, name)


def prefix_taken(profile: PlantProfile, path: Path, other: str) -> ProfileError:
    """The fault of a plant whose registry prefix plant `other` has."""
    said = f"expected a unique prefix; {profile.registry_prefix!r} belongs to plant {other!r}"
    return fault_at(path, ("registry_prefix",), said)


def fault_at(path: Path, place: Place, said: str) -> ProfileError:
    """A fault at a place of a file's attributes, with its line."""
    return _fault(path, _parse(path), ("attributes", *place), said)


def _fault(path: Path, document: YamlDocument, place: Place, said: str) -> ProfileError:
    """One fault: file, line, YAML path and sentence."""
    return ProfileError(
        f"{path.parent.name}/{path.name}:{document.line_of(place)}: {_dotted_path(place).removeprefix('.')}: {said}"
    )


def _names_prefix(path: Path, prefix: str) -> bool:
    try:
        return prefix in _prefixes_in(path, path.stat().st_mtime_ns)
    except OSError:
        return False  # told where that plant is checked


@lru_cache(maxsize=1024)
def _prefixes_in(path: Path, _changed: int) -> frozenset[str]:
    """What follows each `registry_prefix` in the text, comments included: parsing 50 plants takes seconds."""
    return frozenset(_PREFIX.findall(path.read_text("utf-8", errors="replace")))


def _prefix_of(path: Path) -> str | None:
    try:
        return load_profile(path.parent.name, path.parent.parent).registry_prefix
    except ProfileError:
        return None  # told where that plant is checked


def build_profile(attributes: Mapping[str, Any], path: Path) -> PlantProfile:
    """Check a profile's attributes, first laying them over the plant that they extend.

    `extends: other` takes from plant `other` whatever is not given here: mappings are merged key by
    key, lists and single values given here replace those of `other`. The registry prefix isn't taken: models
    of two plants must not stand under one name.
    """
    merged = dict(attributes)
    if (base := merged.pop("extends", None)) is not None:
        inherited = _extended_attributes(path, base)
        taken = {key: value for key, value in inherited.items() if key != "registry_prefix"}
        merged = _overlay(taken, merged)
    try:
        return PlantProfile.model_validate(merged)
    except ValidationError as error:
        lines = [str(fault_at(path, place, said)) for place, said in faults(error)]
        raise ProfileError("\n".join(lines)) from None


def _extended_attributes(path: Path, base: object) -> Mapping[str, Any]:
    """The attributes of the plant that another one extends; there is one step only, so there are no circles."""
    known = [name for name in plant_names(path.parent.parent) if name != path.parent.name]
    if base == path.parent.name:
        said = "a plant can't extend itself"
    elif not isinstance(base, str) or base not in known:
        near = difflib.get_close_matches(str(base), known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f" beside it (plants: {', '.join(known) or 'none'})"
        said = f"no plant {base!r}{hint}"
    else:
        inherited = _parse(path.parent.parent / base / "defs.yaml").data.get("attributes")
        if isinstance(inherited, Mapping) and "extends" not in inherited:
            return inherited
        own = "extends another plant itself; expected one that extends none"
        said = f"{base!r} {own if isinstance(inherited, Mapping) else 'has no attributes'}"
    raise fault_at(path, ("extends",), said)


def _overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**base, **over}
    for key in base.keys() & over.keys():
        if isinstance(base[key], Mapping) and isinstance(over[key], Mapping):
            merged[key] = _overlay(base[key], over[key])
    return merged


def _text(path: Path) -> str:
    place = f"{path.parent.name}/{path.name}"
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ProfileError(f"{place}:{line}: not UTF-8 text ({error.reason})") from None
    except OSError as error:
        raise ProfileError(f"{place}:1: expected a readable file ({error.strerror})") from None


def _parse(path: Path) -> YamlDocument:
    try:
        return parse_yaml(_text(path))
    except YamlFault as fault:
        raise ProfileError(f"{path.parent.name}/{path.name}:{fault.line}: {fault}") from None


def _kind(value: object) -> str:
    """What stands where something else was expected."""
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list) else repr(value)[:60]


def _dotted_path(location: Place) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
