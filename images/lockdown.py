"""Takes from this process what a decoder does not need, for good. Linux; called before any decoder.

A process of an ordinary user may give up all of it, but for the network: some kernels and most
container run-times do not let an ordinary user make a network of its own. Then it stays reachable,
and `lock_down` says so.
"""

import ctypes
import os
import resource

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
_PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE = 38, 4  # linux/prctl.h
# For the whole life of the process, should nobody be left to stop it.
_LIFE_CPU_SECONDS = 1800
_OPEN_FILES = 64


def lock_down(max_memory_bytes: int) -> bool:
    """Set limits that this process cannot lift again. Returns whether the network is gone.

    It may write no file, start with no new rights, leave no core, and use so much address space.
    """
    has_no_network = _leave_network()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    limits = {
        resource.RLIMIT_AS: max_memory_bytes,
        resource.RLIMIT_CPU: _LIFE_CPU_SECONDS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
    }
    for name, most in limits.items():
        _, hard = resource.getrlimit(name)
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(name, (value, value))
    return has_no_network


def allow_cpu_seconds(seconds: float) -> None:
    """Let this process work for so long from now on; the kernel ends it when it goes on longer."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    # Whole seconds, of which the first is partly used.
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (min(soft, hard), hard))


def _leave_network() -> bool:
    """Go into a user and a network namespace of our own (user_namespaces(7)): no way out of it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        return True
    return os.geteuid() == 0 and libc.unshare(_CLONE_NEWNET) == 0
