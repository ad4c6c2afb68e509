# SPDX-License-Identifier: Apache-2.0
"""Jobs that are submitted and wait: how fast they are durable, what they keep in memory, and how fast a server that has
them starts. They wait for a job that takes minutes, whose worker gives way to the server on its core; when
it is cancelled they are skipped, and have ended."""
import contextlib
import json
import os
import time
from pathlib import Path

from . import wire
from .bench import show

SUBMIT = "/mltrainer.execution.v1.ExecutionService/SubmitJob"
BLOCKER = ["jobs", "compute", "monte_carlo_simulation", "--dataset", "returns", "--param", "n_simulations=1000000",
           "--param", "horizon=10000", "--output", "json"]


def block(bench, server):
    path = bench.folder / "returns.csv"
    path.write_text("returns\n0.01\n-0.01\n")
    bench.mltctl(server, "datasets", "upload", str(path), "--name", "returns")
    answer = json.loads(bench.mltctl(server, *BLOCKER))
    return answer.get("job", answer)["id"]


def give_way(server):
    """The workers run when nobody else wants their core. One that has been replaced meanwhile is passed over."""
    for task in Path(f"/proc/{server.pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for pid in (task / "children").read_text().split():
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    os.sched_setscheduler(int(thread.name), os.SCHED_IDLE, os.sched_param(0))


def settle(bench, server, patience_s=120):
    """Until all jobs have ended."""
    until = time.monotonic() + patience_s
    while json.loads(bench.mltctl(server, "server", "engine", "--output", "json"))["jobs"]:
        if time.monotonic() > until:
            raise RuntimeError("jobs still wait")
        time.sleep(0.05)


def measure(bench):
    settings = bench.settings["jobs"]
    server = bench.server("jobs", "--execution-queue", "1000000", "--execution-job-quota", "0", "--retention-jobs", "10000000")
    with server:
        blocker = block(bench, server)
        request = wire.submit_compute("ema", {"close": [1.0, 2.0, 3.0]}, [blocker])
        before = server.rss_bytes()
        shape = {"connections": settings["connections"], "streams": settings["streams"]}
        give_way(server)
        load = bench.load(server, SUBMIT, request, **shape, seconds=settings["seconds"], warmup=0.01)
        result = {"submit": load, "bytes_each": (server.rss_bytes() - before) / load["calls"]}
        bench.mltctl(server, "jobs", "cancel", blocker)
        settle(bench, server)
        server.terminate()
        began = time.perf_counter()
        server.start()
        result["start_s"] = time.perf_counter() - began
        result["start_rss_each"] = (server.rss_bytes() - before) / load["calls"]
    return result


def report(bench, result):
    count = result["submit"]["calls"]
    show("jobs", [
        ("durable submissions/s", result["submit"]["calls_per_second"], ".0f", "15000"),
        ("  server CPU, us each", result["submit"]["server_cpu_us_per_call"], ".1f", ""),
        ("  p99, ms", result["submit"]["latency_us"]["p99"] / 1e3, ".1f", ""),
        (f"memory of each of {count} that wait, bytes", result["bytes_each"], ".0f", "1024"),
        (f"start with {count} that have ended, s", result["start_s"], ".2f", "1 of 100000"),
        ("  memory of each, bytes", result["start_rss_each"], ".0f", ""),
    ])
