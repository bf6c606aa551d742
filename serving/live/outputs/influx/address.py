"""Where a time-series store is and which protocol it speaks, told by one URL.

Belongs here: reading that URL. Doesn't belong here: talking to the store (`client.py`), its token (`serving/secret_file.py`).

- `influx1://[user@]host:8086/database`: InfluxDB 1; the secret is the user's password.
- `influx2://host:8086/organisation/bucket`: InfluxDB 2; the secret is a token.
- `influx3://host:8181/database`: InfluxDB 3; the secret is a token.
- `victoria://[user@]host:8428`: VictoriaMetrics; the secret is a user's password, else a bearer token.

With `+https` after the name (`influx2+https://…`) the connection is encrypted.
"""

import re
from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import unquote, urlsplit

from plant_assets.profile.variables import SettingsError

StoreKind = Literal["influx1", "influx2", "influx3", "victoria"]
FORMS: dict[StoreKind, str] = {
    "influx1": "influx1://host:8086/database",
    "influx2": "influx2://host:8086/organisation/bucket",
    "influx3": "influx3://host:8181/database",
    "victoria": "victoria://host:8428",
}
_PORTS: dict[StoreKind, int] = {"influx1": 8086, "influx2": 8086, "influx3": 8181, "victoria": 8428}
_PARTS: dict[StoreKind, int] = {"influx1": 1, "influx2": 2, "influx3": 1, "victoria": 0}
_SCHEME = re.compile(rf"({'|'.join(get_args(StoreKind))})(\+https)?")


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A store.

    Attributes:
        base: `http://host:port`.
        database: of InfluxDB 1 and 3, and the bucket of InfluxDB 2; empty for VictoriaMetrics.
        organisation: of InfluxDB 2.
        user: whose password the secret is; empty: the secret is a token.
    """

    kind: StoreKind
    base: str
    database: str = ""
    organisation: str = ""
    user: str = ""

    @property
    def public_text(self) -> str:
        """For people: never holds a secret, as the URL has none."""
        place = "/".join(filter(None, (self.organisation, self.database)))
        return f"{self.kind} {self.base}/{place}".rstrip("/")


def parse_address(url: str, name: str = "FOREWARN_TSDB_URL") -> StoreAddress:
    """Read a store's URL.

    Args:
        url: as this module's head describes.
        name: where it was given, for people.

    Raises:
        SettingsError: anything else, or a password within it.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"{name}: {error}; expected {_known_forms()}") from None
    scheme = _SCHEME.fullmatch(parts.scheme)
    if scheme is None or not parts.hostname:
        raise SettingsError(f"{name}: got {_without_password(url)!r}; expected {_known_forms()}")
    kind: StoreKind = next(kind for kind in FORMS if kind == scheme[1])
    if parts.password is not None:
        raise SettingsError(
            f"{name}: a password in the URL; expected it in the file FOREWARN_TSDB_TOKEN_FILE names"
        )
    places = [unquote(part) for part in parts.path.split("/") if part]
    if len(places) != _PARTS[kind] or parts.query or parts.fragment:
        raise SettingsError(f"{name}: got {url!r}; expected {FORMS[kind]}")
    if parts.username and kind in ("influx2", "influx3"):
        raise SettingsError(f"{name}: a user in the URL; expected {FORMS[kind]} and a token in a file")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return StoreAddress(
        kind,
        f"{'https' if scheme[2] else 'http'}://{host}:{port or _PORTS[kind]}",
        database=places[-1] if places else "",
        organisation=places[0] if len(places) > 1 else "",
        user=unquote(parts.username or ""),
    )


def _known_forms() -> str:
    return ", ".join(FORMS.values())


def _without_password(url: str) -> str:
    return re.sub(r":[^/@]*@", ":…@", url)
