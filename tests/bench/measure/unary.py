# SPDX-License-Identifier: Apache-2.0
"""Server CPU of a small unary call by connections and streams, what one core can take, the memory of all that, and p99
at half of it."""
from .table import pick, show

RATIOS = [("mrpc", "nghttpd"), ("mrpc", "bare"), ("mrpc", "grpc-go"), ("mrpc", "grpc++ async")]


def measure(bench):
    servers = {side.name: side.start() for side in bench.sides}
    settings = bench.settings["unary"]
    result = {"shapes": []}
    try:
        for connections, streams in settings["shapes"]:
            calls = settings["calls"][str(connections * streams)]
            figures = bench.interleaved(bench.sides, lambda side: bench.h2load(side, servers[side.name], calls, connections, streams))
            result["shapes"].append({"connections": connections, "streams": streams, "calls": calls, "figures": figures})
        result["peak_rss_kib"] = {name: server.memory_kib("VmHWM") for name, server in servers.items()}
        result["half_load"] = half_load(bench, servers, result["shapes"][-1]["figures"])
    finally:
        for server in servers.values():
            server.stop()
    return result


def half_load(bench, servers, saturated):
    """Calls begin on time in an open loop: at half of each side's own saturation, and all at half of the slowest one's."""
    sides = [side for side in bench.sides if side.grpc]
    lowest = min(saturated[side.name]["calls_per_second"] for side in sides)

    def p99(side, rate):
        figures = bench.client(servers[side.name], bench.settings["latency"], rate=rate)
        return {"p99_us": figures["latency_us"]["p99"], "calls_per_second": figures["calls_per_second"], "rate": rate}

    return {"own": bench.interleaved(sides, lambda side: p99(side, saturated[side.name]["calls_per_second"] / 2)),
            "same": bench.interleaved(sides, lambda side: p99(side, lowest / 2))}


def report(bench, result):
    names = [side.name for side in bench.sides]
    rows = [(f"{shape['connections']} x {shape['streams']}", pick(shape["figures"], "us_per_call"), ".2f")
            for shape in result["shapes"]]
    show("server CPU, us a call", names, rows, RATIOS)
    last = result["shapes"][-1]
    label = f"{last['connections']} x {last['streams']}"
    show(f"saturation, {label}", names, [
        ("calls/s", pick(last["figures"], "calls_per_second"), ".0f"),
        ("server core busy", pick(last["figures"], "busy"), ".0%"),
        ("calls/s of CPU", {name: 1e6 / us for name, us in pick(last["figures"], "us_per_call").items()}, ".0f"),
    ], RATIOS[2:])
    half = result["half_load"]
    show("open loop", names, [
        ("half of own, calls/s", pick(half["own"], "calls_per_second"), ".0f"),
        ("  p99 us", pick(half["own"], "p99_us"), ".0f"),
        ("same for all, calls/s", pick(half["same"], "calls_per_second"), ".0f"),
        ("  p99 us", pick(half["same"], "p99_us"), ".0f"),
    ], RATIOS[2:])
    show("peak RSS of all this", names, [("KiB", result["peak_rss_kib"], "d")], RATIOS)
