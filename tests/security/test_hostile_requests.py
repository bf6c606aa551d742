"""What no client sends by accident: each route refuses it by a problem document, and none fails.

Made from the services' own documents, so that a new route is tested from its first day.
"""

import json
import re

import httpx
import pytest

from tests.security.services import Service, all_operations

WITH_BODY = [(n, m, p) for n, m, p, operation in all_operations() if "requestBody" in operation]
WITH_PARAMETERS = [(n, m, p) for n, m, p, operation in all_operations() if operation.get("parameters")]
EVERY = [(n, m, p) for n, m, p, _ in all_operations()]
OPERATIONS = {(n, m, p): operation for n, m, p, operation in all_operations()}
TAKES_ALL = ("/infer/", "/v2/repository/index")
"""Inference judges what the gateway passes on, here a stand-in that takes all; the index knows no wrong member."""
INJECTIONS = [
    "' OR '1'='1' --",
    "1; DROP TABLE users; --",
    "1 UNION SELECT name FROM users",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "%00",
    "a\u0000b",
    "<script>alert(1)</script>",
    "${jndi:ldap://x/y}",
    "{{7*7}}",
    "$(id)",
    "a\r\nSet-Cookie: x=1",
    "\u202egnp.exe",
    "de\u200bmo",
    "\uff44\uff45\uff4d\uff4f",
    "9" * 5000,
    "-1",
    "NaN",
    "1e999",
]
DEEP = b"[" * 100_000 + b"]" * 100_000
DOCUMENTS = {
    "deep arrays": DEEP,
    "deep objects": b'{"features":' * 50_000 + b"1" + b"}" * 50_000,
    "deep in a field": b'{"features":' + DEEP + b"}",
    "NaN": b'{"features":{"PDT31008":NaN}}',
    "Infinity": b'{"features":{"PDT31008":-Infinity}}',
    "a number beyond floats": b'{"features":{"PDT31008":1e999}}',
    "a long number": b'{"features":{"PDT31008":' + b"9" * 100_000 + b"}}",
    "a lone surrogate": b'{"features":{"PDT\\ud800":1}}',
    "a lone surrogate as value": b'{"name":"\\udfff","password":"\\udfff\\udfff\\udfff\\udfff"}',
    "no UTF-8": b'{"name":"\xff\xfe"}',
    "UTF-16": json.dumps({"features": {"PDT31008": 1}}).encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"features":{"PDT31008":1}}',
    "NUL": b'{"features":{"PDT31008\\u0000":1}}',
    "right to left": '{"features":{"\u202ePDT31008":1}}'.encode(),
    "zero width": '{"features":{"PDT\u200b31008":1}}'.encode(),
    "look-alike": '{"features":{"\u0420DT31008":1}}'.encode(),
    "markup": b'{"<script>alert(1)</script>":1}',
    "prototype": b'{"__proto__":{"admin":true},"constructor":{}}',
    "nothing": b"",
    "no JSON": b"\x00\x01\x02",
    "half": b'{"features":{"PDT31008":',
    "two": b"{}{}",
    "a text": b'"features"',
    "an array": b"[[[]]]",
}
MOST_ECHOED = 2000


def filled(path: str, text: str) -> str:
    return re.sub(r"\{[^}]+\}", lambda _: text, path)


def there(path: str, service: Service) -> str:
    """The path with parameters that lead somewhere."""
    return re.sub(r"\{([^}]+)\}", lambda found: str(service.known.get(found[1], 1)), path)


def assert_refused(answer: httpx.Response) -> None:
    """A 4xx in the service's form, or a 2xx of a route that makes nothing of it; never markup, never a failure."""
    assert answer.status_code < 500, answer.text[:500]
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if answer.status_code >= 400:
        assert kind in ("application/problem+json", "application/json"), answer.text[:200]
        document = answer.json()
        protocol = answer.url.path.startswith("/v2") and "error" in document
        assert protocol or document["status"] == answer.status_code
        assert protocol or document["type"].startswith("urn:forewarn:problem:")
        assert len(answer.content) < MOST_ECHOED * 5
    assert kind != "text/html"
    assert "set-cookie" not in answer.headers
    assert "root:" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(("name", "method", "path"), WITH_BODY, ids=map(" ".join, WITH_BODY))
def test_no_document_breaks_a_route(name: str, method: str, path: str, services: dict[str, Service]) -> None:
    service = services[name]
    with service.client() as client:
        for what, content in DOCUMENTS.items():
            answer = client.request(
                method, there(path, service), content=content, headers={"Content-Type": "application/json"}
            )
            assert_refused(answer)
            may_answer = path.startswith(TAKES_ALL)
            assert answer.status_code >= 400 or may_answer, f"{what}: {answer.text[:200]}"


@pytest.mark.parametrize(("name", "method", "path"), WITH_BODY, ids=map(" ".join, WITH_BODY))
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_body_over_the_limit_is_refused(
    name: str, method: str, path: str, declared: bool, services: dict[str, Service]
) -> None:
    service = services[name]
    content = b" " * (1024 * 1024 + 1)
    with service.client() as client:
        answer = client.request(
            method,
            there(path, service),
            params={"name": "export.csv"} if path.startswith("/drops") else None,
            content=content if declared else iter([content]),
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code == 413, answer.text[:300]
    assert_refused(answer)


@pytest.mark.parametrize(("name", "method", "path"), WITH_PARAMETERS, ids=map(" ".join, WITH_PARAMETERS))
def test_injections_into_parameters_find_nothing(
    name: str, method: str, path: str, services: dict[str, Service]
) -> None:
    service, parameters = services[name], OPERATIONS[name, method, path]["parameters"]
    with service.client() as client:
        for text in INJECTIONS:
            for query in [p["name"] for p in parameters if p["in"] == "query"]:
                answer = client.request(method, there(path, service), params={query: text}, content=b"{}")
                assert_refused(answer)
            if any(p["in"] == "path" for p in parameters):
                raw = filled(path, text if "%" in text else str(httpx.QueryParams(x=text))[2:])
                answer = client.request(method, raw.replace("+", "%20"), content=b"{}")
                assert_refused(answer)
                assert answer.status_code >= 400 or path.startswith(TAKES_ALL)


@pytest.mark.parametrize(("name", "method", "path"), EVERY, ids=map(" ".join, EVERY))
def test_other_methods_are_refused_in_the_same_form(
    name: str, method: str, path: str, services: dict[str, Service]
) -> None:
    service = services[name]
    asked = there(path, service)
    taken = {m for n, m, p in EVERY if n == name and re.fullmatch(filled(p, "[^/]+"), asked)}
    with service.client() as client:
        for other in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - taken:
            answer = client.request(other, asked)
            assert answer.status_code == 405, other
            assert answer.headers["allow"]
            assert_refused(answer)
