"""Tries the sources of a plant's live readings, for `forewarn plant check --connect`.

Belongs here: which sources a plant has, and what is said of them. Doesn't belong here: trying one (`serving.live.probes`).
"""

import asyncio
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from plant_assets.cli.console import first_names
from plant_assets.cli.services_database import run_in_database
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.variables import SettingsError

if TYPE_CHECKING:
    from serving.broker.address import BrokerAddress
    from serving.live.probes.report import ProbeReport
    from serving.settings import ServingSettings


def try_sources(profile: PlantProfile, within_s: float, console: Console) -> list[str]:
    """Try each source of a plant, print what came, and give the faults; each begins with the plant's name.

    Args:
        profile: of the plant.
        within_s: how long a value of a source is waited for.
        console: where it is shown.
    """
    from serving.live.sources.push.tokens import TokenStore
    from serving.settings import read_settings

    try:
        settings = read_settings()
        reports = asyncio.run(_probe(profile, settings, within_s))
    except SettingsError as error:
        return [f"{profile.name}: {error}"]
    has_token = run_in_database(lambda database: TokenStore(database).has_token(profile.name))
    push = asyncio.run(_probe_push(profile, settings, has_token))
    if any(report.path.startswith("live.") or report.columns for report in reports):
        push.notes, push.faults = push.faults, []  # a plant that has another source needs no push
    for report in (*reports, push):
        _show(profile, report, console)
    return [f"{profile.name}: {fault}" for report in (*reports, push) for fault in report.faults]


async def _probe(profile: PlantProfile, settings: "ServingSettings", within_s: float) -> "list[ProbeReport]":
    from serving.broker.address import read_broker
    from serving.live.probes.mqtt import probe_mqtt
    from serving.live.probes.opcua import probe_opcua
    from serving.live.probes.report import ProbeReport
    from serving.live.probes.sparkplug import probe_sparkplug

    broker: BrokerAddress | None = read_broker(settings)
    trials = []
    if broker is not None:
        trials.append(probe_mqtt(broker, profile, within_s, settings.max_body_bytes))
    if profile.live.sparkplug is not None:
        trials.append(probe_sparkplug(broker, profile, within_s))
    if profile.live.opcua is not None:
        trials.append(probe_opcua(profile, settings.opcua_folder))
    reports: list[ProbeReport] = list(await asyncio.gather(*trials))
    if broker is None and profile.live.mqtt.topics:
        report = ProbeReport("live.mqtt")
        report.refuse("live.mqtt", "no broker; expected one in FOREWARN_MQTT_URL")
        reports.append(report)
    return reports


async def _probe_push(profile: PlantProfile, settings: "ServingSettings", has_token: bool) -> "ProbeReport":
    from serving.live.probes.push import probe_push

    return await probe_push(settings.live_address, profile, has_token=has_token)


def _show(profile: PlantProfile, report: "ProbeReport", console: Console) -> None:
    """A line of a source, and what is worth knowing."""
    place = f" ({report.place})" if report.place else ""
    counted = f"values of {len(report.columns)} of {len(profile.columns)} columns"
    lines = [f"{report.path}{place}: {counted}"] if report.path else []
    if report.columns and (missing := [name for name in profile.columns if name not in report.columns]):
        lines.append(f"{report.path}: no value of {first_names(missing)}")
    if report.unmapped:
        lines.append(f"{report.path}: names that are no tag's: {first_names(sorted(report.unmapped))}")
    for line in (*lines, *report.notes):
        console.print(escape(f"{profile.name}: {line}"), soft_wrap=True)
