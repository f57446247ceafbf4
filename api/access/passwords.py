"""Argon2id hashing in one thread of low priority, so that it does not slow down other work.

Callers hold no database connection while they wait.
"""

import asyncio
import os
import secrets
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash
from sqlalchemy.ext.asyncio import AsyncSession

from api.kit.database import commit

GENERATED_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without the characters that people mistake for others."""

GENERATED_GROUPS, GENERATED_GROUP = 4, 5
"""Four groups of five characters: 99 bits."""

HASHES_AT_ONCE = 1
NICENESS = 10
"""On Linux each thread has a priority of its own, and those that Argon2 starts inherit it (decision 0022)."""

UNKNOWN_ACCOUNT = "$argon2id$v=19$m=65536,t=3,p=4$Ynd2AvW4uHdulCD7fhvtbw$22UE/vDw+++vsTimrdJHA9vSfF1qJCkRh27u359VZZ0"
"""The hash to check against if there is no account, so that the answer takes as long. No password matches it."""

_passwords = PasswordHash.recommended()
Result = TypeVar("Result")


def _yield_to_others() -> None:
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, 0, min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS))


_threads = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="argon2", initializer=_yield_to_others)


def generated_password() -> str:
    """A random password that can be read out on the telephone."""
    groups = ("".join(map(secrets.choice, [GENERATED_ALPHABET] * GENERATED_GROUP)) for _ in range(GENERATED_GROUPS))
    return "-".join(groups)


async def hash_password(password: str) -> str:
    return await _in_thread(lambda: _passwords.hash(password))


async def hash_outside(session: AsyncSession, password: str | None) -> str | None:
    """The hash of the password, if any. Commits the transaction first, which must have only read."""
    if password is None:
        return None
    await commit(session)
    return await hash_password(password)


async def matches(password: str, stored: str) -> bool:
    """Whether the hash is of this password."""
    return await _in_thread(lambda: _passwords.verify(password, stored))


async def _in_thread(work: Callable[[], Result]) -> Result:
    return await asyncio.get_running_loop().run_in_executor(_threads, work)
