# SPDX-License-Identifier: Apache-2.0
"""A large table over loopback to the disk, read and understood on the way: as CSV, and as Arrow, where next to nothing is
to be understood; beside the same bytes written by themselves, and what reading CSV costs on one core, without network and
disk."""
import os
import time
from array import array

from . import arrow
from .bench import show

COLUMNS, ROWS, BATCH_BLOCKS = 10, 1000, 60


def number(row, column):
    """As they are in practice: about 8 digits."""
    return (row * 7919 + column * 104729) % 10**8 / 10**4


def fill(path, megabytes, first, block, last=b""):
    with path.open("wb") as file:
        file.write(first)
        for _ in range(int(megabytes * 1e6 / len(block)) + 1):
            file.write(block)
        file.write(last)
    return path.stat().st_size


def write(path, megabytes):
    lines = [",".join(f"{number(row, i):.4f}" for i in range(COLUMNS)) for row in range(ROWS)]
    return fill(path, megabytes, (",".join(f"c{i}" for i in range(COLUMNS)) + "\n").encode(),
                ("\n".join(lines) + "\n").encode())


def write_arrow(path, megabytes):
    """The same numbers in batches of 60,000 rows, or fewer if the file is small."""
    blocks = max(1, min(BATCH_BLOCKS, int(megabytes * 1e6 / (8 * COLUMNS * ROWS))))
    columns = [array("d", [number(row, i) for row in range(ROWS)]) * blocks for i in range(COLUMNS)]
    return fill(path, megabytes, arrow.schema([f"c{i}" for i in range(COLUMNS)]), arrow.batch(columns), arrow.END)


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


def upload(bench, path):
    with bench.free_server(path.stem) as server:
        began, cpu = time.perf_counter(), server.cpu_s()
        bench.mltctl(server, "--timeout", "600", "datasets", "upload", str(path), "--name", path.stem)
        return {"bytes": path.stat().st_size, "seconds": time.perf_counter() - began, "server_cpu_seconds": server.cpu_s() - cpu}


def measure(bench):
    settings = bench.settings["data"]
    path, batches = bench.folder / "large.csv", bench.folder / "batches.arrow"
    write(path, settings["megabytes"])
    result = {"csv": bench.csv(path, settings["repeats"]), "write_seconds": write_alone(path, bench.folder / "copy"),
              "upload": upload(bench, path)}
    path.unlink()
    write_arrow(batches, settings["megabytes"])
    result["arrow"] = upload(bench, batches)
    batches.unlink()
    return result


def upload_rows(what, upload, asked):
    megabytes = upload["bytes"] / 1e6
    return [(f"upload of {megabytes:.0f} MB{what}, MB/s", megabytes / upload["seconds"], ".0f", asked),
            ("  and per second of the server's CPU", megabytes / max(upload["server_cpu_seconds"], 0.01), ".0f", "")]


def report(bench, result):
    megabytes = result["upload"]["bytes"] / 1e6
    show("data", [("CSV to types and statistics, MB/s of a core", result["csv"]["scan_mb_s"], ".0f", "200"),
                  ("CSV to columns, MB/s of a core", result["csv"]["load_mb_s"], ".0f", "200"),
                  *upload_rows(" of Arrow", result["arrow"], "300"),
                  *upload_rows(" of CSV", result["upload"], "300"),
                  ("  the same bytes written and synced alone, MB/s", megabytes / result["write_seconds"], ".0f", "")])
