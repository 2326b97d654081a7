"""How many connections this process may hold: what the system lets it open, less what the rest needs."""

from __future__ import annotations

import errno
import logging
import resource
from contextlib import suppress

log = logging.getLogger(__name__)

# However little there is, the platform is answered.
FEWEST = 8
# For the state, its log, lists and contexts that are read, the report's process, and what hands pushes on.
RESERVED = 64
# What `accept` says where no descriptor is left, in this process or on this machine.
NONE_LEFT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def room(most: int) -> int:
    """How many connections to take, at most `most`; the soft limit is raised as far as may be."""
    wanted = most + RESERVED
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return most
    if soft < wanted:
        raised = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
            soft = raised
    found = max(FEWEST, min(most, soft - RESERVED))
    if found < most:
        log.warning("%d connections at once at most: this process may open %d files (ulimit -n)", found, soft)
    return found
