"""Which columns belong to one control loop: process value, output and set point, told by their names."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from plant_assets.draft.titles import valid_name
from plant_assets.ingest.layouts.units import split_unit
from plant_assets.ingest.layouts.words import LOOP_SUFFIXES
from plant_assets.profile.tag import Role


@dataclass(frozen=True, slots=True)
class LoopPart:
    """A column's part in a control loop."""

    controller: str
    role: Role


def loops(titles: Iterable[str]) -> dict[str, LoopPart]:
    """The titles that are parts of control loops.

    A loop has a process value, `FIC101.PV` or `FIC101` itself, and a set point or an output; what is left over stays
    an indicator. Known are PV, SP/SV/SETPOINT and OP/OUT/MV/CO/CV after a dot, underscore, hyphen, slash or blank.
    """
    bases: dict[str, dict[Role, str]] = {}
    plain_titles: dict[str, str] = {}
    for title in titles:
        bare = split_unit(title)[0]
        plain_titles.setdefault(bare.casefold(), title)
        for role, pattern in LOOP_SUFFIXES.items():
            if match := pattern.fullmatch(bare):
                bases.setdefault(match[1].casefold(), {}).setdefault(role, title)
                break
    found: dict[str, LoopPart] = {}
    names: set[str] = set()
    for base, roles in bases.items():
        if "pv" not in roles and base in plain_titles:
            roles["pv"] = plain_titles[base]
        if "pv" not in roles or len(roles) < 2 or roles["pv"] in found:
            continue
        controller = valid_name(_written(base, roles))
        if controller.casefold() in names:
            continue
        names.add(controller.casefold())
        found |= {title: LoopPart(controller, role) for role, title in roles.items()}
    return found


def _written(base: str, roles: dict[Role, str]) -> str:
    """The loop's name in the case that the export writes it in, without a server's or an area's name."""
    bare = split_unit(next(iter(roles.values())))[0]
    return re.split(r"[\\|!:]+", bare[: len(base)])[-1]
