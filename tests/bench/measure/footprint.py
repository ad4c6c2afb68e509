# SPDX-License-Identifier: Apache-2.0
"""Memory of an idle connection, of an idle server, the time until a server answers, and what it is on disk."""
import os
import shutil
import signal
import socket
import subprocess
import time

from .processes import free_port
from .raw_call import call_on, one_call
from .table import pick, show

RATIOS = [("mrpc", "bare"), ("mrpc", "nghttpd"), ("mrpc", "grpc-go"), ("mrpc", "grpc++ async")]
WARM = 10


def idle_connection(bench, side):
    """How RSS grows by connections that have made a call."""
    server, held = side.start(), []
    count = bench.settings["run"]["idle_connections"]
    try:
        idle = server.memory_kib()
        held = [one_call(server.port, side.grpc) for _ in range(WARM)]
        before = server.memory_kib()
        held += [one_call(server.port, side.grpc) for _ in range(count)]
        return {"connection_kib": (server.memory_kib() - before) / count, "idle_rss_kib": idle}
    finally:
        for s in held:
            s.close()
        server.stop()


def started(bench, side):
    """From spawn to the answer of the first call, in ms. The server's core is inherited, so that taskset costs nothing."""
    port = free_port()
    command = side.command("clear", port)
    program = shutil.which(command[0])
    environment = {**os.environ, **side.commands.get("environment", {})}
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_WRONLY, 0) for fd in (1, 2)]
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {bench.server_core})
    began = time.monotonic()
    pid = os.posix_spawn(program, command, environment, file_actions=null)
    os.sched_setaffinity(0, {bench.load_core})
    try:
        while True:
            s = socket.socket()
            try:
                s.connect(("127.0.0.1", port))
                break
            except ConnectionRefusedError:
                s.close()
                if time.monotonic() - began > 20:
                    raise RuntimeError(f"{side.name} does not listen") from None
        call_on(s, side.grpc).close()
        return {"start_ms": (time.monotonic() - began) * 1e3}
    finally:
        os.sched_setaffinity(0, all_cores)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def stripped_kib(bench, side):
    """The executable without its symbols. mrpc's has libmrpc in it; what is shared (nghttp2, OpenSSL…) is not counted."""
    program = shutil.which(side.command("clear", 0)[0])
    copy = bench.folder / "stripped"
    subprocess.run(["strip", "-o", copy, program], check=True)
    return copy.stat().st_size / 1024


def measure(bench):
    result = bench.interleaved(bench.sides, lambda side: idle_connection(bench, side))
    starts = bench.interleaved(bench.sides, lambda side: started(bench, side), bench.settings["start"]["repeats"])
    for side in bench.sides:
        result[side.name].update(starts[side.name], stripped_kib=stripped_kib(bench, side))
    return result


def report(bench, result):
    show("footprint", [side.name for side in bench.sides], [
        ("idle connection after a call, KiB", pick(result, "connection_kib"), ".1f"),
        ("idle server, KiB", pick(result, "idle_rss_kib"), ".0f"),
        ("start to first answer, ms", pick(result, "start_ms"), ".2f"),
        ("executable, stripped, KiB", pick(result, "stripped_kib"), ".0f"),
    ], RATIOS)
