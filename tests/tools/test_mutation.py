"""Which tests a mutated module meets, and how what became of its mutants is counted."""

from collections import Counter
from pathlib import Path

import pytest

from tools.mutation import MutationResult, drawn, mirrored, plain_modules


@pytest.mark.parametrize(
    ("module", "tests"),
    [
        ("plant_assets/drift/judge.py", "tests/drift/test_judge.py"),
        ("serving/gateway/tokens.py", "tests/serving/gateway/test_tokens.py"),
    ],
)
def test_tests_mirror_the_source(module: str, tests: str) -> None:
    assert mirrored(module) == tests


def test_modules_are_drawn_among_those_that_compute_and_have_tests() -> None:
    modules = plain_modules()
    assert all(Path(mirrored(module)).is_file() for module in modules)
    assert {"plant_assets/drift/judge.py", "plant_assets/labels/label.py"} <= set(modules)
    assert not {"plant_assets/cli/home.py", "serving/store/database.py"} & set(modules)


def test_what_runs_for_ever_or_breaks_the_process_is_killed_and_what_no_test_runs_is_not() -> None:
    counts = Counter({"killed": 5, "timeout": 1, "segfault": 1, "survived": 2, "no tests": 1})
    mutation = MutationResult("module", counts, [])
    assert (mutation.killed, mutation.share) == (7, 0.7)


def test_a_module_that_comes_or_goes_changes_one_of_the_ten_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    before = drawn(14)
    rest = [module for module in plain_modules() if module != before[3]]
    monkeypatch.setattr("tools.mutation.plain_modules", lambda: rest)
    assert len(set(before) - set(drawn(14))) == 1
    assert set(before) - {before[3]} < set(drawn(14))
    assert drawn(14) != drawn(15)
