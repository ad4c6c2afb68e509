# SPDX-License-Identifier: Apache-2.0
"""mltctl top: one look, looks that follow each other, and a terminal that is played by a pty."""
import fcntl
import os
import pty
import re
import select
import struct
import termios

from cases import case, wait_until
from mltctl import PROGRAM, UNAVAILABLE, USAGE, Mltctl
from server import Server

ENTER, LEAVE, HOME = "\x1b[?1049h", "\x1b[?1049l", "\x1b[H"


def methods(text):
    """{method: its cells} of the table of methods."""
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("METHOD"))
    return {row[0]: row[1:] for row in (re.split(r" {2,}", line.strip()) for line in lines[at + 1:])}


def ended(ctl):
    """{method: calls that have ended}: an end is counted behind its answer. These questions are counted, too."""
    return {m["method"].rsplit("/", 1)[1]: sum(map(int, m["buckets"])) for m in ctl.json("top")["methods"]}.items()


@case
def one_look_shows_all_of_it():
    with Server() as server:
        ctl = Mltctl(server.address)
        for _ in range(3):
            ctl("registry", "ls")
        ctl.run("registry", "get", "no/body")
        wait_until(lambda: ended(ctl) >= {"ListServices": 3, "GetInstance": 1}.items(), "the calls to be counted")
        text = ctl("top", "--once")
        assert text.startswith(f"mlTrainer 0.1.0 at {server.address}, pid {server.pid}, up 0 d 00:"), text
        for part in ("\ncalls ", "\nmemory ", "\nstore ", "\npools ", "\njobs ", "\nregistry "):
            assert part in text, (part, text)
        assert "\x1b" not in text
        rows = methods(text)
        calls, failed, p50, p99, total = rows["RegistryService/ListServices"]
        assert total == "3" and float(failed) == 0 and p50.endswith(" ms") and p99.endswith(" ms"), rows
        assert float(p50.split()[0]) <= float(p99.split()[0]) and "RegistryService/GetInstance" in rows, rows
        found = {m["method"].rsplit("/", 1)[1]: m for m in ctl.json("top")["methods"]}
        listed = found["ListServices"]
        assert listed["callsStarted"] == "3" and sum(int(n) for n in listed["buckets"]) == 3, listed
        assert found["GetInstance"]["callsFailed"] == "1"


@case
def looks_that_follow_show_what_was_between_them():
    with Server() as server:
        ctl = Mltctl(server.address)
        for _ in range(5):
            ctl("registry", "ls")
        wait_until(lambda: ended(ctl) >= {"ListServices": 5}.items(), "the calls to be counted")
        first, second = ctl("top", "--times", "2", "--every", "10ms").split("mlTrainer ")[1:]
        assert methods(first)["RegistryService/ListServices"][4] == "5"
        rows = methods(second)
        assert rows["RegistryService/ListServices"] == ["0.0", "0.0", "-", "-", "5"], rows
        assert float(rows["AdminService/GetServerInfo"][0]) > 0


@case
def what_is_not_measured_is_said():
    with Server("--metrics=false") as server:
        text = Mltctl(server.address)("top", "--once")
        assert "methods are not shown" in text and "\npools " in text, text
    offline = Mltctl("127.0.0.1:1")
    offline.error("top", "--once", code=UNAVAILABLE)
    assert "--every" in offline.error("top", "--every", "1ms", code=USAGE)


class Terminal:
    """mltctl on a terminal of its own."""

    def __init__(self, rows, columns, *arguments):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(PROGRAM, [str(PROGRAM), *arguments])
        self.text = ""
        self.resize(rows, columns)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        """What came until now; True while it may go on."""
        while select.select([self.fd], [], [], 0.02)[0]:
            try:
                self.text += os.read(self.fd, 65536).decode(errors="replace")
            except OSError:
                return False
        return True

    def frames(self):
        self.read()
        return self.text.split(HOME)[1:-1]

    def wait_frame(self, good, what):
        return wait_until(lambda: next((f for f in reversed(self.frames()) if good(f)), None), what, 60)

    def end(self, keys):
        os.write(self.fd, keys)
        wait_until(lambda: not self.read(), "the end", 60)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def lines_of(frame):
    return [line for line in re.sub(r"\x1b\[[?0-9]*[a-zA-Z]", "", frame).replace("\r", "").split("\n")]


@case
def a_terminal_is_drawn_over_resized_and_given_back(ctl):
    terminal = Terminal(8, 40, "--server", ctl.server_process.address, "top", "--every", "50ms")
    try:
        small = terminal.wait_frame(lambda f: "calls" in f and all(len(line) <= 40 for line in lines_of(f)), "a small frame")
        assert len(lines_of(small)) <= 8 and small.count("\x1b[K") == len(lines_of(small)), repr(small)
        terminal.resize(60, 150)
        large = terminal.wait_frame(lambda f: "METHOD" in f, "a frame with the methods")
        assert any(len(line) > 40 for line in lines_of(large)), large
        code = terminal.end(b"q")
        assert code == 0 and terminal.text.startswith(ENTER) and terminal.text.rstrip().endswith(LEAVE), repr(terminal.text[-200:])
        assert terminal.text.count("\x1b[2J") == 1, "it is never cleared between frames"
    finally:
        os.close(terminal.fd)


@case
def a_server_that_goes_away_is_waited_for():
    with Server() as server:
        terminal = Terminal(30, 120, "--server", server.address, "top", "--every", "50ms")
        try:
            terminal.wait_frame(lambda f: "pools" in f, "a frame")
            server.terminate()
            terminal.wait_frame(lambda f: "does not answer" in f, "it to be missed")
            before = len(terminal.frames())
            server.start()
            wait_until(lambda: any(f"pid {server.pid}," in f for f in terminal.frames()[before:]), "it to be back", 60)
            assert terminal.end(b"\x03") == 0  # Ctrl-C
        finally:
            os.close(terminal.fd)
