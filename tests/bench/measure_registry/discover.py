# SPDX-License-Identifier: Apache-2.0
"""Round-robin picks of one instance."""
from .bench import show


def measure(bench):
    settings, rows = bench.settings["discover"], []
    shape = {name: settings[name] for name in ("connections", "streams", "seconds")}
    for instances in settings["instances"]:
        with bench.server("discover") as server:
            bench.load(server, "register", connections=1, streams=50, count=instances)
            rows.append({"instances": instances, **bench.load(server, "discover", **shape)})
    return {"rows": rows}


def report(bench, result):
    rows = []
    for row in result["rows"]:
        label = f"of {row['instances']} instances"
        rows += [(f"{label}, calls/s", row["calls_per_second"], ".0f", ""),
                 (f"{label}, calls/s of CPU", 1e6 / row["server_cpu_us_per_call"], ".0f", "50000")]
    show("discover", rows)
