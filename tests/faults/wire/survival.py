# SPDX-License-Identifier: Apache-2.0
"""What every test of bad input asserts besides its own answer: the server survived, and others did not notice.

During the attack an honest client gets SERVING again and again on connections of its own, each within PATIENCE_S; after
it, the process is the same, memory and file descriptors are back, and the log has not grown with the attack.
"""
import threading
import time

from peer import CHECK, SERVING, Peer

PATIENCE_S = 20         # a few milliseconds where nothing else wants the cores; who is starved waits longer than that
RSS_SLACK_BYTES = 32 << 20
LOG_LINES = 60
BACK_S = 120


class Honest(threading.Thread):
    """Asks Health/Check on a new connection, over and over."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.stopping, self.slowest_s, self.count, self.failure = port, threading.Event(), 0, 0, None

    def ask(self):
        began = time.monotonic()
        with Peer(self.port) as peer:
            reply = peer.call(CHECK)
            if reply.messages() != [SERVING] or reply.code != "OK":
                raise AssertionError(f"Health/Check was answered with {reply}, goaway {peer.goaway}")
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        self.count += 1

    def run(self):
        while not self.stopping.wait(0.02):
            try:
                self.ask()
            except Exception as failure:
                self.failure = failure
                return

    def stop(self):
        self.stopping.set()
        self.join()
        if not self.failure:
            self.ask()
        assert self.failure is None, f"an honest client failed meanwhile: {self.failure}"
        assert self.slowest_s < PATIENCE_S, f"an honest client waited {self.slowest_s:.2f} s meanwhile"


def returns(what, limit, name):
    deadline = time.monotonic() + BACK_S
    while what() > limit:
        assert time.monotonic() < deadline, f"{name} is {what()}, the limit {limit}, {BACK_S} s after the attack"
        time.sleep(0.05)


class Survival:
    """with Survival(server): attack"""

    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.rss, self.fds, self.log = self.server.rss_bytes(), self.server.fd_count(stores=False), self.server.log_lines()
        self.honest = Honest(self.server.port)
        self.honest.start()
        return self

    def __exit__(self, kind, value, traceback):
        try:
            self.honest.stop()
        finally:
            self.server.assert_same_process()
        if kind is None:
            returns(self.server.rss_bytes, self.rss + RSS_SLACK_BYTES, "RSS in bytes")
            returns(lambda: self.server.fd_count(stores=False), self.fds, "the number of file descriptors")
            grown = self.server.log_lines() - self.log
            assert grown <= LOG_LINES, f"the log grew by {grown} lines"
