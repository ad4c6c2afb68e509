# SPDX-License-Identifier: Apache-2.0
"""What a connection costs that watches, beyond nghttp2's session, and a further watch on it, beyond nghttp2's stream: those are
measured by the connections and the open streams of a bare responder, which keeps nothing of its own."""
from measure.processes import Pinned, free_port
from measure.raw_call import one_call, open_streams

from .bench import BUILD, show


def bare_sizes(bench):
    """RSS of the least program that answers over nghttp2: KiB a connection, after one call on each; bytes a further stream."""
    port = free_port()
    count, streams = bench.settings["watching"]["connections"], bench.settings["watching"]["streams"] - 1
    server, held = Pinned([str(BUILD / "bin/bare_responder"), f"127.0.0.1:{port}"], port,
                          bench.settings["run"]["server_core"], {}), []
    try:
        for _ in range(10):
            held.append(one_call(port, True))
            open_streams(held[-1], streams)
        before = server.memory_kib()
        measured = [one_call(port, True) for _ in range(count)]
        held += measured
        connected = server.memory_kib()
        for s in measured:
            open_streams(s, streams)
        return (connected - before) / count, (server.memory_kib() - connected) * 1024 / (count * streams)
    finally:
        for s in held:
            s.close()
        server.stop()


def measure(bench):
    settings = bench.settings["watching"]
    with bench.server("watching") as server:
        figures = bench.load(server, "watch", connections=settings["connections"], streams=settings["streams"], count=1)
    bare_connection_kib, bare_stream_bytes = bare_sizes(bench)
    return {"bare_connection_kib": bare_connection_kib, "bare_stream_bytes": bare_stream_bytes,
            "connection_kib": figures["connection_kib"], "further_watch_bytes": figures["further_watch_bytes"]}


def report(bench, result):
    show("memory of who watches", [
        ("bare responder's connection, KiB", result["bare_connection_kib"], ".1f", ""),
        ("connection with one watch, KiB", result["connection_kib"], ".1f", ""),
        ("  beyond the bare one, KiB", result["connection_kib"] - result["bare_connection_kib"], ".1f", "24"),
        ("a further stream of the bare responder, bytes", result["bare_stream_bytes"], ".0f", ""),
        ("a further watch, bytes", result["further_watch_bytes"], ".0f", ""),
        ("  beyond the bare stream, bytes", result["further_watch_bytes"] - result["bare_stream_bytes"], ".0f", "200"),
    ])
