"""A profile's YAML: its data, and the line of each part of it.

Belongs here: YAML 1.2's plain values by libyaml, and what is said of a text that is no YAML. Doesn't belong here: what a
profile must hold (`model.py`), files (`load.py`).
"""

import re
from collections.abc import Hashable
from dataclasses import dataclass

import yaml

_BRACKET = re.compile(r"[\[\]{}]")
_NESTED_LINE = re.compile(r"(?:[-?:][ \t]+){20}")
_DEEPEST = 50
"""libyaml goes as deep as a text says until the process dies of it."""
_TAG = "tag:yaml.org,2002:"
_PLAIN = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?[0-9_]+", "-+0123456789"),
    "float": (
        r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)"
        r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    "merge": (r"<<", "<"),
    "null": (r"~|null|Null|NULL|", "~nN\0"),
    "timestamp": (
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}"
        r"(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?",
        "0123456789",
    ),
}
"""What a value without quotes is, by its form and by the characters that it begins with; a tag may be named NO."""
_SAID = (
    (r"cannot start any token", "a tab; expected blanks for indentation"),
    (r"mapping values are not allowed", "an unexpected colon: wrong indentation, or a text with ': ' that needs quotes"),
    (r"found unexpected end of stream", "a quote opened here is never closed"),
    (r"unhashable key", "expected a name, then ': '; got a nested key"),
)  # fmt: skip

Place = tuple[str | int, ...]


class YamlFault(ValueError):  # noqa: N818 - what is wrong with a text, not with the program
    """A text that is no YAML, or not a mapping.

    Attributes:
        line: from 1.
    """

    def __init__(self, line: int, said: str) -> None:
        super().__init__(said)
        self.line = line


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """A mapping as plain data, with the nodes that know its lines."""

    data: dict[str, object]
    root: yaml.MappingNode

    def line_of(self, place: Place) -> int:
        """Line, from 1, of the deepest part of a place that is written in the text."""
        node: yaml.Node = self.root
        line = 0
        for part in place:
            found = _part_of(node, part)
            if found is None:
                break
            line, node = found
        return line + 1


def parse_yaml(text: str, holds: str = "type and attributes") -> YamlDocument:
    """Read a document that is a mapping with what it `holds`.

    Raises:
        YamlFault: it is none, nests too deeply, or holds a key twice.
    """
    if (deep := _too_deep_at(text)) is not None:
        raise YamlFault(deep, "nested too deeply for a profile")
    try:
        loader = _PlainLoader(text)
        root = loader.get_single_node()
        data = loader.construct_document(root) if root is not None else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _fault_of(error) from None
    if not isinstance(data, dict) or not isinstance(root, yaml.MappingNode):
        raise YamlFault(1, f"expected a mapping with {holds}")
    return YamlDocument(data, root)


class _PlainLoader(yaml.CSafeLoader):
    """PyYAML's loader with the plain scalars of YAML 1.2, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise YamlFault(key.start_mark.line + 1, f"{key.value} appears twice; expected it once")
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def whole_number(self, node: yaml.ScalarNode) -> int:
        text = node.value.replace("_", "")
        return int(text, 0) if re.match(r"[-+]?0[box]", text) else int(text)

    def text(self, node: yaml.ScalarNode) -> str:
        return str(node.value)


_PlainLoader.yaml_implicit_resolvers = {}
for _name, (_pattern, _first) in _PLAIN.items():
    _PlainLoader.add_implicit_resolver(
        f"{_TAG}{_name}", re.compile(f"^(?:{_pattern})$"), ["" if c == "\0" else c for c in _first]
    )
_PlainLoader.add_constructor(f"{_TAG}int", _PlainLoader.whole_number)
_PlainLoader.add_constructor(f"{_TAG}value", _PlainLoader.text)


def _part_of(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    """The line where a part of a node begins, from 0, and the part."""
    if isinstance(node, yaml.MappingNode):
        pairs = ((key, value) for key, value in node.value if getattr(key, "value", None) == str(part))
        return next(((key.start_mark.line, value) for key, value in pairs), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line, node.value[part]
    return None


def _fault_of(error: Exception) -> YamlFault:
    """What a person is told of that which a reader raised."""
    if isinstance(error, YamlFault):
        return error
    if not isinstance(error, yaml.MarkedYAMLError):
        said = " ".join(str(error).split())[:120] or type(error).__name__
        return YamlFault(1, f"invalid YAML ({said})")
    mark = error.problem_mark or error.context_mark
    problem, context = error.problem or "", error.context or ""
    for pattern, said in _SAID:
        if re.search(pattern, problem):
            mark = error.context_mark if "quote opened" in said and error.context_mark else mark
            return YamlFault((mark.line if mark else 0) + 1, said)
    since = f", {context} from line {error.context_mark.line + 1}" if context and error.context_mark else ""
    return YamlFault((mark.line if mark else 0) + 1, f"invalid YAML: {problem or context}{since}")


def _too_deep_at(text: str) -> int | None:
    """The line where a document nests deeper than any profile; None where it doesn't."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > _DEEPEST:
            return text.count("\n", 0, bracket.start()) + 1
    nested = _NESTED_LINE.search(text)
    return text.count("\n", 0, nested.start()) + 1 if nested else None
