"""Who may do what: four roles, each with the rights of those before it."""

from typing import Literal

Role = Literal["viewer", "operator", "engineer", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "operator", "engineer", "admin")


def reaches(role: str, least: Role) -> bool:
    """Whether a role has the rights of another."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(least)
