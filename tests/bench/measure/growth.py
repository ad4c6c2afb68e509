# SPDX-License-Identifier: Apache-2.0
"""Whether a call costs the same with many connections: one call at a time on each."""
import resource

from .table import pick, show


def allow_files(wanted):
    """For the server and the client alike, which inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))


def measure(bench):
    settings = bench.settings["growth"]
    allow_files(max(settings["connections"]) + 500)
    sides = [side for side in bench.sides if side.name in settings["sides"]]
    servers = {side.name: side.start() for side in sides}
    rows = []
    try:
        for connections in settings["connections"]:
            rows.append({"connections": connections, "figures": bench.interleaved(
                sides, lambda side: one(bench, servers[side.name], connections))})
    finally:
        for server in servers.values():
            server.stop()
    return {"rows": rows}


def one(bench, server, connections):
    """The client opens all connections, then warms up: setting up is not measured."""
    settings = bench.settings["growth"]
    warmup = settings["warmup_seconds"] + connections * settings["warmup_seconds_per_connection"]
    figures = bench.client(server, {"connections": connections, "streams": 1, "seconds": settings["seconds"]}, warmup=warmup)
    return {"us_per_call": figures["server_cpu_us_per_call"], "calls": figures["calls"]}


def report(bench, result):
    names = [side.name for side in bench.sides]
    show("growth, us a call", names, [(f"{row['connections']} x 1", pick(row["figures"], "us_per_call"), ".2f")
                                      for row in result["rows"]], [("mrpc", "bare")])
