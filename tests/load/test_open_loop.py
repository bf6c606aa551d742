"""Load on a real server on loopback: nothing is left out, whatever the server does."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest

from plant_assets.load.open_loop import send_load
from plant_assets.load.plan import LoadPlan
from plant_assets.load.recorder import NOT_SENT
from plant_assets.load.request_pool import request_pool
from plant_assets.load.summary import LoadSummary, summarize
from plant_assets.load.target import LoadTarget
from plant_assets.profile.model import PlantProfile
from tests.load.service import Service, served
from tests.servers import free_port

STALL_S, SLOW_S = 1.0, 0.3
PLAN = LoadPlan(rps=200, duration_s=0.5, anomaly_rate=0.2)


def loaded(service: Service, plan: LoadPlan = PLAN) -> LoadSummary:
    with served(service) as base:
        recorder = send_load(LoadTarget(base, "gas_treatment"), plan, request_pool(service.profile, plan))
    return summarize(recorder, plan)


@pytest.mark.parametrize(
    ("judges", "batch", "path"),
    [
        ("newest_row", 1, "/plants/gas_treatment/predict"),
        ("newest_row", 5, "/plants/gas_treatment/predict/batch"),
        ("each_reading", 5, "/plants/gas_treatment/predict"),
    ],
)
def test_every_request_is_sent_answered_and_counted(
    profile: PlantProfile, judges: str, batch: int, path: str
) -> None:
    service = Service(profile.model_copy(update={"judges": judges}))
    summary = loaded(service, replace(PLAN, batch_size=batch))
    assert (service.asked, service.paths) == (100, {path})
    assert (summary.planned, summary.succeeded, summary.errors, summary.cut_short) == (100, 100, {}, 0)
    assert [(one.name, one.answers) for one in summary.instances] == [("model-1.bbbbbb", 100)]
    anomalies = summary.anomalies
    assert anomalies.readings == 100 * batch
    assert anomalies.injected == anomalies.found == anomalies.hits == 20 * batch
    assert summary.seconds >= PLAN.due_s(99)


def test_a_body_tells_who_answered_where_no_header_does(profile: PlantProfile) -> None:
    service = Service(profile.model_copy(update={"judges": "each_reading"}), served_by=None)
    assert [one.name for one in loaded(service).instances] == ["model-2.cccccc"]


def test_a_stall_is_in_the_figures_of_all_that_were_due_in_it(profile: PlantProfile) -> None:
    """A client that waits before it asks again sees one slow answer of the same stall."""
    plan = LoadPlan(rps=100, duration_s=2.5, workers=200)
    service = Service(profile, stall_at=50, stall_s=STALL_S)
    with served(service) as base:
        recorder = send_load(LoadTarget(base), plan, request_pool(profile, plan))
    summary = summarize(recorder, plan)
    due_in_the_slow_part = plan.rps * (STALL_S - SLOW_S)
    assert summary.succeeded == plan.requests
    assert sum(wait > SLOW_S for wait in recorder.waits) >= due_in_the_slow_part - 2
    assert summary.latency_ms is not None
    assert summary.latency_ms.p99 > 1e3 * STALL_S * 0.9

    waits = closed_loop(Service(profile, stall_at=50, stall_s=STALL_S), plan)
    assert max(waits) > STALL_S * 0.9
    assert sum(wait > SLOW_S for wait in waits) < 5, "the closed loop left the others out"


def test_few_workers_do_not_hide_a_stall(profile: PlantProfile) -> None:
    """With one worker requests wait for it; their waits count from when they were due all the same."""
    plan = LoadPlan(rps=100, duration_s=1.5, workers=1)
    service = Service(profile, stall_at=20, stall_s=STALL_S)
    with served(service) as base:
        recorder = send_load(LoadTarget(base), plan, request_pool(profile, plan))
    summary = summarize(recorder, plan)
    assert service.most_under_way == 1
    assert summary.succeeded == plan.requests
    assert sum(wait > SLOW_S for wait in recorder.waits) >= plan.rps * (STALL_S - SLOW_S) - 2
    assert summary.late - summary.late_itself > 50
    assert any("free worker" in remark for remark in summary.remarks)


def test_what_cannot_be_sent_in_time_is_counted(profile: PlantProfile) -> None:
    plan = LoadPlan(rps=100, duration_s=1, workers=2, timeout_s=0.2)
    service = Service(profile, closed=True)
    summary = loaded(service, plan)
    assert summary.succeeded == 0
    assert set(summary.errors) == {"timeout", NOT_SENT}
    assert summary.failed == plan.requests, "none is left out"
    most = plan.workers * (2 + plan.duration_s / plan.timeout_s)
    assert summary.errors["timeout"] <= most, "a worker waits for one answer at a time"
    assert summary.latency_ms is not None
    assert summary.latency_ms.count == plan.requests
    assert summary.latency_ms.p50 >= 1e3 * plan.timeout_s


def test_connections_are_kept_unless_each_request_is_to_open_one(profile: PlantProfile) -> None:
    kept, opened = Service(profile), Service(profile)
    loaded(kept, replace(PLAN, workers=5))
    loaded(opened, replace(PLAN, workers=5, new_connections=True))
    assert len(kept.connections) <= 5
    assert len(opened.connections) == PLAN.requests


def test_failures_are_counted_by_kind(profile: PlantProfile) -> None:
    problem = b'{"type": "urn:x", "title": "A model is missing\\u001b[31m", "status": 503}'
    service = Service(
        profile,
        answers={
            0: (503, problem),
            1: (503, problem),
            2: (502, b"<html>"),
            3: (302, b""),
            4: (200, b"<html>"),
            5: (200, b'{"risk_score": 1}'),
        },
    )
    summary = loaded(service)
    assert summary.succeeded == 94
    assert summary.errors == {
        "503 A model is missing[31m": 2,
        "invalid response: unexpected schema": 2,
        "502 Bad Gateway": 1,
        "302 Found": 1,
    }


def test_a_server_that_is_not_there_refuses_every_request(profile: PlantProfile) -> None:
    recorder = send_load(LoadTarget(f"http://127.0.0.1:{free_port()}"), PLAN, request_pool(profile, PLAN))
    assert dict(recorder.failed) == {"connection refused": 100}
    assert len(recorder.waits) == 0, "what fails at once has no wait that would flatter the others"


@pytest.mark.parametrize(
    ("said", "kind"), [(b"", "connection closed"), (b"hello\r\n\r\n", "invalid response: not HTTP")]
)
def test_a_server_that_speaks_no_http_is_told(profile: PlantProfile, said: bytes, kind: str) -> None:
    plan = LoadPlan(rps=1, duration_s=1)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:

        def answer() -> None:
            wire, _ = server.accept()
            with wire:
                wire.recv(65536)
                wire.sendall(said)

        answered = pool.submit(answer)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        recorder = send_load(LoadTarget(address), plan, request_pool(profile, plan))
        answered.result(30)
    ((found, count),) = recorder.failed.items()
    assert found.startswith(kind)
    assert count == 1


def closed_loop(service: Service, plan: LoadPlan) -> list[float]:
    """Waits of a client that asks when its pace says so, and never before it was answered."""
    pool, waits = request_pool(service.profile, plan), []
    with served(service) as base, httpx.Client(base_url=base, trust_env=False, timeout=30) as client:
        ends = time.monotonic() + plan.duration_s
        while (began := time.monotonic()) < ends:
            client.post("/predict", content=pool.body(0).content)
            waits.append(time.monotonic() - began)
    return waits
