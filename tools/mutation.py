"""How many mutants of a module its mirrored tests kill; `make mutate` prints those that survive.

`python -m tools.mutation plant_assets/drift/judge.py` shows each survivor as a diff; `--seed 14` draws ten modules
and prints a table. mutmut works in a temporary copy of the tree. A server that has imported the large libraries, and run
nothing of them (Polars' threads don't outlive a fork), forks a process for each mutant, which imports the rest. One
that runs for ever is stopped and counts as killed.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
DRAWN = 10
NOT_PLAIN = ("plant_assets/cli/", "plant_assets/components/", "plant_assets/defs/", "plant_assets/resources/")
SPEAKS = re.compile(
    r"^(?:from|import) (?:alembic|asyncio|dagster|fastapi|httpx|sqlalchemy|starlette)\b", re.M
)
"""What modules import that do more than compute."""
COMPUTES = re.compile(r"^ *def ", re.M)
KILLED = {"killed", "timeout", "segfault"}
CONFIG = """
[tool.mutmut]
source_paths = [{package}]
only_mutate = [{module}]
also_copy = {also_copy}
pytest_add_cli_args_test_selection = [{tests}]
pytest_add_cli_args = ["-p", "{order}"]
process_isolation = "forkserver"
forkserver_warmup = "import"
preload_modules_file = "preload.txt"
timeout_multiplier = 4
timeout_constant = 5
track_dependencies = false
use_git_change_detection = false
use_setproctitle = false
"""
PRELOADED = "fastapi hypothesis httpx numpy polars pydantic scipy.stats sklearn.ensemble sklearn.linear_model"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""As the tests set it, but before the server imports NumPy."""
ORDER = "in_the_files_order"
IN_ORDER = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: (item.location[0], item.location[1] or 0))
"""
"""mutmut runs a mutant's tests in any order; a file's first ones are mostly its quick ones."""
SHOW = """
import sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
for name in sys.argv[2:]:
    print(get_diff_for_mutant(name, path=sys.argv[1]), end="\\0")
"""
"""`mutmut show` reads the whole module again for each mutant."""


@dataclass(frozen=True)
class MutationResult:
    """What became of a module's mutants.

    Attributes:
        counts: mutants by what became of them, in mutmut's words.
        survivors: a diff each.
    """

    module: str
    counts: Counter[str]
    survivors: list[str]

    @property
    def killed(self) -> int:
        return sum(count for status, count in self.counts.items() if status in KILLED)

    @property
    def share(self) -> float:
        """Killed of all, 0 to 1; 1 for a module that has no mutants."""
        return self.killed / self.counts.total() if self.counts else 1.0


def mirrored(module: str) -> str:
    """The test file of a module: `plant_assets/a/b.py` → `tests/a/test_b.py`, `serving/a.py` → `tests/serving/test_a.py`."""
    path = Path(module)
    folder = path.parent.relative_to("plant_assets") if path.parts[0] == "plant_assets" else path.parent
    return str(Path("tests") / folder / f"test_{path.name}")


def plain_modules() -> list[str]:
    """Modules that only compute, in functions, and have a mirrored test file, sorted."""
    paths = [path for package in ("plant_assets", "serving") for path in ROOT.glob(f"{package}/**/*.py")]
    return sorted(
        module
        for path in paths
        if not (module := path.relative_to(ROOT).as_posix()).startswith(NOT_PLAIN)
        and (ROOT / mirrored(module)).is_file()
        and not SPEAKS.search(text := path.read_text("utf-8"))
        and COMPUTES.search(text)
    )


def drawn(seed: int) -> list[str]:
    """Ten plain modules; one that comes or goes changes one of the ten at most."""

    def rank(module: str) -> str:
        return hashlib.sha256(f"{seed} {module}".encode()).hexdigest()

    return sorted(plain_modules(), key=rank)[:DRAWN]


def mutate(module: str, tests: list[str], children: int) -> MutationResult:
    """Run tests on each mutant of a module, in a copy of the tree.

    Raises:
        RuntimeError: the tests fail without a mutant too; holds mutmut's words.
    """
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        copy = Path(folder)
        _copy_tree(copy)
        (copy / "preload.txt").write_text(PRELOADED.replace(" ", "\n"))
        (copy / f"{ORDER}.py").write_text(IN_ORDER)
        (copy / "mutants").mkdir()  # Python forgets a folder of its path that isn't there when it starts
        package = module.partition("/")[0]
        names = sorted(path.name for path in copy.iterdir() if path.name not in (package, "mutants"))
        config = CONFIG.format(
            package=json.dumps(package),
            module=json.dumps(module),
            also_copy=json.dumps(names),
            tests=", ".join(map(json.dumps, tests)),
            order=ORDER,
        )
        with (copy / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(config)
        ran = _mutmut(copy, "run", "--max-children", str(children))
        statuses = dict(re.findall(r"^    (\S+): (.+)$", _mutmut(copy, "results", "--all", "true"), re.M))
        if (not statuses and "0 files mutated" not in ran) or "not checked" in statuses.values():
            raise RuntimeError(ran[-4000:])
        survivors = [name for name, status in statuses.items() if status not in KILLED]
        diffs = _run(copy, "-c", SHOW, module, *survivors).split("\0")[:-1]
        return MutationResult(module, Counter(statuses.values()), diffs)


def _copy_tree(copy: Path) -> None:
    """Files that git knows or would take in, without the screen."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\0"
    ):
        if name and not name.startswith(("ui/", ".")) and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)


def _mutmut(copy: Path, *arguments: str) -> str:
    return _run(copy, "-m", "mutmut", *arguments)


def _run(copy: Path, *arguments: str) -> str:
    command = [sys.executable, *arguments]
    environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": str(copy / "mutants")}
    ran = subprocess.run(
        command,
        cwd=copy,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ran.stdout


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="such as plant_assets/drift/judge.py")
    parser.add_argument("--tests", nargs="*", help="test files or folders in place of the mirrored ones")
    parser.add_argument("--seed", type=int, help=f"draw {DRAWN} plain modules")
    parser.add_argument("--children", type=int, default=os.cpu_count() or 1, help="mutants at a time")
    given = parser.parse_args()
    modules = given.modules
    if given.seed is not None:
        modules = drawn(given.seed)
    console, found = Console(soft_wrap=True, width=110), []
    for module in modules:
        console.rule(module)
        found.append(mutate(module, given.tests or [mirrored(module)], given.children))
        for diff in found[-1].survivors:
            console.print(diff, markup=False)
    table = Table("module", "mutants", "killed", "of these stopped", "share")
    for one in found:
        table.add_row(
            one.module,
            str(one.counts.total()),
            str(one.killed),
            str(one.counts["timeout"]),
            f"{one.share:.0%}",
        )
    console.print(table)
    console.print(f"mean {mean(one.share for one in found):.1%}" if found else "Name a module, or a seed.")


if __name__ == "__main__":
    main()
