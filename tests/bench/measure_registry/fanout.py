# SPDX-License-Identifier: Apache-2.0
"""From sending a registration until it has reached all who watch its service: the way to the disk is in it."""
from .bench import show

ASKED_P99_MS = {100: "10", 10000: "250"}


def measure(bench):
    settings, rows = bench.settings["fanout"], []
    for connections, streams in settings["shapes"]:
        with bench.server("fanout") as server:
            rows.append(bench.load(server, "watch", connections=connections, streams=streams,
                                   count=settings["changes"][str(connections * streams)]))
    return {"rows": rows}


def report(bench, result):
    for row in result["rows"]:
        show(f"{row['watchers']} watchers told of {row['changes']} changes, ms", [
            ("p50", row["each_ms"]["p50"], ".2f", ""),
            ("p99", row["each_ms"]["p99"], ".2f", ASKED_P99_MS.get(row["watchers"], "")),
            ("the last of them, p50", row["last_ms"]["p50"], ".2f", ""),
            ("the last of them, p99", row["last_ms"]["p99"], ".2f", ""),
            ("server CPU, us a message", row["server_cpu_us_per_message"], ".2f", ""),
        ])
