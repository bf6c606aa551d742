"""Asks a running site for its signals, for `forewarn plant new --from sparkplug://… | opc.tcp://…`.

Belongs here: addresses, and what the sources of live readings find there as signals of a draft. Doesn't belong here:
asking (`serving.live.sources`), drafting (`plant_assets.draft`).
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast, get_args
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from plant_assets.cli.new_plant import NewPlantError
from plant_assets.draft.live import SiteDescription
from plant_assets.draft.signals import LiveSignal
from plant_assets.ingest.layouts.units import tidy_unit
from plant_assets.profile.durations import parse_duration
from plant_assets.profile.live_opcua import OpcuaSecurity, check_address
from plant_assets.profile.variables import SettingsError

if TYPE_CHECKING:
    from serving.broker.address import BrokerAddress
    from serving.live.sources.sparkplug.births import BornMetric
    from serving.live.sources.sparkplug.topics import EdgeName
    from serving.settings import ServingSettings

SPARKPLUG, OPCUA = ("sparkplug://", "sparkplugs://"), ("opc.tcp://",)
_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.]+://")
_SCHEMES = {"sparkplug": "mqtt", "sparkplugs": "mqtts"}
_EDGE = "expected sparkplug://broker[:port]/group/edge[/device], or sparkplugs://… for TLS"


@dataclass(frozen=True, slots=True)
class SiteOptions:
    """What a person tells of a site beside its address.

    Attributes:
        user, security, root: of OPC UA; the node below which variables are looked for.
        wait_s: how long a birth is waited for.
    """

    user: str = ""
    security: OpcuaSecurity = "none"
    root: str = ""
    wait_s: float = 10.0


def check_security(text: str) -> OpcuaSecurity:
    """A security policy by its name.

    Raises:
        NewPlantError: it is none.
    """
    if text not in get_args(OpcuaSecurity):
        raise NewPlantError(f"--security {text}: expected one of {', '.join(get_args(OpcuaSecurity))}")
    return cast(OpcuaSecurity, text)


def check_interval(text: str) -> timedelta:
    """An interval of rows.

    Raises:
        NewPlantError: no duration.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise NewPlantError(f"--interval: {error}") from None


def find_site(origins: Sequence[str]) -> str:
    """The running site among what `--from` names; empty where all are files.

    Raises:
        NewPlantError: it stands beside others.
    """
    sites = [origin for origin in origins if _ADDRESS.match(origin)]
    if sites and len(origins) > 1:
        raise NewPlantError(f"--from {sites[0]}: expected nothing beside a running site")
    return sites[0] if sites else ""


def describe_site(address: str, plant: str, options: SiteOptions) -> SiteDescription:
    """What a site says of its signals.

    Args:
        address: of an edge node, or of an OPC UA server.
        plant: its name; a password for OPC UA stands in a file of this name.
        options: what a person tells beside it.

    Raises:
        NewPlantError: an address that can't be used, or a site that doesn't answer; the text says which.
    """
    from serving.broker.connection import BrokerFault
    from serving.live.sources.opcua.faults import OpcuaFault
    from serving.settings import read_settings

    try:
        settings = read_settings()
        if address.lower().startswith(OPCUA):
            return asyncio.run(_describe_server(address, plant, settings, options))
        if address.lower().startswith(SPARKPLUG):
            return asyncio.run(_describe_edge(address, options.wait_s, settings))
    except (SettingsError, BrokerFault, OpcuaFault) as error:
        raise NewPlantError(f"--from {address}: {error}") from None
    raise NewPlantError(
        f"--from {address}: expected a file, sparkplug://broker[:port]/group/edge[/device], or opc.tcp://host:port[/path]"
    )


async def _describe_edge(address: str, wait_s: float, settings: "ServingSettings") -> SiteDescription:
    from serving.live.sources.sparkplug.discover import ask_births

    broker, node, device = _edge(address, settings)
    answer = await ask_births(broker, node, device, wait_s)
    place = f"the births of edge node {node}" if device is None else f"the birth of device {device} of {node}"
    born = {one: part for one, part in answer.devices.items() if device in (None, one)}
    if not born:
        raise NewPlantError(
            f"--from {address}: {_no_birth(answer.messages, device, list(answer.devices), wait_s)}"
            + "".join(f"; {fault}" for fault in answer.faults[:1])
        )
    signals: list[LiveSignal] = []
    left_out: dict[str, str] = {}
    for one, part in born.items():
        for metric in part.by_name.values():
            full = metric.name if device is not None or one is None else f"{one}/{metric.name}"
            if metric.is_value:
                signals.append(_signal(full, metric))
            elif not metric.is_own:
                left_out[full] = "no number"

    def live(tags: Mapping[str, str]) -> dict[str, object]:
        names = {key: tag for key, tag in tags.items() if key.casefold() != tag.casefold()}
        return {
            "sparkplug": {
                "group": node.group,
                "edge": node.edge,
                **({"device": device} if device is not None else {}),
                **({"names": names} if names else {}),
            }
        }

    needs = "" if settings.mqtt_url else f"set FOREWARN_MQTT_URL={broker.place}"
    return SiteDescription(f"{place} on {broker.place}", "birth", signals, live, left_out, needs)


