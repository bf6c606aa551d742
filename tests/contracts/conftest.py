"""What the contracts of services share."""

from collections.abc import Iterable

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


async def metric_names(client: httpx.AsyncClient) -> set[str]:
    """Names of the samples at /metrics."""
    text = (await client.get("/metrics")).text
    return {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}


def missing(answer: dict, keys: Iterable[str]) -> set[str]:
    """Those of the keys that an answer lacks."""
    return {*keys} - answer.keys()
