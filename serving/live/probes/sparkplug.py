"""Tries the edge node of a plant's `live.sparkplug`."""

from plant_assets.profile.model import PlantProfile
from serving.broker.address import URL, BrokerAddress
from serving.broker.connection import BrokerFault
from serving.live.probes.report import ProbeReport
from serving.live.readings import RawReading
from serving.live.sources.sparkplug.discover import EdgeAnswer, ask_births
from serving.live.sources.sparkplug.mapping import PlantEdge, plant_edge

PATH = "live.sparkplug"
_LISTED = 8


async def probe_sparkplug(
    broker: BrokerAddress | None, profile: PlantProfile, within_s: float
) -> ProbeReport:
    """Ask the edge node for its births, and see which tags they have.

    Args:
        broker: of the site; None where none is set, which is a fault.
        profile: with a `live.sparkplug`.
        within_s: how long to wait.
    """
    assert profile.live.sparkplug is not None
    report, edge = ProbeReport(PATH), plant_edge(profile.name, profile.live.sparkplug)
    if broker is None:
        report.refuse(PATH, f"no broker; expected one in {URL}")
        return report
    report.place = f"{edge.node} on {broker.place}"
    try:
        answer = await ask_births(broker, edge.node, edge.device, within_s)
    except BrokerFault as fault:
        report.refuse(URL, str(fault))
        return report
    if not answer.devices:
        why = answer.faults[0] if answer.faults else f"{answer.messages} other messages came"
        report.refuse(
            PATH,
            f"no birth of {edge.node} came within {within_s:g} s ({why}); expected an edge node that is online",
        )
    elif edge.device is not None and edge.device not in answer.devices:
        named = ", ".join(sorted(filter(None, answer.devices))[:_LISTED]) or "no device"
        report.refuse(
            f"{PATH}.device",
            f"no birth of {edge.device!r} came within {within_s:g} s; {edge.node} has {named}",
        )
    else:
        _judge(profile, edge, answer, report)
    return report


def _judge(profile: PlantProfile, edge: PlantEdge, answer: EdgeAnswer, report: ProbeReport) -> None:
    born: set[str] = set()
    for device, part in answer.devices.items():
        if edge.device in (None, device):
            born |= {_full(edge, device, name) for name in part.by_name}
    for metric, tag in edge.names.items():
        if metric not in born:
            report.refuse(f"{PATH}.names.{metric}", f"no such metric is born; expected one for {tag}")
    readings: list[RawReading] = []
    paths: list[str] = []
    for value in answer.values:
        name = edge.name(value.device, value.name)
        if name is None:
            continue
        full = _full(edge, value.device, value.name)
        readings.append(RawReading(name, value.time_ms * 1000, value.value, value.quality, value.unit))
        paths.append(f"{PATH}.names.{full}" if full in edge.names else f"{PATH}: metric {full}")
    report.judge(profile, readings, paths)


def _full(edge: PlantEdge, device: str | None, metric: str) -> str:
    """What the profile calls a metric."""
    return metric if device is None or edge.device is not None else f"{device}/{metric}"
