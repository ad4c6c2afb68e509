# SPDX-License-Identifier: Apache-2.0
"""What a connection costs that watches, beyond nghttp2's session: that one is measured by a bare responder's connections."""
from measure.processes import Pinned, free_port
from measure.raw_call import one_call

from .bench import BUILD, show


def bare_connection_kib(bench):
    """RSS a connection of the least program that answers over nghttp2, after one call on each."""
    port = free_port()
    count = bench.settings["watching"]["connections"]
    server, held = Pinned([str(BUILD / "bin/bare_responder"), f"127.0.0.1:{port}"], port,
                          bench.settings["run"]["server_core"], {}), []
    try:
        held = [one_call(port, True) for _ in range(10)]
        before = server.memory_kib()
        held += [one_call(port, True) for _ in range(count)]
        return (server.memory_kib() - before) / count
    finally:
        for s in held:
            s.close()
        server.stop()


def measure(bench):
    settings = bench.settings["watching"]
    with bench.server("watching") as server:
        figures = bench.load(server, "watch", connections=settings["connections"], streams=settings["streams"], count=1)
    return {"bare_connection_kib": bare_connection_kib(bench), "connection_kib": figures["connection_kib"],
            "further_watch_bytes": figures["further_watch_bytes"]}


def report(bench, result):
    show("memory of who watches", [
        ("bare responder's connection, KiB", result["bare_connection_kib"], ".1f", ""),
        ("connection with one watch, KiB", result["connection_kib"], ".1f", ""),
        ("  beyond the bare one, KiB", result["connection_kib"] - result["bare_connection_kib"], ".1f", "24"),
        ("a further watch on it, bytes", result["further_watch_bytes"], ".0f", "200"),
    ])
