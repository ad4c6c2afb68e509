# SPDX-License-Identifier: Apache-2.0
"""From kill -9 of who keeps an instance alive until every watcher has been told that it is gone."""
from .bench import show


def measure(bench):
    settings = bench.settings["crash"]
    shape = {"count": settings["crashes"], "connections": settings["connections"], "streams": settings["streams"]}
    with bench.server("crash") as server:
        return {"stream": bench.load(server, "crash", mode="stream", ttl_ms=settings["stream_ttl_ms"], **shape),
                "lease": bench.load(server, "crash", mode="ttl", ttl_ms=settings["lease_ttl_ms"], **shape)}


def report(bench, result):
    ttl_ms = bench.settings["crash"]["lease_ttl_ms"]
    show(f"crash to told, ms ({result['stream']['watchers']} watchers, {result['stream']['crashes']} crashes)", [
        ("by the stream's end, p50", result["stream"]["told_ms"]["p50"], ".1f", ""),
        ("by the stream's end, at most", result["stream"]["told_ms"]["max"], ".1f", "1000"),
        (f"by a lease of {ttl_ms} ms, p50", result["lease"]["told_ms"]["p50"], ".1f", ""),
        (f"by a lease of {ttl_ms} ms, at most", result["lease"]["told_ms"]["max"], ".1f", f"{ttl_ms + 500}"),
    ])
