"""Whom load is sent to: a server and one of its plants.

Belongs here: addresses, asking a server for its plants. Doesn't belong here: predictions.
"""

import asyncio
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import orjson

from plant_assets.load.client import LoadClient
from plant_assets.load.plan import LoadError

_PLANT = re.compile(r"(.*)/plants/([a-z][a-z0-9_]{0,39})(/.*)?")
_ASKED_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class LoadTarget:
    """A plant of an inference service.

    Attributes:
        base: the service's address, without a slash at its end.
        plant: its name; empty: the service's default.
    """

    base: str
    plant: str = ""

    @property
    def address(self) -> str:
        """Of the plant; its routes follow."""
        return f"{self.base}/plants/{self.plant}" if self.plant else self.base

    @property
    def is_this_machine(self) -> bool:
        """Whether the address is a loopback one."""
        host = urlsplit(self.base).hostname or ""
        if host == "localhost":
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False


def target_at(address: str, plant: str | None = None) -> LoadTarget:
    """Read an address: of a service, of a plant (`…/plants/<name>`), or of either's `/predict`.

    Raises:
        LoadError: no HTTP address, one with a password or of another route, or one of another plant than the one named.
    """
    url = _split(address)
    if url is None:
        raise LoadError(f"url: expected an address such as http://127.0.0.1:7502, got {address!r}")
    if url.username is not None or url.query or url.fragment:
        raise LoadError("url: expected an address without user, password, ? and #")
    base, named = address.rstrip("/").removesuffix("/predict").rstrip("/"), ""
    if match := _PLANT.fullmatch(base):
        base, named = match[1], match[2]
        if route := match[3]:
            raise LoadError(f"url: expected {base}/plants/{named} or its /predict, got {route!r} after it")
    if plant is not None and named and plant != named:
        raise LoadError(f"plant: expected {named!r}, which url names, or none; got {plant!r}")
    return LoadTarget(base, plant or named)


def _split(address: str) -> SplitResult | None:
    """The parts of an HTTP address; None of anything else."""
    try:
        url = urlsplit(address)
        sound = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return None
    return url if sound and address.isprintable() and " " not in address else None


def known_target(target: LoadTarget) -> LoadTarget:
    """The target with its plant, as the server knows it.

    Raises:
        LoadError: the server can't be reached, doesn't have the plant, or doesn't tell which is its default.
    """
    return asyncio.run(_find_target(target))


async def _find_target(target: LoadTarget) -> LoadTarget:
    async with LoadClient() as client:
        deadline = asyncio.get_running_loop().time() + _ASKED_WITHIN_S
        reply = await client.ask("GET", f"{target.base}/plants", None, deadline)
    if reply.fault and not reply.content:
        raise LoadError(
            f"{target.base}: {reply.fault}; start the platform with `make up`, or give another --url"
        )
    plants = _plants(reply.content) if not reply.fault else {}
    if target.plant:
        if plants and target.plant not in plants:
            raise LoadError(
                f"plant: {target.base} has no {target.plant!r}; expected one of {', '.join(plants)}"
            )
        return target
    default = next((name for name, is_default in plants.items() if is_default), None)
    if default is None:
        raise LoadError(f"{target.base}: does not report its default plant; give one with --plant")
    return LoadTarget(target.base, default)


def _plants(content: bytes) -> dict[str, bool]:
    """Name → whether it is the default one; empty where the answer is another document."""
    try:
        plants = orjson.loads(content)["plants"]
        return {one["name"]: one.get("default") is True for one in plants if isinstance(one["name"], str)}
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return {}
