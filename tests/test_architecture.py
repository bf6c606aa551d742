"""The layout's rules, checked on the source: who may import whom, and how things are named."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from radon.complexity import cc_visit

from tools.architecture import PAGE, render_rooms, render_row, write_part
from tools.imports import file_edges, find_circle, packages, sibling_edges
from tools.row_path import follow_row

ROOT = Path(__file__).parents[1]
Node = TypeVar("Node", bound=ast.AST)
SOURCES = sorted([*(ROOT / "plant_assets").rglob("*.py"), *(ROOT / "serving").rglob("*.py")])
MAY_IMPORT_DAGSTER = ("definitions", "defs", "components", "resources", "cli")
SERVING_MAY_IMPORT = ("profile", "features", "bundle", "explain")
SENSORS_MAY_IMPORT = (*SERVING_MAY_IMPORT, "simulation", "ingest.grid")
LIVE_MAY_IMPORT = (*SERVING_MAY_IMPORT, "ingest.grid")
UNPICKLERS = {"pickle", "cloudpickle", "joblib", "dill"}
MOST_COMPLEX = 20
"""Cyclomatic complexity; radon calls what is above it D and worse."""
MOST_FILES = 22
MOST_ENTRIES = 3
BARE = re.compile(
    r"(?!(speed|seed|feed|embed|shed|need|exceed|proceed|string|ring|bring|thing|king|sing|spring)$)[a-z]+(ed|ing)"
)
IRREGULAR = "bound brought built chosen done drawn found given gone got held kept known left lost made meant said sent shown spoken taken told understood won written"
"""Participles that don't end so; `read`, `set`, `put` and their like are verbs as well."""
ANSWERS_ITSELF = {"overload", "fixture", "property", "cached_property", "computed_field"}


def of_package(modules: frozenset[str], package: str) -> set[str]:
    return {m for m in modules if m == package or m.startswith(f"{package}.")}


def external_imports(path: Path) -> set[str]:
    """Modules that a file imports anywhere, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module)
    return found


def importers_of(package: str) -> set[Path]:
    """Files that import a package, or one that is named after it such as `dagster_pyspark`."""
    return {
        path.relative_to(ROOT)
        for path in SOURCES
        if any(m.split(".")[0] == package or m.startswith(f"{package}_") for m in external_imports(path))
    }


def test_there_is_no_circle_of_files() -> None:
    assert find_circle(file_edges()) == []


@pytest.mark.parametrize("package", packages())
def test_there_is_no_circle_of_packages(package: str) -> None:
    assert find_circle(sibling_edges(package)) == []


def test_the_library_is_free_of_frameworks() -> None:
    allowed = {("plant_assets", top) for top in MAY_IMPORT_DAGSTER}
    assert {
        p for p in importers_of("dagster") if (p.parts[0], p.parts[1].removesuffix(".py")) not in allowed
    } == set()
    assert {p for p in importers_of("fastapi") if p.parts[0] != "serving"} == set()


def test_only_the_command_line_reaches_up_into_serving() -> None:
    edges = file_edges()
    reaching = {m for m in edges if m.startswith("plant_assets") and of_package(edges[m], "serving")}
    assert {m for m in reaching if not m.startswith("plant_assets.cli.")} == set()


def test_serving_knows_only_profiles_features_and_bundles() -> None:
    for module, imported in file_edges().items():
        if module.startswith("serving"):
            room = module.split(".")[1] if "." in module else ""
            names = {"sensors": SENSORS_MAY_IMPORT, "live": LIVE_MAY_IMPORT}.get(room, SERVING_MAY_IMPORT)
            allowed = set().union(*(of_package(imported, f"plant_assets.{name}") for name in names))
            assert of_package(imported, "plant_assets") <= allowed, module


def test_nothing_unpickles() -> None:
    for path in SOURCES:
        assert not UNPICKLERS & {m.split(".")[0] for m in external_imports(path)}, path


def test_init_files_are_empty() -> None:
    """But for the component that Dagster looks up, and for what holds of a whole process, whatever it imports first."""
    inits = [p for p in SOURCES if p.name == "__init__.py" and p.parent.name != "components"]
    filled = [p for p in inits if p.read_text().strip()]
    assert [p.parent for p in filled] == [ROOT / "plant_assets", ROOT / "serving"]
    assert all(external_imports(p) == {"gc"} for p in filled)


def test_no_public_class_has_the_name_of_another() -> None:
    names = Counter(node.name for node in definitions(ast.ClassDef) if not node.name.startswith("_"))
    assert sorted(name for name, times in names.items() if times > 1) == []


def test_no_public_function_is_a_bare_participle() -> None:
    bare = {
        node.name
        for kind in (ast.FunctionDef, ast.AsyncFunctionDef)
        for node in definitions(kind)
        if (BARE.fullmatch(node.name) or node.name in IRREGULAR.split()) and not answers_itself(node)
    }
    assert sorted(bare) == []


def test_no_function_is_very_complex() -> None:
    complexities = {
        f"{path.relative_to(ROOT)}: {block.name}": block.complexity
        for path in SOURCES
        for block in cc_visit(path.read_text("utf-8"))
    }
    assert {name: value for name, value in complexities.items() if value > MOST_COMPLEX} == {}


def test_the_page_draws_the_rooms_as_they_are() -> None:
    page = PAGE.read_text("utf-8")
    assert write_part(page, "rooms", render_rooms()) == page


def test_a_row_passes_few_files_and_the_page_names_them() -> None:
    path, page = follow_row(), PAGE.read_text("utf-8")
    assert len(path.files) <= MOST_FILES
    assert max(path.times.values()) <= MOST_ENTRIES
    assert write_part(page, "row", render_row(path)) == page


def definitions(kind: type[Node]) -> Iterator[Node]:
    """Classes or functions of all sources at the top of a file or class."""
    for path in SOURCES:
        tree = ast.parse(path.read_text("utf-8"))
        bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
        yield from (node for body in bodies for node in body if isinstance(node, kind))


def answers_itself(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A property, which is named as what it holds."""
    names = {ast.unparse(decorator).split("(")[0].split(".")[-1] for decorator in node.decorator_list}
    return bool(names & ANSWERS_ITSELF) or any("setter" in ast.unparse(d) for d in node.decorator_list)
