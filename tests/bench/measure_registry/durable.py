# SPDX-License-Identifier: Apache-2.0
"""Registrations, each answered when it is on disk: 10,000 that come in a second, each at its time; and as many as there can
be, from a client that keeps many under way, with the same of etcd: a lease, then a key under it. All on one file system."""
import shutil
import subprocess
from types import SimpleNamespace

from measure.processes import Pinned, free_port

from .bench import show


def with_etcd(bench, shape):
    port, peer_port = free_port(), free_port()
    url, peer_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer_port}"
    folder = bench.folder / "etcd"
    command = [shutil.which("etcd"), "--data-dir", str(folder), "--listen-client-urls", url, "--advertise-client-urls", url,
               "--listen-peer-urls", peer_url, "--initial-advertise-peer-urls", peer_url,
               "--initial-cluster", f"default={peer_url}", "--log-level", "error", "--auto-compaction-retention", "1"]
    server = Pinned(command, port, bench.settings["run"]["server_core"], {})
    try:
        return bench.load(SimpleNamespace(address=f"127.0.0.1:{port}", pid=server.pid), "etcd", **shape)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def sync_ms(bench):
    """What one small append costs on that file system, for judging the rest: dd's own clock."""
    target = bench.folder / "sync"
    writes = 200
    done = subprocess.run(["dd", "if=/dev/zero", f"of={target}", "bs=4096", f"count={writes}", "oflag=dsync"],
                          capture_output=True, text=True, check=True, env={"LC_ALL": "C"})
    target.unlink()
    return float(done.stderr.rsplit("copied, ", 1)[1].split(" s")[0]) / writes * 1e3


def measure(bench):
    settings = bench.settings["durable"]
    shape = {name: settings[name] for name in ("connections", "streams", "count", "ttl_ms")}
    result = {"sync_ms": sync_ms(bench)}
    with bench.server("paced") as server:
        result["paced"] = bench.load(server, "register", rate=settings["rate"], **shape)
    with bench.server("durable") as server:
        result["mltrainerd"] = bench.load(server, "register", **shape)
    if settings["etcd"]:
        result["etcd"] = with_etcd(bench, shape)
    return result


def report(bench, result):
    settings = bench.settings["durable"]
    under_way = settings["connections"] * settings["streams"]
    paced = result["paced"]
    show(f"durable registrations, {settings['rate']} that come in a second", [
        ("registrations/s", paced["calls_per_second"], ".0f", "10000"),
        ("from when each was due, p50 ms", paced["latency_ms"]["p50"], ".2f", ""),
        ("from when each was due, p99 ms", paced["latency_ms"]["p99"], ".2f", "20"),
        ("server CPU us each", paced["server_cpu_us_per_call"], ".1f", ""),
    ])
    rows = [("one write of 4 KiB with O_DSYNC, ms", result["sync_ms"], ".2f", "")]
    for name, asked in (("mltrainerd", ("10000", "")), ("etcd", ("", ""))):
        if name in result:
            rows += [(f"{name}, registrations/s", result[name]["calls_per_second"], ".0f", asked[0]),
                     (f"{name}, p99 ms", result[name]["latency_ms"]["p99"], ".2f", asked[1]),
                     (f"{name}, server CPU us each", result[name]["server_cpu_us_per_call"], ".1f", "")]
    show(f"durable registrations, {under_way} under way", rows)
