# SPDX-License-Identifier: Apache-2.0
"""Registrations, each answered when it is on disk: 10,000 that come in a second, each at its time; and as many as there can
be, from a client that keeps many under way, with the same of etcd: a lease, then a key under it. All on one file system, and
beside it what that file system allows: the same bytes appended and synced by a program that does nothing else."""
import re
import shutil
from pathlib import Path
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


def written_bytes(pid):
    """What the process has had written to disks: its log, and what is copied from there into the database."""
    return int(re.search(r"^write_bytes: (\d+)", Path(f"/proc/{pid}/io").read_text(), re.M)[1])


def paced(bench, shape):
    """mltrainerd, and then the disk alone with as many records of as many bytes, each at its time as well."""
    settings = bench.settings["durable"]
    shape = {**shape, "connections": settings["open_connections"], "streams": settings["open_streams"]}
    with bench.server("paced") as server:
        before = written_bytes(server.pid)
        result = bench.load(server, "register", rate=settings["rate"], **shape)
        result["written_bytes_per_call"] = (written_bytes(server.pid) - before) / result["calls"]
    disk = bench.run("disk", target=bench.folder / "disk", rate=settings["rate"], count=settings["count"],
                     bytes=max(1, round(result["written_bytes_per_call"])))
    return result, disk


def measure(bench):
    settings = bench.settings["durable"]
    shape = {name: settings[name] for name in ("connections", "streams", "count", "ttl_ms")}
    result = {}
    result["paced"], result["disk"] = paced(bench, shape)
    with bench.server("durable") as server:
        result["mltrainerd"] = bench.load(server, "register", **shape)
    if settings["etcd"]:
        result["etcd"] = with_etcd(bench, shape)
    return result


def report(bench, result):
    settings = bench.settings["durable"]
    under_way = settings["connections"] * settings["streams"]
    paced, disk = result["paced"], result["disk"]
    show(f"durable registrations, {settings['rate']} that come in a second", [
        ("registrations/s", paced["calls_per_second"], ".0f", "10000"),
        ("from when each was due, p50 ms", paced["latency_ms"]["p50"], ".2f", ""),
        ("from when each was due, p99 ms", paced["latency_ms"]["p99"], ".2f", "20"),
        ("server CPU us each", paced["server_cpu_us_per_call"], ".1f", ""),
        ("written for each, bytes", paced["written_bytes_per_call"], ".0f", ""),
        ("the disk alone, as many bytes, p50 ms", disk["latency_ms"]["p50"], ".2f", ""),
        ("the disk alone, as many bytes, p99 ms", disk["latency_ms"]["p99"], ".2f", ""),
    ])
    rows = []
    for name, asked in (("mltrainerd", ("10000", "")), ("etcd", ("", ""))):
        if name in result:
            rows += [(f"{name}, registrations/s", result[name]["calls_per_second"], ".0f", asked[0]),
                     (f"{name}, p99 ms", result[name]["latency_ms"]["p99"], ".2f", asked[1]),
                     (f"{name}, server CPU us each", result[name]["server_cpu_us_per_call"], ".1f", "")]
    show(f"durable registrations, {under_way} under way", rows)
