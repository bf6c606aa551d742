"""The names of all settings, so that either side of the platform can refuse a misspelt one."""

import difflib
from collections.abc import Iterable

KNOWN = frozenset(
    {
        "FOREWARN_HOME",
        "FOREWARN_DROP",
        "FOREWARN_DEFS",
        "FOREWARN_DATABASE_URL",
        "FOREWARN_LAKE",
        "FOREWARN_MLFLOW_URL",
        "FOREWARN_FEATURE_ENGINE",
        "FOREWARN_EXECUTOR",
        "FOREWARN_DEFAULT_PLANT",
        "FOREWARN_DEMO",
        "FOREWARN_HOST",
        "FOREWARN_MAX_DROP_MB",
        "FOREWARN_POLL_SECONDS",
        "FOREWARN_MAX_BODY_MB",
        "FOREWARN_PORT_DAGSTER",
        "FOREWARN_PORT_CODE",
        "FOREWARN_PORT_MLFLOW",
        "FOREWARN_PORT_INFERENCE",
        # read by the tests alone
        "FOREWARN_REAL_DATA",
        "FOREWARN_REQUIRE_SERVICES",
    }
)


class UnknownSettingError(ValueError):
    """An environment variable that looks like a setting and is none."""


def refuse_unknown(names: Iterable[str]) -> None:
    """Check environment variable names.

    Raises:
        UnknownSettingError: a `FOREWARN_…` name that no part of the platform reads, with the nearest.
    """
    for name in sorted(names):
        if name.startswith("FOREWARN_") and name not in KNOWN:
            near = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0)[0]
            raise UnknownSettingError(
                f"{name}: no such setting; did you mean {near}? .env.example lists them all"
            )
