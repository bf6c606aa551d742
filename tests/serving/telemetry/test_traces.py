"""Traces: over two real services to a real receiver, and nothing of it without an endpoint."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from plant_assets.profile.variables import SettingsError
from serving.telemetry import traces
from tests.processes import await_answer, running
from tests.servers import free_port
from tests.serving.telemetry.otlp import receiver

SDK = ("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.instrumentation", "google")
PARENT_TRACE, PARENT_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.services
def test_a_request_is_one_trace_over_gateway_and_inference(tmp_path: Path) -> None:
    ports = {name: str(free_port()) for name in ("inference", "gateway")}
    variables = {f"FOREWARN_PORT_{name.upper()}": port for name, port in ports.items()}
    variables |= {"FOREWARN_HOME": str(tmp_path / "home"), "FOREWARN_POLL_SECONDS": "3600"}
    log = {name: tmp_path / f"{name}.log" for name in ports}
    with receiver() as (address, spans):
        variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = address
        with (
            running([sys.executable, "-m", "serving", "inference"], log["inference"], **variables) as first,
            running([sys.executable, "-m", "serving", "gateway"], log["gateway"], **variables) as second,
        ):
            url = f"http://127.0.0.1:{ports['gateway']}"
            await_answer(f"http://127.0.0.1:{ports['inference']}/health", first)
            await_answer(f"{url}/health", second)
            ask(url)
            for process in (first, second):
                process.terminate()  # which sends what is left
                process.wait(60)
    assert spans.paths == {"/v1/traces"}, "Prometheus has the figures"
    gateway, inference = (spans.of(f"forewarn-{name}", PARENT_TRACE) for name in ("gateway", "inference"))
    (asked,) = (span for span in gateway if span["name"] == "GET /infer/models")
    (answered,) = (span for span in inference if span["name"] == "GET /plants/{plant}/models")
    calls = {span["id"]: span for span in gateway if span["parent"] == asked["id"]}
    assert asked["parent"] == PARENT_SPAN, "the client's trace goes on"
    assert answered["parent"] in calls, "inference answered a call of the gateway's"
    assert (answered["forewarn.plant"], answered["http.route"]) == ("demo", "/plants/{plant}/models")
    assert asked["forewarn.request_id"] == answered["forewarn.request_id"] == "r7"
    everything = [span for found in spans.by_service.values() for span in found]
    assert "/health" not in {span.get("http.route") for span in everything}
    assert '"request_id":"r7"' in log["inference"].read_text(), "the id reached inference's log"


def ask(url: str) -> None:
    """Ask the gateway for models, as a client whose own call is traced."""
    person = {"name": "maria", "password": "correct horse battery staple"}
    made = httpx.post(f"{url}/auth/register", json=person, trust_env=False, timeout=30)
    assert made.status_code == 201, made.text
    got = httpx.post(f"{url}/auth/login", json=person, trust_env=False, timeout=30)
    assert got.status_code == 200, got.text
    answer = httpx.get(
        f"{url}/infer/models?plant=demo",
        headers={
            "Authorization": f"Bearer {got.json()['access_token']}",
            "X-Request-ID": "r7",
            "traceparent": f"00-{PARENT_TRACE}-{PARENT_SPAN}-01",
        },
        trust_env=False,
        timeout=30,
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "variables",
    [{}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}],
)
def test_without_an_endpoint_nothing_is_imported(variables: dict[str, str]) -> None:
    code = (
        "import sys\nfrom serving.telemetry import traces\ntraces.configure('inference')\n"
        "from serving.inference.app import create_app\ncreate_app()\nprint(*sys.modules)"
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    found = subprocess.run(
        [sys.executable, "-c", code], env=inherited | variables, capture_output=True, text=True, check=True
    )
    assert [module for module in found.stdout.split() if module.startswith(SDK)] == []


def test_an_endpoint_without_the_packages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(traces, "_NEEDED", ("opentelemetry.exporter.absent.http",))
    with pytest.raises(SettingsError, match=r"OTEL_EXPORTER_OTLP_ENDPOINT: .*forewarn\[otel\]"):
        traces.configure("inference")


@pytest.mark.parametrize(
    ("path", "query", "is_left_out"),
    [
        ("/write", b"db=x&u=any&p=secret", True),
        ("/write", b"%70=secret", True),
        ("/write", b"p=", True),
        ("/write", b"db=x&precision=s", False),
        ("/plants/x/readings", b"", False),
        ("/health", b"", True),
    ],
)
def test_a_query_with_a_token_has_no_span(path: str, query: bytes, is_left_out: bool) -> None:
    is_untraced = traces.telemetry_config()["exclude"]
    assert callable(is_untraced)
    assert is_untraced({"path": path, "query_string": query}) is is_left_out
