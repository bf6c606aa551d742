"""Tries whether readings of a plant can be pushed: the live service answers, and somebody has a token."""

import httpx

from plant_assets.profile.model import PlantProfile
from serving.live.probes.report import ProbeReport

_ANSWER_WITHIN_S = 5.0
_ADDRESS = "FOREWARN_LIVE_URL"


async def probe_push(address: str, profile: PlantProfile, *, has_token: bool) -> ProbeReport:
    """Ask the live service whether it is there.

    Args:
        address: of the service.
        profile: of the plant.
        has_token: whether a token of the plant is valid.
    """
    report = ProbeReport("", address)
    async with httpx.AsyncClient(timeout=_ANSWER_WITHIN_S, trust_env=False) as client:
        try:
            answer = await client.get(f"{address}/health")
        except httpx.HTTPError as error:
            report.refuse(
                _ADDRESS, f"{address} can't be reached: {error}; expected `forewarn serve live` there"
            )
        else:
            if answer.status_code != httpx.codes.OK:
                report.refuse(
                    _ADDRESS,
                    f"{address}/health answers {answer.status_code}; expected the live service there",
                )
    if not has_token:
        report.refuse("push", f"{profile.name} has no token; expected `forewarn token add {profile.name}`")
    return report
