"""Per-tag exports: each series with its own times, the tag from the header, the sheet or the file name.

A simple tag has a value and a timestamp column; a controller has PV, OP and SP, usually in columns A/B,
E/F and I/J. Which of the two columns holds the times is told by their content.
"""

from plant_assets.ingest.decode.cells import CellGrid
from plant_assets.ingest.errors import Refusal, quote
from plant_assets.ingest.layouts.layout import SeriesSource, TableHeader, TableLayout
from plant_assets.ingest.layouts.names import QUALITY_WORDS, ROLE_WORDS, PlantNames, plain_name
from plant_assets.profile.tag import Role

ROLE_OF_START: dict[int, Role] = {0: "pv", 4: "op", 8: "sp"}
ROLES: tuple[Role, ...] = ("pv", "op", "sp")

Pair = tuple[int, tuple[int, ...], int | None]
"""Value column, time columns, quality column."""


def per_tag(
    grid: CellGrid, head: TableHeader, names: PlantNames, stem: str, times: list[tuple[int, ...]]
) -> TableLayout | None:
    """The layout of a per-tag export, or None if the grid is none.

    Raises:
        Refusal: it is one, but its tag can't be told.
    """
    pairs = value_pairs(head, times)
    several = len(times) > 1 and len(pairs) == len(times) and own_times(head, pairs, names)
    single = len(pairs) == 1 and len(times) == 1 and _only_pair(head, pairs[0], names)
    if not (several or single):
        return None
    owner = names.find_in(grid.sheet) if grid.sheet else None
    owner = owner or names.find_in(stem)
    sources = []
    for order, pair in enumerate(pairs):
        tag = _tag_of(grid, head, names, pair, owner=owner, order=order, count=len(pairs))
        if tag is None:
            raise _untold(grid, head, pair, stem)
        sources.append(SeriesSource(pair[0], pair[1], tag=tag, quality=pair[2]))
    tags = [source.tag for source in sources]
    if doubled := next((tag for tag in tags if tags.count(tag) > 1), None):
        raise Refusal(
            "duplicate_column",
            f"two pairs of columns both mean {doubled}",
            place=grid.place() or None,
            expected="one pair of value and timestamp a tag, headed PV, OP and SP for a controller",
        )
    return TableLayout("per_tag", head.begin, sources)


def value_pairs(head: TableHeader, times: list[tuple[int, ...]]) -> list[Pair]:
    """Each group of times with the value column beside it."""
    taken = {c for group in times for c in group}
    qualities = {c for c in head.filled if plain_name(head.names[c]) in QUALITY_WORDS}
    pairs: list[Pair] = []
    for group in times:
        beside = (min(group) - 1, max(group) + 1)
        value = next((c for c in beside if c in head.filled and c not in taken and c not in qualities), None)
        if value is None:
            continue
        taken.add(value)
        after = max(value, *group) + 1
        pairs.append((value, group, after if after in qualities else None))
    return pairs


def own_times(head: TableHeader, pairs: list[Pair], names: PlantNames) -> bool:
    """Whether each series has its own times, and not all share the first of several time columns."""
    timed = {c for pair in pairs for c in pair[1]}
    cells = [c for c in head.filled if c not in timed and plain_name(head.names[c]) not in QUALITY_WORDS]
    known = [c for c in cells if names.column(head.names[c])]
    return len(cells) == len(pairs) or len(known) <= len(pairs)


def _only_pair(head: TableHeader, pair: Pair, names: PlantNames) -> bool:
    """One pair is a per-tag export if nothing else is there to read and its header names no tag itself."""
    mine = {pair[0], *pair[1], pair[2]}
    alone = all(c in mine or names.ignored(head.names[c]) for c in head.filled)
    return alone and names.column(head.names[pair[0]]) is None


def _tag_of(
    grid: CellGrid,
    head: TableHeader,
    names: PlantNames,
    pair: Pair,
    *,
    owner: str | None,
    order: int,
    count: int,
) -> str | None:
    value, times, _ = pair
    titles = [t for c in (value, *times) for t in head.above[c]]
    for title in titles:
        if (known := names.column(title)) is not None:
            return known
    above = (names.controllers.get(plain_name(title)) for title in titles)
    controller = next((name for name in above if name), None)
    if controller is None and owner in names.controllers.values():
        controller = owner
    if controller is None:
        return owner if count == 1 else None
    for title in titles:
        for role, pattern in ROLE_WORDS.items():
            if pattern.search(plain_name(title).replace("_", " ")):
                return names.role(controller, role)
    start = grid.first_column + min(value, *times)
    role = ROLE_OF_START.get(start) if count < len(ROLES) else None
    return names.role(controller, role or ROLES[order]) if order < len(ROLES) else None


def _untold(grid: CellGrid, head: TableHeader, pair: Pair, stem: str) -> Refusal:
    title = head.names[pair[0]]
    return Refusal(
        "no_known_tag",
        f"which tag this column holds can't be told from its header {quote(title)}, "
        f"the sheet {quote(grid.sheet)} or the file name {quote(stem)}",
        place=grid.place(column=pair[0], name=title),
        expected="a tag or controller of the plant in the file or sheet name, or in the header",
    )
