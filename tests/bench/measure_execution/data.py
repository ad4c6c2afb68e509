# SPDX-License-Identifier: Apache-2.0
"""A large CSV file over loopback to the disk, read and understood on the way, beside the same bytes written by themselves;
and what reading costs on one core, without the network and the disk."""
import os
import time

from .bench import show


def write(path, megabytes):
    """Numbers as they are in practice: about 8 digits, ten columns."""
    lines = ["".join(f"{(row * 7919 + i * 104729) % 10**8 / 10**4:.4f}," for i in range(10))[:-1] for row in range(1000)]
    block = ("\n".join(lines) + "\n").encode()
    with path.open("wb") as file:
        file.write((",".join(f"c{i}" for i in range(10)) + "\n").encode())
        for _ in range(int(megabytes * 1e6 / len(block)) + 1):
            file.write(block)
    return path.stat().st_size


def write_alone(path, copy):
    """Seconds for the same bytes to the same disk, synced."""
    began = time.perf_counter()
    with path.open("rb") as source, copy.open("wb") as target:
        while block := source.read(1 << 20):
            target.write(block)
        os.fsync(target.fileno())
    seconds = time.perf_counter() - began
    copy.unlink()
    return seconds


def measure(bench):
    path = bench.folder / "large.csv"
    size = write(path, bench.settings["data"]["megabytes"])
    csv = bench.csv(path, bench.settings["data"]["repeats"])
    alone = write_alone(path, bench.folder / "copy")
    with bench.free_server("data") as server:
        began, cpu = time.perf_counter(), server.cpu_s()
        bench.mltctl(server, "--timeout", "600", "datasets", "upload", str(path), "--name", "large")
        seconds = time.perf_counter() - began
        cpu = server.cpu_s() - cpu
    path.unlink()
    return {"csv": csv, "write_seconds": alone, "bytes": size, "seconds": seconds, "server_cpu_seconds": cpu}


def report(bench, result):
    megabytes = result["bytes"] / 1e6
    show("data", [("CSV to types and statistics, MB/s of a core", result["csv"]["scan_mb_s"], ".0f", "200"),
                  ("CSV to columns, MB/s of a core", result["csv"]["load_mb_s"], ".0f", "200"),
                  (f"upload of {megabytes:.0f} MB, MB/s", megabytes / result["seconds"], ".0f", "300"),
                  ("  and per second of the server's CPU", megabytes / max(result["server_cpu_seconds"], 0.01), ".0f", ""),
                  ("  the same bytes written and synced alone, MB/s", megabytes / result["write_seconds"], ".0f", "")])
