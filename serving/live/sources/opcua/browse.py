"""Walks an OPC UA server's address space for variables whose values are numbers.

Belongs here: requests, in as few as a server takes, and what is bounded of them. Doesn't belong here: tags (drafts).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from serving.live.sources.opcua.faults import OpcuaFault
from serving.live.sources.opcua.session import OpcuaSession
from serving.live.sources.opcua.values import number_of

if TYPE_CHECKING:
    from asyncua.common.node import Node
    from asyncua.ua import BrowseResult, DataValue, ReferenceDescription

MOST_VARIABLES = 10_000
MOST_NODES = 100_000
"""Of an address space; beyond them a root has to be given."""
DEEPEST = 30
_AT_ONCE = 200
_NUMBERS = frozenset((*range(1, 12), 26, 27, 28))
"""Standard data types of numbers: Boolean to Double, and the abstract ones."""
_NO_BROWSING = ("BadServiceUnsupported", "BadNotSupported", "BadNotImplemented", "BadUserAccessDenied")
_UNIT, _NORMAL, _INSTRUMENT = "EngineeringUnits", "EURange", "InstrumentRange"
Item = TypeVar("Item")


@dataclass(slots=True)
class BrowsedVariable:
    """A variable of a server.

    Attributes:
        node: its id as a text.
        path: names of the folders above it below the root, and its own.
        unit: display name of its EngineeringUnits; empty without.
        low, high: its InstrumentRange, else its EURange; None without.
        description: its Description, else its display name; empty where both are its own name.
        value: the present one; None where there is none.
        is_state: whether it is a Boolean.
    """

    node: str
    path: tuple[str, ...]
    unit: str = ""
    low: float | None = None
    high: float | None = None
    description: str = ""
    value: float | None = None
    is_state: bool = False


@dataclass(slots=True)
class AddressSpace:
    """What was found.

    Attributes:
        variables: those whose values are numbers, in the server's order.
        left_out: paths of others, and why.
    """

    variables: list[BrowsedVariable] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)


class _Place(NamedTuple):
    node: "Node"
    path: tuple[str, ...]
    title: str = ""
    order: tuple[int, ...] = ()


async def browse_variables(session: OpcuaSession, root: str = "") -> AddressSpace:
    """All variables below a node.

    Args:
        session: with the server.
        root: id of the node; empty: the folder Objects without the server's own object.

    Raises:
        OpcuaFault: no such node, or more nodes than are walked.
    """
    from asyncua import ua
    from asyncua.ua.attribute_ids import AttributeIds
    from asyncua.ua.object_ids import ObjectIds

    client = session.client
    try:
        top = client.get_node(root) if root else client.get_objects_node()
    except (ua.UaError, ValueError):
        raise OpcuaFault(
            f"{session.url}: {root!r} is not a node id; expected one such as ns=2;s=Mill"
        ) from None
    (known,) = await session.read([top], AttributeIds.NodeClass)
    if known.StatusCode is not None and known.StatusCode.is_bad():
        raise OpcuaFault(f"{session.url}: {root}: {known.StatusCode.name}; expected a node of the server")
    seen = {top.nodeid, ua.NodeId(ua.Int32(ObjectIds.Server))}
    level, places = [_Place(top, ())], list[_Place]()
    for _ in range(DEEPEST):
        if not level:
            break
        below: list[_Place] = []
        for number, (place, reference) in enumerate(await _references(session, level)):
            node = client.get_node(reference.NodeId)
            if node.nodeid in seen or getattr(reference.NodeId, "ServerIndex", 0):
                continue
            seen.add(node.nodeid)
            path = (*place.path, reference.BrowseName.Name or node.nodeid.to_string())
            found = _Place(node, path, reference.DisplayName.Text or "", (*place.order, number))
            below.append(found)
            if reference.NodeClass == ua.NodeClass.Variable:
                places.append(found)
        if len(seen) > MOST_NODES or len(places) > MOST_VARIABLES:
            raise OpcuaFault(
                f"{session.url}: more than {MOST_NODES:,} nodes or {MOST_VARIABLES:,} variables; "
                "expected the node of a part of them as --root"
            )
        level = below
    return await _describe(session, sorted(places, key=lambda place: place.order))


async def read_units(session: OpcuaSession, nodes: "Sequence[Node]") -> list[str]:
    """Display names of nodes' EngineeringUnits, in their order; empty where a node has none, or can't be browsed."""
    from asyncua.ua import UaError

    try:
        properties = await _properties(session, nodes)
    except UaError as error:
        if type(error).__name__ not in _NO_BROWSING:
            raise
        return [""] * len(nodes)
    values = iter(await session.read([found[_UNIT] for found in properties if _UNIT in found]))
    return [_unit(next(values)) if _UNIT in found else "" for found in properties]


async def _describe(session: OpcuaSession, places: Sequence[_Place]) -> AddressSpace:
    from asyncua.ua.attribute_ids import AttributeIds
    from asyncua.ua.object_ids import ObjectIds

    nodes = [place.node for place in places]
    values = await session.read(nodes)
    types = await session.read(nodes, AttributeIds.DataType)
    descriptions = await session.read(nodes, AttributeIds.Description)
    space = AddressSpace()
    numbers: list[tuple[BrowsedVariable, Node]] = []
    for place, value, kind, description in zip(places, values, types, descriptions, strict=True):
        if why := _unfit(value, kind):
            space.left_out["/".join(place.path)] = why
            continue
        told = next(
            (text for text in (_text(description), place.title) if text not in ("", place.path[-1])), ""
        )
        variable = BrowsedVariable(
            place.node.nodeid.to_string(),
            place.path,
            description=told,
            value=number_of(value),
            is_state=_type(kind) == ObjectIds.Boolean,
        )
        space.variables.append(variable)
        numbers.append((variable, place.node))
    await _read_properties(session, numbers)
    return space


async def _read_properties(session: OpcuaSession, numbers: "Sequence[tuple[BrowsedVariable, Node]]") -> None:
    found = await _properties(session, [node for _, node in numbers])
    wanted = [(place, name, node) for place, one in enumerate(found) for name, node in one.items()]
    values = await session.read([node for _, _, node in wanted])
    told: dict[tuple[int, str], DataValue] = {
        (place, name): value for (place, name, _), value in zip(wanted, values, strict=True)
    }
    for place, (variable, _) in enumerate(numbers):
        if (unit := told.get((place, _UNIT))) is not None:
            variable.unit = _unit(unit)
        for name in (_INSTRUMENT, _NORMAL):
            ends = _range(told.get((place, name)))
            if variable.low is None and ends is not None:
                variable.low, variable.high = ends


async def _properties(session: OpcuaSession, nodes: "Sequence[Node]") -> "list[dict[str, Node]]":
    """Of each node, its properties that tell a unit or a range."""
    from asyncua.ua.object_ids import ObjectIds

    found: list[dict[str, Node]] = [{} for _ in nodes]
    places = [_Place(node, (str(number),)) for number, node in enumerate(nodes)]
    for place, reference in await _references(session, places, ObjectIds.HasProperty):
        name = reference.BrowseName.Name
        if name in (_UNIT, _NORMAL, _INSTRUMENT):
            found[int(place.path[0])][name] = session.client.get_node(reference.NodeId)
    return found


async def _references(
    session: OpcuaSession, places: Sequence[_Place], kind: int | None = None
) -> "list[tuple[_Place, ReferenceDescription]]":
    """Forward references of nodes: those of a kind, or by default those to what they hold."""
    from asyncua import ua
    from asyncua.ua.object_ids import ObjectIds

    kinds = (
        [ua.NodeId(ua.Int32(kind))]
        if kind
        else [ua.NodeId(ua.Int32(k)) for k in (ObjectIds.Organizes, ObjectIds.HasComponent)]
    )
    found: list[tuple[_Place, ReferenceDescription]] = []
    asked = [(place, one) for place in places for one in kinds]
    for part in _parts(asked):
        parameters = ua.BrowseParameters()
        parameters.View = ua.ViewDescription()
        parameters.NodesToBrowse = [_question(place, one) for place, one in part]
        results = await session.client.uaclient.browse(parameters)
        for (place, _), result in zip(part, results, strict=True):
            found += [(place, reference) for reference in await _whole(session, result)]
    return found


def _question(place: _Place, kind: object) -> object:
    from asyncua import ua

    asked = ua.BrowseDescription()
    asked.NodeId = place.node.nodeid
    asked.BrowseDirection = ua.BrowseDirection.Forward
    asked.ReferenceTypeId = kind
    asked.IncludeSubtypes = True
    asked.NodeClassMask = ua.NodeClass.Object | ua.NodeClass.Variable
    asked.ResultMask = ua.BrowseResultMask.All
    return asked


async def _whole(session: OpcuaSession, result: "BrowseResult") -> "list[ReferenceDescription]":
    """All references of an answer, which a server may give in parts."""
    from asyncua import ua

    found = list(result.References or [])
    point = result.ContinuationPoint
    while point:
        parameters = ua.BrowseNextParameters()
        parameters.ContinuationPoints = [point]
        parameters.ReleaseContinuationPoints = False
        (more,) = await session.client.uaclient.browse_next(parameters)
        found += more.References or []
        point = more.ContinuationPoint
    return found


def _unfit(value: "DataValue", kind: "DataValue") -> str:
    """Why a variable can't be a tag; empty where it can, also while it has no value."""
    given = value.Value
    if given is None or given.Value is None:
        if _type(kind) in _NUMBERS:
            return ""
        name = "" if value.StatusCode is None else value.StatusCode.name
        return f"no value: {name}" if name else "no value"
    if given.is_array or isinstance(given.Value, list):
        return "several values"
    return "" if number_of(value) is not None else f"a {given.VariantType.name}"


def _type(kind: "DataValue") -> int:
    """Number of a standard data type; 0 for others."""
    told = kind.Value.Value if kind.Value is not None else None
    number = getattr(told, "Identifier", 0) if getattr(told, "NamespaceIndex", 1) == 0 else 0
    return number if isinstance(number, int) else 0


def _unit(value: "DataValue") -> str:
    told = value.Value.Value if value.Value is not None else None
    return (getattr(getattr(told, "DisplayName", None), "Text", None) or "").strip()


def _range(value: "DataValue | None") -> tuple[float, float] | None:
    told = value.Value.Value if value is not None and value.Value is not None else None
    low, high = getattr(told, "Low", None), getattr(told, "High", None)
    if isinstance(low, int | float) and isinstance(high, int | float) and low < high:
        return float(low), float(high)
    return None


def _text(value: "DataValue") -> str:
    told = value.Value.Value if value.Value is not None else None
    return (getattr(told, "Text", None) or "").strip()


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
