# SPDX-License-Identifier: Apache-2.0
"""Start a process on one core, and read what it costs."""
import contextlib
import os
import re
import socket
import subprocess
import time
from pathlib import Path


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


class Pinned:
    """A server that has one core for itself, as far as the machine has it."""

    def __init__(self, command, port, core, environment):
        self.port, self.core = port, core
        self.process = subprocess.Popen(["taskset", "-c", str(core), *command], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env={**os.environ, **environment})
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"{command[0]} does not listen")

    @property
    def pid(self):
        return self.process.pid

    def cpu_seconds(self):
        """User and system time of the process with all its threads, from the scheduler, in nanosecond steps."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):   # a thread that has ended meanwhile
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def memory_kib(self, what="VmRSS"):
        return int(re.search(rf"{what}:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())[1])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def on_core(core, command):
    done = subprocess.run(["taskset", "-c", str(core), *command], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout
