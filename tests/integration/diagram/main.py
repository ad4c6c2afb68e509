# SPDX-License-Identifier: Apache-2.0
"""DiagramService through a real server, by grpcio's own client."""
import contextlib

import drawing  # noqa: F401  (each module adds its cases)
import faults  # noqa: F401
import overlay  # noqa: F401
import tracing  # noqa: F401
import watching  # noqa: F401
from cases import main
from client import Client
from server import Server


@contextlib.contextmanager
def client():
    with Server("--watchdog", "0") as server, Client(server) as made:  # it would wake loops that are to be seen asleep
        made.wait_for_itself()
        yield made


main("diagram", setup=client)
