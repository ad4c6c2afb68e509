# SPDX-License-Identifier: Apache-2.0
"""A real mltrainerd for a test: on a port of its own, with a data folder of its own, and watched.

    with Server() as server:
        channel = grpc.insecure_channel(server.address)

Leaving the block asks the server to stop (SIGTERM) and fails the test unless it is still the process that was started
and exits with code 0. The program is $MLT_BUILD/bin/mltrainerd, or what $MLTRAINERD names.
"""
import contextlib
import os
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READY_S, STOP_S = 120, 120  # only a hang takes that long


def reserve_port():
    """A socket on 127.0.0.1 that keeps its port from everybody but who asks for it by number (SO_REUSEADDR, and this one
    does not listen): a server that is started again finds it free."""
    it = socket.socket()
    it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    it.bind(("127.0.0.1", 0))
    return it


class ServerFailed(Exception):
    pass


def program():
    build = Path(os.environ.get("MLT_BUILD", ROOT / "build/release"))
    return Path(os.environ.get("MLTRAINERD", build / "bin/mltrainerd"))


class Server:
    def __init__(self, *arguments, data_dir=None, environment=None):
        self.arguments = list(arguments)
        self.own_dir = data_dir is None
        self.data_dir = Path(data_dir or tempfile.mkdtemp(prefix="mlt-server-"))
        self.environment = dict(os.environ, **(environment or {}))
        self.reserved = reserve_port()  # it starts again where clients know it
        self.listen = "127.0.0.1:%d" % self.reserved.getsockname()[1]
        self.log_path = self.data_dir.with_name(self.data_dir.name + ".log")
        self.process = self.address = self.began = None

    def start(self):
        command = [str(program()), "--listen", self.listen, "--data-dir", str(self.data_dir), *self.arguments]
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL,
                                        env=self.environment, start_new_session=True)
        self.address = self._wait_ready()
        self.began = self._stat()[19]
        return self

    def _wait_ready(self):
        """The server says "ready ADDRESS:PORT" once, when it serves."""
        selector, text, deadline = selectors.DefaultSelector(), b"", time.monotonic() + READY_S
        selector.register(self.process.stdout, selectors.EVENT_READ)
        while b"\n" not in text:
            if not selector.select(max(0, deadline - time.monotonic())):
                self.kill()
                raise ServerFailed(f"not ready within {READY_S} s\n{self.log_tail()}")
            some = os.read(self.process.stdout.fileno(), 4096)
            if not some:
                raise ServerFailed(f"ended with {self.process.wait()} before it was ready\n{self.log_tail()}")
            text += some
        words = text.decode().splitlines()[0].split()
        if len(words) != 2 or words[0] != "ready":
            self.kill()
            raise ServerFailed(f"said {text!r} instead of being ready")
        return words[1]

    @property
    def pid(self):
        return self.process.pid

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])

    def _stat(self):
        return Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()

    def assert_same_process(self):
        """The process that was started is the one that runs now: same pid, same start time."""
        if self.process.poll() is not None:
            raise ServerFailed(f"the server ended with {self.process.returncode}\n{self.log_tail()}")
        if self._stat()[19] != self.began:
            raise ServerFailed("another process has the server's pid")

    def rss_bytes(self):
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def fd_count(self, stores=True):
        """The store opens another reader when two read at once, and keeps that one: not @stores leaves its files out."""
        count = 0
        for fd in os.listdir(f"/proc/{self.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                count += stores or "/mltrainer.db" not in os.readlink(f"/proc/{self.pid}/fd/{fd}")
        return count

    def cpu_s(self):
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def log_tail(self, lines=30):
        self.log.flush()
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def log_lines(self):
        return self.log_path.read_bytes().count(b"\n")

    def terminate(self):
        """Ask it to stop and wait; it must end cleanly."""
        self.assert_same_process()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(f"did not stop within {STOP_S} s\n{self.log_tail()}") from None
        finally:
            self.process.stdout.close()
        if code != 0:
            raise ServerFailed(f"stopped with code {code}\n{self.log_tail()}")

    def kill(self):
        """kill -9 and wait: what a crash or a power button does to the process."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def remove(self):
        self.log.close()
        self.reserved.close()
        if self.own_dir:
            shutil.rmtree(self.data_dir, ignore_errors=True)
            self.log_path.unlink(missing_ok=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, traceback):
        try:
            if kind is None:
                self.terminate()
            else:
                self.kill()
        finally:
            self.remove()
