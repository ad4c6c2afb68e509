# SPDX-License-Identifier: Apache-2.0
"""mltrainerd's command line: what it refuses, how it ends."""
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from cases import case, wait_until
from mltctl import Mltctl
from server import Server, program

CONFIGURATION, IN_USE, STORE = 2, 3, 4


def run(*arguments, code):
    done = subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == code, f"{arguments} ended with {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@case
def help_version_and_check_start_nothing():
    assert "--data-dir" in run("--help", code=0) and "Exit status" in run("--help", code=0)
    assert run("--version", code=0).startswith("mltrainerd ")
    assert run("--check", code=0) == "configuration is valid\n"
    assert run("--print-graph", code=0).startswith("digraph")


@case
def a_wrong_flag_or_value_is_named():
    assert "--bogus" in run("--bogus", code=CONFIGURATION)
    assert "--data-dir needs a value" in run("--data-dir", code=CONFIGURATION)
    assert "log.level" in run("--log-level", "loud", "--check", code=CONFIGURATION)
    assert "drain_grace" in run("--drain-grace", "soon", "--check", code=CONFIGURATION)


@case
def a_configuration_file_is_refused_with_its_line():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "c.yaml")
        for text, line in (("loops: 1\nbogus: 2\n", 2), ("loops: 1\n\ndrain_grace: soon\n", 3), ("loops: [1\n", None)):
            path.write_text(text)
            said = run("--config", str(path), "--check", code=CONFIGURATION)
            assert str(path) in said and (line is None or f":{line}" in said or f"line {line}" in said), said
        run("--config", str(Path(folder, "missing.yaml")), "--check", code=CONFIGURATION)


@case
def another_address_than_loopback_needs_tls_or_insecure():
    with tempfile.TemporaryDirectory() as folder:
        said = run("--listen", "0.0.0.0:0", "--data-dir", folder, code=CONFIGURATION)
        assert "0.0.0.0" in said and "--insecure" in said, said
        server = Server("--insecure", "--listen", "0.0.0.0:0").start()
        server.terminate()
        server.remove()


@case
def a_folder_of_views_of_ones_own_is_read_and_checked():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "shop.yaml").write_text("title: Our shop\nnodes: [{id: a, title: Till, live: registry/default/till}]\n")
        server = Server("--diagram-views-dir", folder).start()
        try:
            assert "Our shop" in Mltctl(server.address)("diagram", "views") and "Till" in Mltctl(server.address)("diagram", "render", "shop")
        finally:
            server.terminate()
            server.remove()
        Path(folder, "shop.yaml").write_text("title: Our shop\nnodes: [{id: a, live: nosuch/x}]\n")
        with tempfile.TemporaryDirectory() as data:
            said = run("--diagram-views-dir", folder, "--listen", "127.0.0.1:0", "--data-dir", data, code=CONFIGURATION)
            assert "shop.yaml:2" in said and "nosuch" in said, said


def activated(listener, folder, *arguments):
    """mltrainerd as systemd starts it for a socket unit: the socket is descriptor 3, and the environment says whose it is."""
    def take_place():
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ["LISTEN_PID"] = str(os.getpid())
    command = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", str(program()), "--data-dir", folder, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=take_place,
                            pass_fds=(3, listener.fileno()), env=dict(os.environ, LISTEN_FDS="1"))


@case
def a_socket_of_systemd_is_served():
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        process = activated(listener, folder)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        assert process.stdout.readline() == f"ready {address}\n"
        Mltctl(address)("server", "info")
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=120)
        assert process.returncode == 0, said


