# SPDX-License-Identifier: Apache-2.0
"""Client CPU of a small unary call: each client before one server, mrpc's. h2load is the limit: it knows no gRPC, and posts
the same bytes."""
import json
import resource

from .processes import on_core
from .table import pick, show

RATIOS = [("mrpc", "h2load"), ("mrpc", "grpc-go")]


def cpu_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def of_h2load(bench, server, connections, streams):
    side = next(side for side in bench.sides if side.name == "mrpc")
    calls = bench.settings["unary"]["calls"].get(str(connections * streams), 50000)
    before = cpu_of_children()
    figures = bench.h2load(side, server, calls, connections, streams)
    return {"us_per_call": (cpu_of_children() - before) / calls * 1e6, "calls_per_second": figures["calls_per_second"]}


def of_program(bench, client, server, connections, streams):
    settings = bench.settings["client"]
    command = client.command("client", server.port) + ["--connections", str(connections), "--streams", str(streams),
                                                       "--seconds", str(settings["seconds"]), "--warmup", "0.3"]
    figures = json.loads(on_core(bench.load_core, command))
    return {"us_per_call": figures["client_cpu_us_per_call"], "calls_per_second": figures["calls_per_second"]}


class H2load:
    name = "h2load"


def measure(bench):
    mrpc = next((side for side in bench.sides if side.name == "mrpc"), None)
    if mrpc is None:
        return {"shapes": []}
    clients = [H2load] + [side for side in bench.sides if "client" in side.commands]
    server = mrpc.start()
    shapes = []

    def one(client, connections, streams):
        if client is H2load:
            return of_h2load(bench, server, connections, streams)
        return of_program(bench, client, server, connections, streams)

    try:
        for connections, streams in bench.settings["client"]["shapes"]:
            shapes.append({"connections": connections, "streams": streams, "figures": bench.interleaved(
                clients, lambda client: one(client, connections, streams))})
    finally:
        server.stop()
    return {"shapes": shapes}


def report(bench, result):
    if not result["shapes"]:
        return
    names = list(result["shapes"][0]["figures"])
    show("client CPU, us a call", names, [(f"{shape['connections']} x {shape['streams']}", pick(shape["figures"], "us_per_call"),
                                          ".2f") for shape in result["shapes"]], RATIOS)
