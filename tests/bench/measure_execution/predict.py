# SPDX-License-Identifier: Apache-2.0
"""Predictions of one row by a linear model that is warm, beside health checks of the same server."""
from . import wire
from .bench import show

CHECK, PREDICT = "/grpc.health.v1.Health/Check", "/mltrainer.execution.v1.ExecutionService/Predict"
FEATURES = [f"x{i}" for i in range(5)]
BOTH_ENDS = 1.5


def train(bench, server):
    """y = x0 + 2 x1 + ... on 200 rows without noise."""
    rows = [[float((row * 7 + i * 13) % 29) for i in range(5)] for row in range(200)]
    text = ",".join(FEATURES) + ",y\n"
    for row in rows:
        text += ",".join(map(str, row)) + f",{sum((i + 1) * x for i, x in enumerate(row))}\n"
    path = bench.folder / "rows.csv"
    path.write_text(text)
    bench.mltctl(server, "datasets", "upload", str(path), "--name", "rows")
    bench.mltctl(server, "jobs", "train", "ridge", "--dataset", "rows", "--target", "y", "--artifact", "line", "--follow")
    return wire.predict("line", {name: [1.0] for name in FEATURES})


def measure(bench):
    settings = bench.settings["predict"]
    result = {"bare": bench.pool("pingpong", settings["pingpong"])}
    with bench.server("predict") as server:
        request = train(bench, server)
        for connections, streams in settings["shapes"]:
            shape = {"connections": connections, "streams": streams, "seconds": settings["seconds"],
                     "warmup": settings["warmup"]}
            result[f"{connections}x{streams}"] = {"check": bench.load(server, CHECK, b"", **shape),
                                                  "predict": bench.load(server, PREDICT, request, **shape)}
    return result


def report(bench, result):
    bare, rows = result["bare"]["p50_us"], []
    for shape, figures in result.items():
        if shape == "bare":
            continue
        check, predict = figures["check"], figures["predict"]
        rows += [(f"{shape}: predictions/s", predict["calls_per_second"], ".0f", ""),
                 ("  server CPU, us a call", predict["server_cpu_us_per_call"], ".1f", ""),
                 ("  that of a health check", check["server_cpu_us_per_call"], ".1f", ""),
                 ("  ratio", predict["server_cpu_us_per_call"] / check["server_cpu_us_per_call"], ".2f", "3"),
                 ("  p50, us", predict["latency_us"]["p50"], ".1f", "")]
        if shape == "1x1":
            allowed = check["latency_us"]["p50"] + BOTH_ENDS * bare
            rows.append(("  a health check's and 1.5 bare round trips", allowed, ".1f", "not less than the above"))
    show("predict", rows)
