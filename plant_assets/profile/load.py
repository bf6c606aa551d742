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
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from plant_assets.profile.broken_yaml import broken
from plant_assets.profile.faults import Place, faults
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.plain_yaml import key_of_parts_at, read_plain, too_deep_at

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
    if (profile := _quickly(path)) is not None:
        return profile
    document = _parse(path)
    attributes = document.get("attributes")
    if not isinstance(attributes, CommentedMap):
        line = document.lc.key("attributes")[0] + 1 if "attributes" in document else 1
        raise ProfileError(
            f"{path.parent.name}/{path.name}:{line}: attributes: expected the plant's profile, each field as "
            f"`name: value` and indented, got {_kind(attributes)}"
        )
    if document.get("type") != PLANT_TYPE:
        line = document.lc.key("type")[0] + 1 if "type" in document else 1
        raise ProfileError(
            f"{path.parent.name}/{path.name}:{line}: type: expected {PLANT_TYPE}, got {_kind(document.get('type'))}"
        )
    profile = build_profile(attributes, path)
    if profile.name != path.parent.name:
        raise ProfileError(
            f"{path.parent.name}/{path.name}:{_line_of(attributes, ('name',))}: attributes.name: "
            f"expected the folder's name {path.parent.name!r}, got {profile.name!r}"
        )
    return profile


def _quickly(path: Path) -> PlantProfile | None:
    """The profile of a sound file; None where the other reader has to tell what is wrong, and in which line."""
    document = _mapping(path)
    attributes = document.get("attributes")
    if not isinstance(attributes, Mapping) or document.get("type") != PLANT_TYPE:
        return None
    try:
        profile = build_profile(attributes, path)
    except ProfileError:
        return None
    return profile if profile.name == path.parent.name else None


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
    said = f"expected a prefix of its own, {profile.registry_prefix!r} is that of plant {other!r}"
    return fault_at(path, ("registry_prefix",), said)


def fault_at(path: Path, place: tuple[str | int, ...], said: str) -> ProfileError:
    """A fault at a place of a sound file's attributes, with its line."""
    line = _line_of(_parse(path)["attributes"], place)
    return ProfileError(f"{path.parent.name}/{path.name}:{line}: attributes{_dotted(place)}: {said}")


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
        inherited = _extended(attributes, path, base)
        taken = {key: value for key, value in inherited.items() if key != "registry_prefix"}
        merged = _overlay(taken, merged)
    try:
        return PlantProfile.model_validate(merged)
    except ValidationError as error:
        lines = [_fault(attributes, path, place, said) for place, said in faults(error)]
        raise ProfileError("\n".join(lines)) from None


def _fault(attributes: Mapping[str, Any], path: Path, place: Place, said: str) -> str:
    """One fault: file, line, YAML path and sentence."""
    line = _line_of(attributes, place)
    return f"{path.parent.name}/{path.name}:{line}: attributes{_dotted(place)}: {said}"


def _extended(attributes: Mapping[str, Any], path: Path, base: object) -> Mapping[str, Any]:
    """The attributes of the plant that another one extends; there is one step only, so there are no circles."""
    known = [name for name in plant_names(path.parent.parent) if name != path.parent.name]
    if base == path.parent.name:
        said = "a plant can't extend itself"
    elif not isinstance(base, str) or base not in known:
        near = difflib.get_close_matches(str(base), known, n=1)
        hint = f"; did you mean {near[0]}?" if near else f" beside it (plants: {', '.join(known) or 'none'})"
        said = f"no plant {base!r}{hint}"
    else:
        inherited = _mapping(path.parent.parent / base / "defs.yaml").get("attributes")
        if isinstance(inherited, Mapping) and "extends" not in inherited:
            return inherited
        own = "extends another itself; expected one that extends none"
        said = f"{base!r} {own if isinstance(inherited, Mapping) else 'has no attributes'}"
    raise ProfileError(_fault(attributes, path, ("extends",), said))


def _overlay(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**base, **over}
    for key in base.keys() & over.keys():
        if isinstance(base[key], Mapping) and isinstance(over[key], Mapping):
            merged[key] = _overlay(base[key], over[key])
    return merged


def _mapping(path: Path) -> Mapping[str, Any]:
    """A file's mapping, without lines where it is plain."""
    plain = read_plain(_text(path))
    return _parse(path) if plain is None else plain


def _text(path: Path) -> str:
    place = f"{path.parent.name}/{path.name}"
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ProfileError(f"{place}:{line}: not UTF-8 text ({error.reason})") from None
    except OSError as error:
        raise ProfileError(f"{place}:1: expected a file that can be read ({error.strerror})") from None


def _parse(path: Path) -> CommentedMap:
    place, text = f"{path.parent.name}/{path.name}", _text(path)
    if (deep := too_deep_at(text)) is not None:
        raise ProfileError(f"{place}:{deep}: nested too deeply for a profile")
    try:
        document = YAML(typ="rt").load(text)
    except TypeError:  # the reader can't hash such a key
        line = key_of_parts_at(text)
        raise ProfileError(
            f"{place}:{line}: expected a name, then ': '; got a key that has parts of its own"
        ) from None
    except (YAMLError, ValueError, RecursionError) as error:
        line, said = broken(error)
        raise ProfileError(f"{place}:{line}: {said}") from None
    if not isinstance(document, CommentedMap):
        raise ProfileError(f"{place}:1: expected a mapping with type and attributes")
    return document


def _kind(value: object) -> str:
    """What stands where something else was expected."""
    if value is None:
        return "nothing"
    return "a list" if isinstance(value, list) else repr(value)[:60]


def _dotted(location: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _line_of(node: Any, location: tuple[str | int, ...]) -> int:
    """Line of the deepest part of the path that is written in the file."""
    line = node.lc.line if isinstance(node, CommentedMap) else 0
    for part in location:
        try:
            if isinstance(node, CommentedMap) and part in node:
                line = node.lc.key(part)[0]
            elif isinstance(node, CommentedSeq) and isinstance(part, int):
                line = node.lc.item(part)[0]
            else:
                break
            node = node[part]
        except (KeyError, IndexError):
            break
    return line + 1
