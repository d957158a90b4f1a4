"""Try something dangerous in another process first: it may run out of memory, hang or abort."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

_SECONDS = 60
_BYTES = 2 << 30


def survives(work: Callable[[], None]) -> bool:
    """Whether a process that does it comes back: with a result or an error, in time, within memory.

    Where processes cannot be forked everything survives.
    """
    if not hasattr(os, "fork"):
        return True
    child = os.fork()
    if child == 0:
        try:
            _restrain()
            work()
        except BaseException:  # an error is the caller's to meet again, and to tell
            os._exit(0)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFEXITED(status)


def _restrain() -> None:
    """Less memory and time than the parent has, and no word of how it ends."""
    faulthandler.disable()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(_SECONDS)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + _BYTES
    if most == resource.RLIM_INFINITY or limit < most:
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def _address_space() -> int:
    """What the process already takes up of its address space, in bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
