"""Two units of a plant in an address space: loops, analog variables with units and ranges, and what is no number."""

from typing import Any

from asyncua import Node, Server, ua
from asyncua.ua.attribute_ids import AttributeIds

_TEXT = ua.LocalizedText


async def analog(
    parent: Node,
    name: str,
    value: Any,
    unit: str = "",
    ends: tuple[float, float] | None = None,
    text: str = "",
) -> Node:
    """A variable with its properties."""
    node = await parent.add_variable(ua.NodeId(f"{parent.nodeid.Identifier}.{name}", 2), name, value)  # pyright: ignore[reportArgumentType]
    if unit:
        await add_unit(node, unit)
    if ends:
        await node.add_property(0, "EURange", ua.Range(*ends))  # pyright: ignore[reportArgumentType]
    if text:
        await node.write_attribute(AttributeIds.Description, ua.DataValue(ua.Variant(_TEXT(text))))  # pyright: ignore[reportArgumentType]
    return node


async def add_unit(node: Node, unit: str) -> None:
    """Have a variable tell its unit."""
    told = ua.EUInformation(DisplayName=_TEXT(unit))  # pyright: ignore[reportArgumentType]
    await node.add_property(0, "EngineeringUnits", told)


async def add_units(server: Server) -> None:
    """`Unit 1` and `Unit 2` below Objects."""
    for name in ("Unit 1", "Unit 2"):
        unit = await server.nodes.objects.add_folder(ua.NodeId(name, 2), f"2:{name}")  # pyright: ignore[reportArgumentType]
        loop = await unit.add_object(ua.NodeId(f"{name}.FIC", 2), f"2:FIC{name[-1]}01")  # pyright: ignore[reportArgumentType]
        await analog(loop, "PV", 50.0, "m³/h", (0, 120), "Feed flow")
        await analog(loop, "SP", 51.0, "m³/h", (0, 120))
        await analog(unit, "Running", True)
        await analog(unit, "Recipe", "A17")
        await analog(unit, "Profile", [1.0, 2.0])
