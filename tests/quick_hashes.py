"""Argon2 with little work, for tests whose subject is another one than hashing."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from serving.gateway.accounts import passwords

QuickHasher = functools.partial(Argon2Hasher, time_cost=1, memory_cost=8, parallelism=1)


@contextmanager
def hash_quickly() -> Iterator[None]:
    """Let services of this process hash with little work; hashes are verified as before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "Argon2Hasher", QuickHasher)
        yield