@case
def systemd_starts_it_for_the_first_caller():
    with tempfile.TemporaryDirectory() as folder:
        address = f"{folder}/socket"
        systemd = subprocess.Popen(["systemd-socket-activate", "--listen", address, str(program()), "--data-dir", folder + "/data"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            wait_until(lambda: Path(address).is_socket(), "the socket")
            Mltctl(f"unix:{address}")("server", "info")  # it waits in the queue of the socket while the server starts
            assert systemd.stdout.readline().startswith("ready unix:")
        finally:
            systemd.send_signal(signal.SIGTERM)  # the same process by now
            assert systemd.wait(120) == 0


@case
def systemd_is_told_when_it_is_ready_and_when_it_ends():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(folder + "/notify")
        systemd.settimeout(60)
        server = Server(environment=dict(os.environ, NOTIFY_SOCKET=folder + "/notify", WATCHDOG_USEC="200000")).start()
        said = [systemd.recv(200)]
        for word in (b"READY=1", b"WATCHDOG=1"):  # a start may last long enough to be told alive in
            while word not in said[-1]:
                said.append(systemd.recv(200))
        server.process.send_signal(signal.SIGTERM)
        while b"STOPPING=1" not in said[-1]:
            said.append(systemd.recv(200))
        assert server.process.wait(120) == 0
        server.remove()


@case
def a_socket_of_systemd_that_others_reach_needs_tls_too():
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("0.0.0.0", 0)) as listener:
        process = activated(listener, folder)
        _, said = process.communicate(timeout=120)
        assert process.returncode == CONFIGURATION and "--insecure" in said, said


@case
def calls_are_logged_whole_when_asked():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "calls.binlog")
        assert "byte 1" in run("--binary-log-filter", "**", "--binary-log-file", str(path), "--data-dir", folder, code=CONFIGURATION)
        assert "binary_log.file" in run("--binary-log-filter", "*", "--data-dir", folder, code=CONFIGURATION)
        with Server("--binary-log-filter", "*", "--binary-log-file", str(path)) as server:
            Mltctl(server.address)("server", "info")
        log, entries = path.read_bytes(), 0
        while log:
            length = int.from_bytes(log[:4], "big")
            assert 0 < length <= len(log) - 4
            log, entries = log[4 + length:], entries + 1
        assert entries == 6, f"{entries} entries of a unary call"   # header, message, half close, header, message, trailer


@case
def a_busy_address_and_a_busy_folder_end_with_3():
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        said = run("--listen", server.address, "--data-dir", folder, code=IN_USE)
        assert server.address in said, said
        said = run("--listen", "127.0.0.1:0", "--data-dir", str(server.data_dir), code=IN_USE)
        assert str(server.data_dir) in said, said


@case
def a_corrupt_store_ends_with_4_and_is_left_alone():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(data_dir=Path(folder, "data")).start()
        Mltctl(server.address)("registry", "register", "a/a", "127.0.0.1:1")
        server.terminate()
        server.remove()
        store, = [p for p in Path(folder, "data").iterdir() if p.is_file() and p.read_bytes()[:6] == b"SQLite"]
        broken = b"not a database, " * 1024
        store.write_bytes(broken)
        said = run("--listen", "127.0.0.1:0", "--data-dir", str(Path(folder, "data")), code=STORE)
        assert str(store) in said or store.name in said, said
        assert store.read_bytes() == broken


@case
def sigterm_drains_and_sighup_reloads():
    with Server() as server:
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "reload" in server.log_tail(), "the log tells of the reload")
        assert Mltctl(server.address)("server", "info") != ""


@case
def what_was_registered_outlives_kill_minus_9():
    with tempfile.TemporaryDirectory() as folder:
        server = Server(data_dir=Path(folder, "data")).start()
        Mltctl(server.address)("registry", "register", "stays/a", "127.0.0.1:1", "--ttl", "1h")
        server.kill()
        server.log.close()
        with Server(data_dir=Path(folder, "data")) as again:
            assert Mltctl(again.address).table("registry", "ls", "stays")[0]["ID"] == "a"


@case
def the_server_and_its_pools_are_in_its_own_registry():
    with Server() as server:
        ctl = Mltctl(server.address)
        wait_until(lambda: [(row["SERVICE"], row["HEALTHY"]) for row in ctl.table("registry", "ls", "--namespace", "mltrainer")] ==
                   [("mltrainerd", "1"), ("process-pool", "1"), ("thread-pool", "1")], "all three are healthy")
        assert ctl.table("registry", "ls", "mltrainer/mltrainerd")[0]["ADDRESS"] == server.address
        assert "workers there" in ctl.table("registry", "ls", "mltrainer/process-pool")[0]["WHY"]
    with Server("--registry-self=false") as server:
        assert Mltctl(server.address).json("registry", "ls").get("services", []) == []
