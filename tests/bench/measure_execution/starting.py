# SPDX-License-Identifier: Apache-2.0
"""From exec of mltrainerd with all its models to its word that it is ready."""
import statistics
import time

from .bench import show


def measure(bench):
    times = []
    for _ in range(bench.settings["starting"]["repeats"]):
        server = bench.server("starting")
        began = time.perf_counter()
        with server:
            times.append((time.perf_counter() - began) * 1e3)
            models = len(bench.mltctl(server, "models", "ls").splitlines()) - 1
    return {"start_ms": statistics.median(times), "models": models}


def report(bench, result):
    show("starting", [(f"with {result['models']} models, ms", result["start_ms"], ".0f", "200 with 250")])
