"""The dependency audit: vulnerable, sound, and unknown are three things."""

import pytest

from tools.audit import AuditedPackage, SecurityAdvisory, tell

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
