# SPDX-License-Identifier: Apache-2.0
"""Streams of small messages, and large ones. nghttpd sends the same bytes as one file."""
from .bench import STREAMING_METHOD
from .table import pick, show

RATIOS = [("mrpc", "grpc-go"), ("mrpc", "grpc++ async"), ("mrpc", "nghttpd")]


def sides_of(bench):
    return [side for side in bench.sides if side.name != "bare"]   # it knows but one answer


def streaming(bench, servers):
    settings = bench.settings["streaming"]
    per_call = settings["messages_per_call"]

    def one(side):
        if not side.grpc:
            figures = bench.h2load(side, servers[side.name], 2000, settings["connections"], settings["streams"], "/stream")
            return {"us_per_message": figures["us_per_call"] / per_call}
        figures = bench.client(servers[side.name], settings, STREAMING_METHOD, streaming=True, payload=settings["message_bytes"])
        if figures["messages"] == 0:
            raise RuntimeError(f"{side.name} streamed no message")
        return {"us_per_message": figures["server_cpu_seconds"] / figures["messages"] * 1e6}

    return bench.interleaved(sides_of(bench), one)


def large(bench, servers):
    settings = bench.settings["large"]

    def one(side):
        if not side.grpc:
            figures = bench.h2load(side, servers[side.name], 300, settings["connections"], settings["streams"], "/large")
            return {"us_per_call": figures["us_per_call"]}
        figures = bench.client(servers[side.name], settings, payload=settings["message_bytes"])
        return {"us_per_call": figures["server_cpu_us_per_call"]}

    return bench.interleaved(sides_of(bench), one)


def measure(bench):
    servers = {side.name: side.start() for side in sides_of(bench)}
    try:
        return {"streaming": streaming(bench, servers), "large": large(bench, servers)}
    finally:
        for server in servers.values():
            server.stop()


def report(bench, result):
    show("messages", [side.name for side in bench.sides], [
        ("streamed, us of CPU each", pick(result["streaming"], "us_per_message"), ".3f"),
        ("1 MiB echo, us a call", pick(result["large"], "us_per_call"), ".0f"),
    ], RATIOS)
