"""What an OPC UA server's refusals mean, as sentences.

Belongs here: from what asyncua raises to one fault. Doesn't belong here: what is done about it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

ANSWER_WITHIN_S = 10.0
_REFUSED = (
    "BadUserAccessDenied",
    "BadIdentityTokenRejected",
    "BadIdentityTokenInvalid",
    "BadUserSignatureInvalid",
)
_SECURITY = ("Security", "Certificate")
"""In names of what is raised where a policy or a certificate isn't taken."""
_NO_ENDPOINT = "No matching endpoints"


class OpcuaFault(Exception):  # noqa: N818 - a fault of the other side
    """The server is away, refuses something, or the session is lost; the text says which.

    Attributes:
        option: of `live.opcua`, that it is about.
    """

    def __init__(self, text: str, option: Literal["url", "user", "security"] = "url") -> None:
        super().__init__(text)
        self.option = option


@contextmanager
def name_faults(url: str) -> Iterator[None]:
    """What asyncua raises inside, as one sentence with the server's address.

    Raises:
        OpcuaFault: something was raised.
    """
    from asyncua.ua import UaError

    try:
        yield
    except TimeoutError:
        raise OpcuaFault(f"{url} doesn't answer within {ANSWER_WITHIN_S:g} s") from None
    except OSError as error:
        raise OpcuaFault(f"{url} can't be reached: {error.strerror or error}") from None
    except UaError as error:
        name = type(error).__name__
        if name in _REFUSED:
            raise OpcuaFault(
                f"{url} refuses the login: {name}; expected another user, password or user certificate",
                "user",
            ) from None
        if _NO_ENDPOINT in str(error):
            raise OpcuaFault(
                f"{url} has no endpoint of this policy and mode; expected another security", "security"
            ) from None
        option = "security" if any(word in name for word in _SECURITY) else "url"
        raise OpcuaFault(f"{url}: {name if name.startswith('Bad') else error}", option) from None
