# SPDX-License-Identifier: Apache-2.0
"""What many instances of ordinary shape cost in memory and on disk, and how soon a server that holds them serves again."""
import statistics
import time

from .bench import show


WARM = 100


def measure(bench):
    settings = bench.settings["capacity"]
    count = settings["instances"] - WARM
    shape = {"connections": 4, "streams": 50, "services": settings["services"], "checked": True}
    with bench.server("capacity") as server:
        bench.load(server, "register", count=WARM, **shape)
        before = server.rss_bytes()
        figures = bench.load(server, "register", count=count, first_number=WARM, **shape)
        grown = server.rss_bytes() - before
        restarts = [restart(bench, server, shape) for _ in range(settings["restarts"])]
        recovered = server.rss_bytes()
        on_disk = sum(file.stat().st_size for file in server.data_dir.rglob("*") if file.is_file())
    return {"instances": settings["instances"], "services": settings["services"], "bytes_each": grown / count,
            "registrations_per_second": figures["calls_per_second"], "restart_ms": statistics.median(restarts),
            "recovered_bytes_each": (recovered - before) / count, "disk_bytes_each": on_disk / count}


def restart(bench, server, shape):
    """kill -9, then from the start of the process until an instance that it holds has been renewed."""
    server.kill()
    began = time.monotonic()
    server.start()
    bench.load(server, "register", count=1, **{**shape, "connections": 1, "streams": 1})
    return (time.monotonic() - began) * 1e3


def report(bench, result):
    show(f"{result['instances']} instances of {result['services']} services", [
        ("registrations/s on the way there", result["registrations_per_second"], ".0f", ""),
        ("memory each as they come, bytes", result["bytes_each"], ".0f", "1536"),
        ("memory each after a restart, bytes", result["recovered_bytes_each"], ".0f", "1536"),
        ("disk each, bytes", result["disk_bytes_each"], ".0f", ""),
        ("kill -9, start to first answer, ms", result["restart_ms"], ".0f", "1000"),
    ])
