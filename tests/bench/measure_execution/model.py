# SPDX-License-Identifier: Apache-2.0
"""One linear model through the server, beside the same algorithm called in a process (bench_models): what the round trip
of a job and of a prediction adds to the arithmetic. The table is uploaded before the clock starts."""
import array
import json
import statistics
import subprocess
import time

from . import wire
from .bench import BUILD, show

PREDICT = "/mltrainer.execution.v1.ExecutionService/Predict"
FEATURES = [f"x{i}" for i in range(20)]
RIDGE = ["n:alpha=1.0", "b:fit_intercept=true", "b:standardize=false"]


def columns_of(rows):
    """Thousandths, so that a table of text holds the same numbers; y is a sum of features that is off by one of them."""
    columns = {name: array.array("d", ((row * (7 + 2 * i) + i * i) % 9973 / 1000 for row in range(rows)))
               for i, name in enumerate(FEATURES)}
    columns["y"] = array.array("d", (sum(columns[name][row] for name in FEATURES[:5]) + row % 7 / 8 for row in range(rows)))
    return columns


def in_process(bench, columns, settings):
    path = bench.folder / "model.bin"
    with open(path, "wb") as file:
        for column in columns.values():
            column.tofile(file)
    names = ",".join([*FEATURES, "*y"])
    done = subprocess.run([BUILD / "tests/bench_models", BUILD / "lib/mltrainer/plugins/libmltrainer_linear.so", "ridge", path,
                           str(settings["rows"]), str(settings["ahead"]), names, str(settings["repeats"]), "r2", *RIDGE],
                          capture_output=True, text=True, check=True)
    return {key: float(value) for key, value in (line.split() for line in done.stdout.splitlines())}


def upload(bench, server, columns, rows):
    path = bench.folder / "model.csv"
    with open(path, "w") as file:
        print(*columns, sep=",", file=file)
        for row in range(rows):
            print(*(column[row] for column in columns.values()), sep=",", file=file)
    bench.mltctl(server, "datasets", "upload", str(path), "--name", "table")


def train_once(bench, server):
    """ms from asking mltctl until it says that the job has ended."""
    began = time.perf_counter()
    bench.mltctl(server, "jobs", "train", "ridge", "--dataset", "table", "--target", "y", "--artifact", "line", "--follow")
    return 1000 * (time.perf_counter() - began)


def measure(bench):
    settings = bench.settings["model"]
    columns = columns_of(settings["rows"])
    result = {"in_process": in_process(bench, columns, settings)}
    with bench.server("model") as server:
        upload(bench, server, columns, settings["rows"])
        result["train_ms"] = statistics.median(train_once(bench, server) for _ in range(settings["repeats"]))
        request = wire.predict("line", {name: list(columns[name][:settings["ahead"]]) for name in FEATURES})
        result["predict"] = bench.load(server, PREDICT, request, connections=1, streams=1, seconds=settings["seconds"],
                                       warmup=settings["warmup"])
    if result["predict"]["errors"]:
        raise RuntimeError("predictions failed")
    return result


def report(bench, result):
    own, settings = result["in_process"], bench.settings["model"]
    predict_ms = result["predict"]["latency_us"]["p50"] / 1000
    show("model", [(f"ridge, {settings['rows']} x {len(FEATURES)}: fit in a process, CPU ms", own["fit_ms"], ".1f", ""),
                   ("  as a job, from mltctl's start to its end, ms", result["train_ms"], ".1f", ""),
                   (f"  {settings['ahead']} rows predicted in a process, CPU ms", own["predict_ms"], ".2f", ""),
                   ("  through Predict, p50, ms", predict_ms, ".2f", "")])
