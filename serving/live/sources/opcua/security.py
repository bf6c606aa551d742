"""How a client secures its channel and shows who it is, by asyncua.

Belongs here: policies, certificates, users. Doesn't belong here: where they lie (`files.py`), the session (`session.py`).
"""

from pathlib import Path
from typing import TYPE_CHECKING

from serving.live.sources.opcua.faults import OpcuaFault
from serving.live.sources.opcua.files import OpcuaLogin

if TYPE_CHECKING:
    from asyncua.client.client import Client


async def secure_client(client: "Client", login: OpcuaLogin) -> None:
    """Have a client use a login's policy, certificates and user.

    Raises:
        OpcuaFault: a file can't be read, or the server shows another certificate than the pinned one.
        OSError, UaError: the server can't be reached, or has no such endpoint.
    """
    from asyncua import ua
    from asyncua.crypto import security_policies

    if login.user:
        client.set_user(login.user)
        client.set_password(login.password)
    if login.security == "none" or login.certificate is None or login.key is None:
        return
    policy, _, mode = login.security.partition("_")
    policies = {
        "basic256sha256": security_policies.SecurityPolicyBasic256Sha256,
        "aes128sha256rsaoaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
        "aes256sha256rsapss": security_policies.SecurityPolicyAes256Sha256RsaPss,
    }
    modes = {"sign": ua.MessageSecurityMode.Sign, "encrypt": ua.MessageSecurityMode.SignAndEncrypt}
    server = None if login.server_certificate is None else str(login.server_certificate)
    try:
        if login.server_certificate is not None:
            await _check_server(client, login.server_certificate)
        await client.set_security(
            policies[policy], login.certificate, login.key, server_certificate=server, mode=modes[mode]
        )
        if login.user:
            _encrypt_password(client)
        if login.user_certificate is not None and login.user_key is not None:
            await client.load_client_certificate(str(login.user_certificate))
            await client.load_private_key(login.user_key)
    except (ValueError, TypeError):
        folder = login.certificate.parent
        raise OpcuaFault(
            f"{folder}: a certificate or key can't be read; expected PEM files without a passphrase",
            "security",
        ) from None


async def _check_server(client: "Client", pinned: Path) -> None:
    """Refuse a server that shows another certificate than the pinned one, which it could not answer to anyway.

    Raises:
        OpcuaFault: it does.
        ValueError: the pinned one can't be read.
    """
    from asyncua.crypto import uacrypto

    expected = uacrypto.der_from_x509(await uacrypto.load_certificate(pinned))
    endpoints = await client.connect_and_get_server_endpoints()
    shown = [endpoint.ServerCertificate for endpoint in endpoints if endpoint.ServerCertificate]
    if not any(certificate.startswith(expected) for certificate in shown):
        raise OpcuaFault(
            f"{client.server_url.geturl()} shows another certificate than {pinned.name}; expected that one",
            "security",
        )


def _encrypt_password(client: "Client") -> None:
    """Have the client refuse to send a password that neither the channel nor the server's token policy encrypts."""
    from asyncua import ua
    from asyncua.crypto.security_policies import SecurityPolicyNone

    find_policy = client.server_policy

    def check_policy(token_type: ua.UserTokenType) -> ua.UserTokenPolicy:
        policy = find_policy(token_type)
        is_clear = policy.SecurityPolicyUri == SecurityPolicyNone.URI
        is_signed_alone = client.security_policy.Mode != ua.MessageSecurityMode.SignAndEncrypt
        if token_type == ua.UserTokenType.UserName and is_clear and is_signed_alone:
            raise OpcuaFault(
                f"{client.server_url.geturl()} takes passwords unencrypted on this channel; expected a security that "
                "ends in _encrypt",
                "security",
            )
        return policy

    client.server_policy = check_policy
