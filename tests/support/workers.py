# SPDX-License-Identifier: Apache-2.0
"""The worker processes of a server."""
import contextlib
from pathlib import Path


def children(pid):
    """Processes whose parent it is, with the names of their programs."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, rest = stat.read_text().split("(", 1)[1].rsplit(")", 1)
            fields = rest.split()
            if int(fields[1]) == pid and fields[0] != "Z":
                found[int(stat.parent.name)] = name
    return found


def workers(server):
    return [pid for pid, name in children(server.pid).items() if name.startswith("mltrainer-worke")]
