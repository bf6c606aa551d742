"""A replay by HTTP push gives the scores of the batch, whatever comes twice or is broken on its way."""

import httpx
import numpy as np
import pytest

from serving.live.replay.faults import SiteFaults
from serving.live.replay.pace import ReplayPace, replay_readings
from serving.live.sources.push.publisher import PushPublisher
from tests.serving.live.site import PLANT, LiveService, readings_of
from tests.serving.live.test_replay import ROWS, batch_scores, batch_table


@pytest.mark.anyio
async def test_what_is_pushed_is_scored_as_the_batch_would(live: LiveService, records, profile, bundles):
    _, token = await live.app.state.ingest_tokens.add(PLANT)
    publisher = PushPublisher("http://service", token, httpx.ASGITransport(live.app))
    interval_us = round(profile.sampling.interval.total_seconds() * 1e6)
    faults = SiteFaults(["duplicates", "bad_json"], 1, interval_us)
    await replay_readings(readings_of(records), publisher, PLANT, faults=faults, pace=ReplayPace(0))
    await publisher.close()
    scores = await live.scores(ROWS)
    table = batch_table(records, profile)
    assert [score.plant_time for score in scores][:ROWS] == table["timestamp"].to_list()
    expected = batch_scores(table, profile, bundles["v1"])
    assert np.abs(np.array([score.risk for score in scores[:ROWS]]) - expected).max() < 1e-9
    answered = publisher.totals.answered
    assert answered["stored"] == records.height
    assert answered["repeated"] == faults.counts["duplicates"] > 0
    sources = (await live.client.get("/sources")).json()["sources"]
    assert [(one["kind"], one["plant"], one["state"]) for one in sources] == [("push", PLANT, "connected")]
