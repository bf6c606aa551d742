"""A site of each test, whose inbox and tokens are its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.serving.live.sources.push.push_site import PushSite, running_site


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[PushSite]:
    async with running_site(tmp_path, max_body_mb=1) as running:
        yield running


@pytest.fixture
async def client(site: PushSite) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has a token of the gas treatment unit."""
    async with site.client(await site.token()) as client:
        yield client
