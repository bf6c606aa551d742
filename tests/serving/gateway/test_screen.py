"""The built screen at the gateway's root: which files, which headers, and what is said where it isn't built."""

import base64
import gzip
import hashlib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from serving.gateway.app import create_app
from serving.settings import ServingSettings

SCRIPT = "import('/_app/immutable/start.js')"
PAGE = f"<!doctype html><html><body><script>{SCRIPT}</script></body></html>"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "build"
    immutable = folder / "_app" / "immutable"
    immutable.mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (immutable / "start.js").write_text("console.log(1)" * 100)
    (immutable / "start.js.gz").write_bytes(gzip.compress(b"console.log(1)" * 100))
    (tmp_path / "secret.txt").write_text("not for browsers")
    return folder


@pytest.fixture
def client(tmp_path: Path, built: Path) -> TestClient:
    return TestClient(create_app(ServingSettings(home=tmp_path / "home", ui=built)))


def test_only_the_scripts_of_the_page_itself_may_run(client: TestClient) -> None:
    answer = client.get("/")

    assert answer.text == PAGE
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    assert answer.headers["cache-control"] == "no-cache"
    assert "access-control-allow-origin" not in answer.headers


def test_what_a_browser_keeps_isnt_given_other_headers(client: TestClient) -> None:
    first = client.get("/").headers

    again = client.get("/", headers={"If-None-Match": first["etag"]})

    assert again.status_code == 304
    assert again.headers.get("content-security-policy") in (None, first["content-security-policy"])


def test_files_named_by_content_are_kept_for_ever_and_sent_compressed(client: TestClient) -> None:
    answer = client.get("/_app/immutable/start.js", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text == "console.log(1)" * 100
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["/../secret.txt", "/_app/../../secret.txt", "/%2e%2e/secret.txt", "/_app"])
def test_nothing_outside_the_build_is_served(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 404
    assert "not for browsers" not in answer.text


def test_a_new_build_takes_effect_while_the_gateway_runs(client: TestClient, built: Path) -> None:
    assert client.get("/").text == PAGE
    assert client.get("/_app/immutable/start.js").is_success

    newer = PAGE.replace("start.js", "another-start.js")
    made = built.with_name("made")
    (made / "_app" / "immutable").mkdir(parents=True)
    (made / "index.html").write_text(newer)
    (made / "_app" / "immutable" / "another-start.js").write_text("console.log(2)")
    built.rename(built.with_name("before"))
    made.rename(built)

    answer = client.get("/")
    assert (answer.status_code, answer.text) == (200, newer)
    script = newer.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]
    assert client.get("/_app/immutable/another-start.js").text == "console.log(2)"
    assert client.get("/_app/immutable/start.js").status_code == 404


def test_a_build_that_goes_while_the_gateway_runs_is_told(client: TestClient, built: Path) -> None:
    built.rename(built.with_name("elsewhere"))
    gone = client.get("/")
    assert (gone.status_code, "make ui" in gone.json()["detail"]) == (404, True)
    built.with_name("elsewhere").rename(built)
    assert client.get("/").text == PAGE


def test_a_gateway_without_a_build_says_how_to_get_one(tmp_path: Path) -> None:
    client = TestClient(create_app(ServingSettings(home=tmp_path / "home", ui=tmp_path / "nothing")))

    answer = client.get("/")

    assert answer.status_code == 404
    assert "make ui" in answer.json()["detail"]
    assert client.get("/health").status_code == 200
