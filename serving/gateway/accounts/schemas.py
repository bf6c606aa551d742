"""Requests and answers about accounts.

A password that is at fault is never shown in the answer that says so.
"""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)

from serving.faults import expectation_error
from serving.gateway.accounts.names import NAME_EXPECTED, PASSWORD_EXPECTED, normal_name, sound_password
from serving.gateway.accounts.tables import Role

MOST_TYPED = 200


def _name(given: str) -> str:
    try:
        return normal_name(given)
    except ValueError:
        raise expectation_error("no name", NAME_EXPECTED) from None


def _hidden(given: object, handler: ValidatorFunctionWrapHandler) -> str:
    if not isinstance(given, str) or not 1 <= len(given) <= MOST_TYPED:
        raise expectation_error("no password", f"a text of 1 to {MOST_TYPED} characters")
    return handler(given)


# Clients of the API that this one comes from say `username`.
NAME_KEYS = AliasChoices("name", "username")
NAME_KEYS_TOLD = "`username` may stand in place of `name`"
NewName = Annotated[
    str,
    Field(max_length=MOST_TYPED, validation_alias=NAME_KEYS, description=NAME_KEYS_TOLD, examples=["maria"]),
    AfterValidator(_name),
]
TypedName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MOST_TYPED,
        validation_alias=NAME_KEYS,
        description=NAME_KEYS_TOLD,
        examples=["maria"],
    ),
]
Password = Annotated[str, WrapValidator(_hidden), Field(examples=["correct horse battery"])]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RegisterRequest(_Request):
    """A new account with the role viewer."""

    name: NewName
    password: Password = Field(description=PASSWORD_EXPECTED)

    @field_validator("password")
    @classmethod
    def _sound(cls, password: str, info: ValidationInfo) -> str:
        try:
            return sound_password(password, info.data.get("name", ""))
        except ValueError:
            raise expectation_error("invalid password", PASSWORD_EXPECTED) from None


class NewAccountRequest(RegisterRequest):
    """A new account, as an administrator creates it."""

    role: Role = "viewer"


class LoginRequest(_Request):
    name: TypedName
    password: Password


class PasswordChange(_Request):
    password: Password = Field(description="current password")
    new_password: Password = Field(description=PASSWORD_EXPECTED)


class RefreshRequest(_Request):
    refresh_token: Annotated[str, Field(min_length=1, max_length=MOST_TYPED)]


class AccountChange(_Request):
    """Another role, disabled or enabled, or both."""

    role: Role | None = None
    disabled: bool | None = Field(default=None, strict=True, description="true ends all its sessions")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.role is None and self.disabled is None:
            raise expectation_error("nothing to change", "role, disabled, or both")
        return self


class PasswordReset(_Request):
    new_password: Password = Field(description=PASSWORD_EXPECTED)


class UserAnswer(BaseModel):
    """An account."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = Field(default=None, description="since then nobody can log in with it")


class UsersAnswer(BaseModel):
    """A page of accounts."""

    users: list[UserAnswer]
    next: int | None = Field(description="`after` of the next page; null on the last one")


class TokensAnswer(BaseModel):
    """Tokens of a log-in or a refresh."""

    access_token: str = Field(description="for `Authorization: Bearer …`")
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="seconds until the access token expires")
    refresh_token: str = Field(description="for /auth/refresh; valid once")