def _no_birth(messages: int, device: str | None, others: list[str | None], wait_s: float) -> str:
    named = ", ".join(sorted(other for other in others if other is not None)[:8])
    wanted = "birth" if device is None else f"birth of device {device!r}"
    seen = (
        f"it has devices {named}"
        if named
        else f"{messages} other messages came"
        if messages
        else "nothing came"
    )
    return (
        f"no {wanted} came within {wait_s:g} s after a request for a rebirth ({seen}); expected an edge node that is "
        "online, a user that may publish NCMD, or a longer --wait"
    )


def _edge(address: str, settings: "ServingSettings") -> "tuple[BrokerAddress, EdgeName, str | None]":
    """The broker, the edge node and the device of an address.

    The broker is that of `FOREWARN_MQTT_URL`, with its login, or one where none is set: live readings come from there.
    """
    from serving.live.sources.sparkplug.topics import EdgeName

    url = urlsplit(address)
    parts = [unquote(part) for part in url.path.removeprefix("/").split("/")]
    try:
        port = url.port
    except ValueError:
        raise NewPlantError(f"--from {address}: {_EDGE}") from None
    if url.password is not None:
        raise NewPlantError(
            "--from: holds a password; expected it in a file, FOREWARN_MQTT_PASSWORD_FILE, mode 0600"
        )
    sound = len(parts) in (2, 3) and all(parts) and not any(set(part) & set("+#/") for part in parts)
    if not sound or not url.hostname or url.query or url.fragment:
        raise NewPlantError(f"--from {address}: {_EDGE}")
    broker = _broker(url, settings)
    is_other = (url.hostname, port or broker.port) != (broker.host, broker.port)
    if is_other or unquote(url.username or broker.user) != broker.user:
        raise NewPlantError(
            f"--from {address}: another broker or user than that of FOREWARN_MQTT_URL, {broker.place}; "
            "expected that one, as live readings come from it"
        )
    return broker, EdgeName(parts[0], parts[1]), parts[2] if len(parts) == 3 else None


def _broker(url: SplitResult, settings: "ServingSettings") -> "BrokerAddress":
    """The settings' broker, else the address' with the settings' files."""
    from serving.broker.address import read_broker

    if not settings.mqtt_url:
        place = urlunsplit((_SCHEMES[url.scheme], url.netloc, "", "", ""))
        settings = settings.model_copy(update={"mqtt_url": place})
    broker = read_broker(settings)
    assert broker is not None
    return broker


def _signal(full: str, metric: "BornMetric") -> LiveSignal:
    from serving.live.sources.sparkplug.payload import BOOLEAN

    return LiveSignal(
        full,
        tuple(part for part in full.split("/") if part) or (full,),
        _unit(metric.unit),
        metric.low,
        metric.high,
        metric.description,
        is_state=metric.datatype == BOOLEAN,
    )


async def _describe_server(
    address: str, plant: str, settings: "ServingSettings", options: SiteOptions
) -> SiteDescription:
    from serving.live.sources.opcua.browse import browse_variables
    from serving.live.sources.opcua.files import read_login
    from serving.live.sources.opcua.session import open_session

    try:
        check_address(address)
    except ValueError as error:
        raise NewPlantError(f"--from: {error}") from None
    if options.user and options.security == "none":
        raise NewPlantError(
            "--security: expected a policy beside --user, as its password would travel unencrypted"
        )
    login = await asyncio.to_thread(read_login, settings.opcua_folder, plant, options.user, options.security)
    async with open_session(address, login) as session:
        space = await browse_variables(session, options.root)
    signals = [
        LiveSignal(
            one.node, one.path, _unit(one.unit), one.low, one.high, one.description, one.is_state, one.value
        )
        for one in space.variables
    ]

    def live(tags: Mapping[str, str]) -> dict[str, object]:
        return {
            "opcua": {
                "url": address,
                "nodes": {tag: node for node, tag in tags.items()},
                **({"security": options.security} if options.security != "none" else {}),
                **({"user": options.user} if options.user else {}),
            }
        }

    return SiteDescription(address, "server", signals, live, space.left_out)


def _unit(told: str) -> str:
    """A unit as profiles write it, where that is the same one; else as the site tells it."""
    from serving.live.units import UnitError, unit_factor

    tidy = tidy_unit(told)
    try:
        return tidy if tidy == told or unit_factor(told, tidy) == (1.0, 0.0) else told
    except UnitError:
        return told
