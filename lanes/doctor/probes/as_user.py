"""Looking with somebody else's eyes: a child that becomes another user, perhaps in a chroot, and tries.

Contract: the child does nothing but what it is given, and is gone afterwards. Needs root.

Failure: :class:`PermissionError` without root; what the child's try raises is told in words.
"""

from __future__ import annotations

import grp
import os
import pwd
from collections.abc import Callable

#: Bytes of an error's words that come back from the child.
_WORDS = 400


def try_as(user: pwd.struct_passwd, attempt: Callable[[], object], *, root: str = "", folder: str = "/",
           besides: str = "") -> str:
    """Why ``attempt`` fails for a user with all their groups, in ``folder``, with ``root`` for a root; empty if not.

    ``besides`` is a group that they have besides, if there is such a group.
    """
    if os.geteuid():
        raise PermissionError("needs root, to look as another user")
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.write(writing, _outcome(user, attempt, root, folder, besides)[:_WORDS])
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        words = answer.read()
    os.waitpid(child, 0)
    return words.decode("utf-8", "replace")


def _outcome(user: pwd.struct_passwd, attempt: Callable[[], object], root: str, folder: str, besides: str) -> bytes:
    """In the child."""
    try:
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgroups([*os.getgroups(), *(group.gr_gid for group in grp.getgrall() if group.gr_name == besides)])
        if root:
            os.chroot(root)
        os.chdir(folder)
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
        attempt()
    except OSError as error:
        return (error.strerror or str(error)).encode()
    return b""
