"""Who imports whom in the source: the graph that the architecture's page and tests read.

Belongs here: modules, rooms and circles, taken from the source without running it. Doesn't belong here: what is allowed
(`tests/test_architecture.py`), the page (`architecture.py`).
"""

from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter

import grimp

PACKAGES = ("plant_assets", "serving")
Edges = Mapping[str, frozenset[str]]
"""Name → names that it imports."""


@cache
def import_graph() -> grimp.ImportGraph:
    """All imports, also those inside functions and for types alone."""
    return grimp.build_graph(*PACKAGES, cache_dir=None)


def file_edges() -> Edges:
    """Each module with the modules of the house that it imports."""
    graph = import_graph()
    return {name: frozenset(graph.find_modules_directly_imported_by(name)) for name in graph.modules}


def sibling_edges(package: str) -> Edges:
    """The children of a package, files or packages, with those of their siblings that they import."""
    graph = import_graph()
    child_of = {
        module: child
        for child in graph.find_children(package)
        for module in (child, *graph.find_descendants(child))
    }
    return _squash(file_edges(), child_of)


def packages() -> list[str]:
    graph = import_graph()
    return sorted(name for name in graph.modules if graph.find_children(name))


def room_of(module: str) -> str:
    """The room that a module stands in: a package of the second level, or a file beside these."""
    return "/".join(module.split(".")[:2])


def room_edges() -> Edges:
    """Each room with the rooms that it imports."""
    return _squash(file_edges(), {module: room_of(module) for module in file_edges() if "." in module})


def find_circle(edges: Edges) -> list[str]:
    """One circle of names, the first again at its end; empty where there is none."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def reduce_edges(edges: Edges) -> Edges:
    """The edges without those that a longer way says already; of a graph without circles."""
    reach: dict[str, frozenset[str]] = {}
    for name in TopologicalSorter(edges).static_order():
        direct = edges.get(name, frozenset())
        reach[name] = direct.union(*(reach[other] for other in direct))
    return {
        name: frozenset(t for t in direct if not any(t in reach[other] for other in direct - {t}))
        for name, direct in edges.items()
    }


def _squash(edges: Edges, place_of: Mapping[str, str]) -> Edges:
    found: dict[str, set[str]] = {place: set() for place in place_of.values()}
    for module, place in place_of.items():
        found[place].update(_others(edges[module], place, place_of))
    return {place: frozenset(others) for place, others in found.items()}


def _others(modules: Iterable[str], place: str, place_of: Mapping[str, str]) -> set[str]:
    return {place_of[module] for module in modules if place_of.get(module, place) != place}
