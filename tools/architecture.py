"""Writes what of `docs/architecture.md` follows from the source: rooms, arrows, and the way of a feature row.

`python -m tools.architecture` writes it; with `--figures` it prints what is counted instead.
Belongs here: the page. Doesn't belong here: the graph (`imports.py`), the way (`row_path.py`), what is allowed
(`tests/test_architecture.py`).
"""

import subprocess
import sys
from pathlib import Path

from tools.imports import file_edges, find_circle, packages, reduce_edges, room_edges, sibling_edges
from tools.row_path import RowPath, follow_row

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
_MARK = "<!-- {} -->"


def write_page(page: str, path: RowPath) -> str:
    """The page with its drawn parts as the source and a row's way have them now."""
    return write_part(write_part(page, "rooms", render_rooms()), "row", render_row(path))


def write_part(page: str, name: str, content: str) -> str:
    """The page with what stands between `<!-- name -->` and `<!-- end -->` replaced.

    Raises:
        ValueError: the page has no such marks.
    """
    begin, end = _MARK.format(name), _MARK.format("end")
    head, found, rest = page.partition(f"{begin}\n")
    _, ended, tail = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"{PAGE.name}: expected the marks {begin} and {end}")
    return f"{head}{begin}\n{content}\n{end}{tail}"


def render_rooms() -> str:
    """The rooms as a Mermaid flow chart: an arrow is an import, and what a longer way says already is left out."""
    edges = reduce_edges(room_edges())
    lines = ["```mermaid", "flowchart TB"]
    for package in ("serving", "plant_assets"):
        inside = sorted(room for room in edges if room.split("/")[0] == package)
        lines += [f"  subgraph {package}", *(f"    {_node(room)}" for room in inside), "  end"]
    arrows = sorted((room, other) for room, others in edges.items() for other in others)
    return "\n".join([*lines, *(f"  {_id(room)} --> {_id(other)}" for room, other in arrows), "```"])


def render_row(path: RowPath) -> str:
    """The files of a feature row's way, in order, with how often each is entered."""
    rows = [f"{n}. `{file}` ({path.times[file]})" for n, file in enumerate(path.files, start=1)]
    return "\n".join([f"{len(path.files)} files, {len(path.entries)} entries:", "", *rows])


def print_figures(path: RowPath) -> None:
    files = [ROOT / name for name in _tracked("plant_assets/*.py", "serving/*.py")]
    circles = [package for package in packages() if find_circle(sibling_edges(package))]
    upward = sorted(
        {
            name
            for name, others in file_edges().items()
            if name.startswith("plant_assets") and _reaches_up(others)
        }
    )
    most = max(path.times.values())
    print(f"circles of files: {(len(find_circle(file_edges())) and 'yes') or 0}")
    print(f"packages with circles: {len(circles)} {' '.join(circles)}")
    print(f"plant_assets files that import serving: {len(upward)}, outside cli: {_outside_cli(upward)}")
    print(f"a feature row's way: {len(path.files)} files, {len(path.entries)} entries, most {most} into one")
    print(f"files: {len(files)}, lines: {sum(len(file.read_text('utf-8').splitlines()) for file in files)}")


def main(arguments: list[str]) -> None:
    path = follow_row()
    if "--figures" in arguments:
        print_figures(path)
    else:
        PAGE.write_text(write_page(PAGE.read_text("utf-8"), path), "utf-8")


def _node(room: str) -> str:
    return f'{_id(room)}["{room.split("/")[1]}"]'


def _id(room: str) -> str:
    return room.replace("/", "_")


def _reaches_up(imported: frozenset[str]) -> bool:
    return any(name.startswith("serving") for name in imported)


def _outside_cli(modules: list[str]) -> int:
    return sum(not name.startswith("plant_assets.cli") for name in modules)


def _tracked(*patterns: str) -> list[str]:
    command = ["git", "ls-files", *patterns]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()


if __name__ == "__main__":
    main(sys.argv[1:])
