"""A profile's YAML as plain data, by libyaml: ten times as quick as the reader that knows lines, which tells faults.

Belongs here: reading what is plain, in YAML 1.2's sense as the other reader has it. Doesn't belong here: what is said
of a file at fault (`load.py`).
"""

import re
from collections.abc import Hashable

import yaml
from ruamel.yaml.resolver import implicit_resolvers

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?|[-+]?[0-9]+\.")
_VERSION = (1, 2)
_BRACKET = re.compile(r"[\[\]{}]")
_NESTED_LINE = re.compile(r"(?:[-?:][ \t]+){20}")
_DEEPEST = 50
"""libyaml goes as deep as a text says until the process dies of it, and the other reader takes minutes."""
_TAG = "tag:yaml.org,2002:"


class _Unusual(yaml.YAMLError):
    """Something that the two readers might take for different things."""


class _Plain(yaml.CSafeLoader):
    """PyYAML's loader with the plain scalars of YAML 1.2, so that a tag may be named NO."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if any(key.tag == f"{_TAG}merge" for key, _ in node.value):
            raise _Unusual("merged keys")

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        found = super().construct_mapping(node, deep=deep)
        if len(found) != len(node.value):
            raise _Unusual("a key twice")
        return found

    def whole_number(self, node: yaml.ScalarNode) -> int:
        if not _INT.fullmatch(node.value):
            raise _Unusual("a number of another base")
        return int(node.value)

    def number(self, node: yaml.ScalarNode) -> float:
        if not _FLOAT.fullmatch(node.value):
            raise _Unusual("a number in another form")
        return float(node.value)

    def unusual(self, node: yaml.Node) -> object:
        raise _Unusual(node.tag)


_Plain.yaml_implicit_resolvers = {}
for _versions, _tag, _pattern, _first in implicit_resolvers:
    if _VERSION in _versions:
        _Plain.add_implicit_resolver(_tag, _pattern, _first)
_Plain.add_constructor(f"{_TAG}int", _Plain.whole_number)
_Plain.add_constructor(f"{_TAG}float", _Plain.number)
for _name in ("value", "binary", "omap", "pairs", "set"):
    _Plain.add_constructor(f"{_TAG}{_name}", _Plain.unusual)


def read_plain(text: str) -> dict[str, object] | None:
    """The mapping that a document is; None where it is at fault, or unusual enough to need the other reader."""
    if too_deep_at(text) is not None:
        return None
    try:
        document = yaml.load(text, _Plain)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def key_of_parts_at(text: str) -> int:
    """The line of a key that is a mapping or a list itself; 1 where there is none."""
    nodes = [yaml.compose(text, yaml.CSafeLoader)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    return key.start_mark.line + 1
                nodes.append(value)
        elif isinstance(node, yaml.SequenceNode):
            nodes.extend(node.value)
    return 1


def too_deep_at(text: str) -> int | None:
    """The line where a document nests deeper than any profile; None where it doesn't."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > _DEEPEST:
            return text.count("\n", 0, bracket.start()) + 1
    nested = _NESTED_LINE.search(text)
    return text.count("\n", 0, nested.start()) + 1 if nested else None
