"""Where a plant's readings are on an OPC UA server, as a strict Pydantic model.

Belongs here: `live.opcua` of a profile. Doesn't belong here: passwords and keys, which are files of the service
(`FOREWARN_OPCUA_FILES`).
"""

import re
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, field_serializer, field_validator, model_validator

from plant_assets.profile.durations import Duration
from plant_assets.profile.tag import StrictModel

OpcuaSecurity = Literal[
    "none",
    "basic256sha256_sign",
    "basic256sha256_encrypt",
    "aes128sha256rsaoaep_sign",
    "aes128sha256rsaoaep_encrypt",
    "aes256sha256rsapss_sign",
    "aes256sha256rsapss_encrypt",
]
_NODE = re.compile(r"(ns=\d{1,5};)?[isgb]=.{1,1000}", re.DOTALL)
_ADDRESS = re.compile(r"opc\.tcp://([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?(/[^\s?#@]*)?", re.ASCII)


def check_address(url: str) -> str:
    """An address of an OPC UA server, without a user.

    Raises:
        ValueError: it isn't one.
    """
    if not _ADDRESS.fullmatch(url):
        raise ValueError(
            f"expected an address such as opc.tcp://host:4840/path, without user and password, got {url!r}"
        )
    return url


class OpcuaOptions(StrictModel):
    """The server's variables that are a plant's tags."""

    url: str = Field(description="such as opc.tcp://plc.plant.example:4840")
    nodes: tuple[tuple[str, str], ...] = Field(
        min_length=1, description="tag → node id, such as ns=2;s=Furnace.TI101"
    )
    security: OpcuaSecurity = Field(
        default="none", description="security policy, and whether messages are encrypted"
    )
    user: str = Field(
        default="", max_length=200, description="empty: anonymous, or by the client certificate"
    )
    publishing_ms: int = Field(default=500, ge=10, le=3_600_000, description="publishing interval")
    queue_size: int = Field(
        default=100, ge=2, le=100_000, description="values of a tag that the server keeps until it publishes"
    )
    history: Duration | None = Field(
        default=None,
        description="how far back the server's history is read after a start; default: twelve intervals of the plant",
    )

    @field_validator("url")
    @classmethod
    def _valid_address(cls, url: str) -> str:
        return check_address(url)

    @field_validator("nodes", mode="before")
    @classmethod
    def _pairs(cls, nodes: object) -> object:
        """A mapping as pairs: a profile is a key of what is computed once for it."""
        return tuple(nodes.items()) if isinstance(nodes, Mapping) else nodes

    @field_validator("nodes")
    @classmethod
    def _node_ids(cls, nodes: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        for tag, node in nodes:
            if not _NODE.fullmatch(node):
                raise ValueError(f"{tag}: expected a node id such as ns=2;s=Furnace.TI101, got {node!r}")
        return nodes

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> Self:
        if self.user and self.security == "none":
            raise ValueError(
                "security: expected a policy beside user, as its password would travel unencrypted"
            )
        return self

    @field_serializer("nodes")
    def _mapping(self, nodes: tuple[tuple[str, str], ...]) -> dict[str, str]:
        return dict(nodes)
