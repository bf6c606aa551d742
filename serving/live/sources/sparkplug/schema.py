"""The protobuf messages of Sparkplug B, built from the field numbers of its specification.

Belongs here: names, numbers and types of fields. Doesn't belong here: what they mean (`payload.py`).

The descriptor is built when this is imported, in a pool of its own: generated code would have to be made anew for other
versions of protobuf, and need its compiler (docs/decisions/0030-fieldbus.md).
"""

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "forewarn.sparkplug"
_VALUE = "value"
"""The one choice among fields that a metric and a property have."""
_UINT32, _UINT64 = FieldDescriptorProto.TYPE_UINT32, FieldDescriptorProto.TYPE_UINT64
_BOOL, _STRING, _BYTES = (
    FieldDescriptorProto.TYPE_BOOL,
    FieldDescriptorProto.TYPE_STRING,
    FieldDescriptorProto.TYPE_BYTES,
)
_FLOAT, _DOUBLE = FieldDescriptorProto.TYPE_FLOAT, FieldDescriptorProto.TYPE_DOUBLE


def _build() -> type[Message]:
    file = FileDescriptorProto(name="forewarn_sparkplug_b.proto", package=_PACKAGE, syntax="proto2")
    value = file.message_type.add(name="PropertyValue")
    _add(value, "type", 1, _UINT32)
    _add(value, "is_null", 2, _BOOL)
    _choose(
        value,
        (
            ("int_value", 3, _UINT32),
            ("long_value", 4, _UINT64),
            ("float_value", 5, _FLOAT),
            ("double_value", 6, _DOUBLE),
            ("boolean_value", 7, _BOOL),
            ("string_value", 8, _STRING),
        ),
    )
    properties = file.message_type.add(name="PropertySet")
    _add(properties, "keys", 1, _STRING, many=True)
    _add(properties, "values", 2, "PropertyValue", many=True)
    metric = file.message_type.add(name="Metric")
    _add(metric, "name", 1, _STRING)
    _add(metric, "alias", 2, _UINT64)
    _add(metric, "timestamp", 3, _UINT64)
    _add(metric, "datatype", 4, _UINT32)
    _add(metric, "is_historical", 5, _BOOL)
    _add(metric, "is_transient", 6, _BOOL)
    _add(metric, "is_null", 7, _BOOL)
    _add(metric, "properties", 9, "PropertySet")
    _choose(
        metric,
        (
            ("int_value", 10, _UINT32),
            ("long_value", 11, _UINT64),
            ("float_value", 12, _FLOAT),
            ("double_value", 13, _DOUBLE),
            ("boolean_value", 14, _BOOL),
            ("string_value", 15, _STRING),
            ("bytes_value", 16, _BYTES),
            (
                "dataset_value",
                17,
                _BYTES,
            ),  # data sets and templates are messages of their own, which no tag can hold
            ("template_value", 18, _BYTES),
        ),
    )
    payload = file.message_type.add(name="Payload")
    _add(payload, "timestamp", 1, _UINT64)
    _add(payload, "metrics", 2, "Metric", many=True)
    _add(payload, "seq", 3, _UINT64)
    _add(payload, "uuid", 4, _STRING)
    _add(payload, "body", 5, _BYTES)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


def _add(
    message: DescriptorProto, name: str, number: int, kind: int | str, *, many: bool = False
) -> FieldDescriptorProto:
    label = FieldDescriptorProto.LABEL_REPEATED if many else FieldDescriptorProto.LABEL_OPTIONAL
    field = message.field.add(name=name, number=number, label=label)
    if isinstance(kind, str):
        field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    else:
        field.type = FieldDescriptorProto.Type.ValueType(kind)
    return field


def _choose(message: DescriptorProto, fields: tuple[tuple[str, int, int], ...]) -> None:
    message.oneof_decl.add(name=_VALUE)
    for name, number, kind in fields:
        _add(message, name, number, kind).oneof_index = 0


PAYLOAD = _build()
"""A payload's class."""
