"""Tries the server and the nodes of a plant's `live.opcua`."""

import asyncio
import time
from pathlib import Path

from plant_assets.profile.live_opcua import OpcuaOptions
from plant_assets.profile.model import PlantProfile
from plant_assets.profile.variables import SettingsError
from serving.live.probes.report import ProbeReport
from serving.live.sources.opcua.browse import read_units
from serving.live.sources.opcua.faults import OpcuaFault
from serving.live.sources.opcua.files import read_login
from serving.live.sources.opcua.session import OpcuaSession, open_session
from serving.live.sources.opcua.values import read_value

PATH = "live.opcua"


async def probe_opcua(profile: PlantProfile, folder: Path) -> ProbeReport:
    """Log in, subscribe, and read each node.

    Args:
        profile: with a `live.opcua`.
        folder: of the files with secrets.
    """
    options = profile.live.opcua
    assert options is not None
    report = ProbeReport(PATH, options.url)
    try:
        login = await asyncio.to_thread(read_login, folder, profile.name, options.user, options.security)
        async with open_session(options.url, login) as session:
            await _try_nodes(session, profile, options, report)
    except SettingsError as error:
        report.refuse(f"{PATH}.{'user' if options.user else 'security'}", str(error))
    except OpcuaFault as fault:
        report.refuse(f"{PATH}.{fault.option}", str(fault))
    return report


async def _try_nodes(
    session: OpcuaSession, profile: PlantProfile, options: OpcuaOptions, report: ProbeReport
) -> None:
    nodes, faults = session.nodes(dict(options.nodes))
    faults |= await session.subscribe(nodes, options.publishing_ms, options.queue_size)
    for tag, fault in faults.items():
        report.refuse(f"{PATH}.nodes.{tag}", f"{fault}; expected a variable of the server")
    nodes = {tag: node for tag, node in nodes.items() if tag not in faults}
    units = await read_units(session, list(nodes.values()))
    now_us = time.time_ns() // 1000
    for (tag, node), value, unit in zip(
        nodes.items(), await session.read(list(nodes.values())), units, strict=True
    ):
        path = f"{PATH}.nodes.{tag}"
        reading = read_value(tag, value, now_us, unit).reading
        if reading is None:
            report.refuse(
                path, f"{node.nodeid.to_string()} is no number; expected a variable of a number type"
            )
        elif reading.value is None:
            name = value.StatusCode.name if value.StatusCode is not None else "no value"
            report.refuse(path, f"{node.nodeid.to_string()} has no value: {name}; expected a number")
        else:
            report.judge(profile, [reading], [path])
