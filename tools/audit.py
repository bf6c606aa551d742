"""Looks for known vulnerabilities in what requirements.lock pins: `python -m tools.audit`.

Exits with 1 where there are some. Where no list of advisories can be reached it says so: nothing found is not the same
as nothing known. A list of the site's own, in OSV's form, is asked where `PIP_AUDIT_VULNERABILITY_SERVICE=osv` and
`PIP_AUDIT_OSV_URL` name it.
"""

import subprocess
import sys
from pathlib import Path

from pydantic import BaseModel, ValidationError

LOCK = Path(__file__).parents[1] / "requirements.lock"
PIP_AUDIT = "pip-audit==2.10.1"
WITHIN_S = 120
_COMMAND = (
    "tool", "run", "--quiet", PIP_AUDIT, "--requirement", str(LOCK), "--disable-pip", "--no-deps",
    "--format", "json", "--progress-spinner", "off", "--timeout", "10",
)  # fmt: skip


class SecurityAdvisory(BaseModel):
    id: str
    fix_versions: list[str] = []


class AuditedPackage(BaseModel):
    name: str
    version: str = ""
    skip_reason: str = ""
    vulns: list[SecurityAdvisory] = []


class AuditReport(BaseModel):
    dependencies: list[AuditedPackage]


def main() -> int:
    uv = Path(sys.executable).with_name("uv")
    try:
        done = subprocess.run([uv, *_COMMAND], capture_output=True, text=True, timeout=WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return tell([], str(error))
    try:
        return tell(AuditReport.model_validate_json(done.stdout).dependencies)
    except ValidationError:
        return tell([], (done.stderr.strip().splitlines() or ["no answer"])[-1])


def tell(packages: list[AuditedPackage], fault: str = "no list of advisories knows these packages") -> int:
    """Print what was found; 1 where a package is vulnerable."""
    audited = [package for package in packages if not package.skip_reason]
    for package in audited:
        for advisory in package.vulns:
            mend = (
                f"mended in {', '.join(advisory.fix_versions)}" if advisory.fix_versions else "not mended yet"
            )
            print(f"{package.name} {package.version}: {advisory.id}, {mend}")
    if not audited:
        print(f"dependency audit skipped: {fault}")
    elif len(audited) < len(packages):
        print(f"{len(audited)} of {len(packages)} packages were audited; of the others nothing is known")
    return int(any(package.vulns for package in audited))


if __name__ == "__main__":
    sys.exit(main())
