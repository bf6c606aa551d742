"""The kernel that runs a notebook, behind sockets of this account's own folder: TCP on loopback would be open to other accounts."""

from jupyter_client.manager import AsyncKernelManager
from traitlets import CaselessStrEnum


class LocalKernel(AsyncKernelManager):
    """A kernel whose messages go through files."""

    transport = CaselessStrEnum(["tcp", "ipc"], default_value="ipc")
