"""The dependency audit: vulnerable, sound, and unknown are three things."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request

from tests.servers import running_app
from tools.audit import LOCK, PIP_AUDIT, AuditedPackage, SecurityAdvisory, tell

ADVISORY = {
    "id": "GHSA-q2x7-8rv6-6q7h",
    "aliases": ["CVE-2024-56326"],
    "summary": "Jinja has a sandbox breakout through indirect reference to format method",
    "modified": "2025-01-08T16:10:26Z",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "jinja2"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99.1"}]}],
        }
    ],
}
"""In OSV's schema, https://ossf.github.io/osv-schema/."""

SOUND = AuditedPackage(name="sound", version="1")
UNKNOWN = AuditedPackage(name="unknown", skip_reason="not found on PyPI")
BAD = AuditedPackage(name="bad", version="2", vulns=[SecurityAdvisory(id="CVE-1", fix_versions=["2.1"])])


@pytest.mark.parametrize(
    ("packages", "status", "said"),
    [
        ([SOUND], 0, ""),
        ([SOUND, BAD], 1, "bad 2: CVE-1, mended in 2.1"),
        ([SOUND, UNKNOWN], 0, "1 of 2 packages were audited; of the others nothing is known"),
        ([UNKNOWN], 0, "dependency audit skipped: no list of advisories knows these packages"),
        ([], 0, "dependency audit skipped: no list of advisories knows these packages"),
    ],
    ids=["sound", "vulnerable", "some unknown", "all unknown", "nothing"],
)
def test_what_is_said_and_whether_the_check_fails(
    packages: list[AuditedPackage], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tell(packages) == status
    assert capsys.readouterr().out.strip() == said


@pytest.mark.services
def test_an_advisory_of_a_list_on_the_site_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip-audit asks another list of OSV's kind where its own variables name one."""
    version_of_tool = [Path(sys.executable).with_name("uv"), "tool", "run", "--quiet", PIP_AUDIT, "--version"]
    if subprocess.run(version_of_tool, capture_output=True, check=False).returncode:
        pytest.skip(f"{PIP_AUDIT} can't be installed here")
    known = FastAPI()

    @known.post("/v1/query")
    async def query(request: Request) -> dict[str, Any]:
        asked = await request.json()  # pip-audit doesn't say that it is JSON
        return {"vulns": [ADVISORY]} if asked["package"]["name"] == "jinja2" else {}

    with running_app(known) as address:
        monkeypatch.setenv("PIP_AUDIT_VULNERABILITY_SERVICE", "osv")
        monkeypatch.setenv("PIP_AUDIT_OSV_URL", f"http://{address}/v1/query")
        done = subprocess.run(
            [sys.executable, "-m", "tools.audit"], capture_output=True, text=True, check=False
        )
    version = next(line for line in LOCK.read_text().splitlines() if line.startswith("jinja2==")).split()[0]
    assert done.stdout == f"{version.replace('==', ' ')}: CVE-2024-56326, mended in 99.1\n"
    assert done.returncode == 1
