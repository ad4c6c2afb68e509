# SPDX-License-Identifier: Apache-2.0
"""A registry that many instances pass through, and that neither its memory nor its files grow by it.

MLT_LONG: 30 minutes instead of 20 s, and only then the files are judged: the store keeps its last 100,000 deletions, and
until so many have been its file grows.
"""
import os
import statistics
import subprocess
import time
from pathlib import Path

import grpc
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

from cases import case, main, wait_until
from server import Server

LONG = "MLT_LONG" in os.environ
SECONDS = 1800 if LONG else 20
ALIVE, STREAMS = 1000, 16
WARM_REVISIONS = 250000 if LONG else 30000   # the watchers' log and the tombstones are full by then; the deletions, too
MAY_GROW = 1.05
BUILD = Path(os.environ["MLT_BUILD"])


def revision(server):
    with grpc.insecure_channel(server.address) as channel:
        stub = registry_pb2_grpc.RegistryServiceStub(channel)
        return stub.GetRegistryInfo(registry_pb2.GetRegistryInfoRequest(), timeout=30).revision


def file_bytes(server):
    return sum(path.stat().st_size for path in server.data_dir.rglob("mltrainer.db*"))


def slope(samples):
    """Least squares: growth an hour, as a share of the mean."""
    times, values = [t for t, _ in samples], [v for _, v in samples]
    middle, mean = statistics.fmean(times), statistics.fmean(values)
    rise = sum((t - middle) * (v - mean) for t, v in samples) / sum((t - middle) ** 2 for t in times)
    return rise * 3600 / mean


def judge(what, samples, summary, limit):
    third = len(samples) // 3
    before, after = summary(v for _, v in samples[:third]), summary(v for _, v in samples[-third:])
    print(f"{what}: {before / 2**20:.2f} MiB in the first third, {after / 2**20:.2f} in the last, slope {slope(samples):+.2%} an hour")
    assert after <= before * limit, f"{what} grew by {after / before - 1:.1%}"


@case
def churn_makes_nothing_grow():
    flags = ("--log-level", "error", "--retention-tombstones", "1000", "--execution-workers", "1")
    with Server(*flags) as server:
        command = [BUILD / "bin/registry_load", "churn", "--target", server.address, "--streams", str(STREAMS), "--alive", str(ALIVE),
                   "--warmup", "0", "--seconds", str(SECONDS + 600)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as load:
            try:
                wait_until(lambda: revision(server) >= WARM_REVISIONS, f"{WARM_REVISIONS} changes", 600)
                memory, files, began = [], [], time.monotonic()
                first = revision(server)
                while (passed := time.monotonic() - began) < SECONDS:
                    memory.append((passed, server.rss_bytes()))
                    files.append((passed, file_bytes(server)))
                    assert load.poll() is None, "the load ended"
                    time.sleep(SECONDS / 100)
                changes = revision(server) - first
            finally:
                load.kill()
        print(f"{changes} changes in {SECONDS} s")
        judge("memory", memory, statistics.median, MAY_GROW)
        judge("files", files, max, MAY_GROW if LONG else float("inf"))


main("registry_soak")
