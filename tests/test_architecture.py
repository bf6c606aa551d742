"""Who may import whom: the layout's rules, checked on the source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT_DAGSTER = ("definitions.py", "defs", "components", "resources", "cli")


def imports(path: Path) -> set[str]:
    """Modules that a file imports anywhere, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module)
    return found


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def of_package(modules: set[str], package: str) -> set[str]:
    return {m for m in modules if m == package or m.startswith((f"{package}.", f"{package}_"))}


@pytest.mark.parametrize("path", sources("plant_assets"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_library_is_free_of_frameworks(path: Path) -> None:
    top = path.relative_to(ROOT / "plant_assets").parts[0]
    if top not in MAY_IMPORT_DAGSTER:
        assert not of_package(imports(path), "dagster")
    assert not of_package(imports(path), "fastapi")


@pytest.mark.parametrize("path", sources("plant_assets"), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_command_line_reaches_up_into_serving(path: Path) -> None:
    if path.relative_to(ROOT / "plant_assets").parts[0] != "cli":
        assert not of_package(imports(path), "serving")


@pytest.mark.parametrize("path", sources("serving"), ids=lambda p: str(p.relative_to(ROOT)))
def test_serving_knows_only_profiles_features_and_bundles(path: Path) -> None:
    ours = of_package(imports(path), "plant_assets")
    allowed = ["plant_assets.profile", "plant_assets.features", "plant_assets.bundle"]
    if path.is_relative_to(
        ROOT / "serving" / "sensors"
    ):  # live on the simulator and make rows as ingest does
        allowed += ["plant_assets.simulation", "plant_assets.ingest.grid"]
    assert all(m.startswith(tuple(allowed)) for m in ours), ours


@pytest.mark.parametrize("path", sources("plant_assets") + sources("serving"), ids=lambda p: p.name)
def test_nothing_unpickles(path: Path) -> None:
    assert not {"pickle", "cloudpickle", "joblib", "dill"} & {m.split(".")[0] for m in imports(path)}


def test_init_files_are_empty() -> None:
    inits = [p for folder in ("plant_assets", "serving") for p in sources(folder) if p.name == "__init__.py"]
    assert [p for p in inits if p.read_text().strip() and p.parent.name != "components"] == []
