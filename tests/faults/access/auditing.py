# SPDX-License-Identifier: Apache-2.0
"""The audit log of a real server, and what mltctl says of it (rows A02 and A07 of faults.md)."""
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc
from grpc_status import rpc_status
from google.rpc import error_details_pb2
from mltrainer.admin.v1 import admin_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

from audit_log import AuditLog
from cases import CASES, case, main, wait_until
from closed import NOBODYS, PROGRAM, UNAUTHENTICATED, bearer, closed, code_of
from server import Server

INSTANCE = registry_pb2.Instance(key=registry_pb2.InstanceKey(service="web", id="a1"),
                                 endpoints=[registry_pb2.Endpoint(address="127.0.0.1", port=80)])


def mltctl(*arguments):
    environment = {**os.environ, "MLTRAINER_TOKEN_FILE": "/nowhere/token"}  # no server is asked, so no token is read
    done = subprocess.run([PROGRAM, "audit", *arguments], capture_output=True, text=True, timeout=60, env=environment)
    return done.returncode, done.stdout + done.stderr


def verify(log, *files):
    return mltctl("verify", *(files or [log.path]), "--key", log.key, "--head", log.head)


def register(channel, metadata=None):
    return registry_pb2_grpc.RegistryServiceStub(channel).Register(registry_pb2.RegisterRequest(instance=INSTANCE),
                                                                   metadata=metadata)


@case
def A02_who_changes_something_and_who_is_refused_is_written_down():
    with closed() as it:
        ada, log = it.make("ada", "service").secret, AuditLog(it.server.data_dir)
        listing = registry_pb2.ListServicesRequest()
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        register(it.channel, bearer(ada) + [("traceparent", f"00-{trace}-00f067aa0ba902b7-01")])
        it.registry.ListServices(listing, metadata=bearer(ada))
        code_of(lambda: it.registry.ListServices(listing))
        code_of(lambda: it.registry.ListServices(listing, metadata=bearer(NOBODYS)))
        connection = http.client.HTTPConnection(it.server.address, timeout=30)
        connection.request("GET", "/metrics?a=b")
        assert connection.getresponse().status == 401
        connection.close()
        code_of(lambda: it.make("olga", "admin", by=ada))
        wait_until(lambda: len(log.calls()) >= 7, "the lines are there")
        wanted = [("change", "token/bootstrap", "CreateToken", "OK"), ("change", "token/root", "CreateToken", "OK"),
                  ("change", "token/ada", "Register", "OK"), ("refused", None, "ListServices", "UNAUTHENTICATED"),
                  ("refused", None, "ListServices", "UNAUTHENTICATED"), ("refused", None, "web", "UNAUTHENTICATED"),
                  ("refused", "token/ada", "CreateToken", "PERMISSION_DENIED")]
        seen = [(line["kind"], line["who"], line["method"].split("/")[-1], line["outcome"]) for line in log.calls()]
        assert sorted(seen) == sorted((kind, log.hidden(who) if who else "anonymous", method, outcome)
                                      for kind, who, method, outcome in wanted), seen
        lines = {line["method"].split("/")[-1]: line for line in log.calls()}
        assert lines["Register"]["what"] == "service:web,id:a1" and lines["Register"]["call"] == trace, lines["Register"]
        assert lines["web"]["what"].startswith("/metrics"), lines["web"]
        assert [line["whom"] for line in log.calls() if "whom" in line][:2] == [log.hidden("token/root"),
                                                                                 log.hidden("token/ada")]
        assert {line["from"] for line in log.calls()} == {log.hidden("127.0.0.1")}
        text = log.path.read_text()
        assert not any(word in text for word in (ada, it.root, "token/ada", "token/root", "127.0.0.1", "olga")), text
        code, said = mltctl("name", "token/ada", "127.0.0.1", "--key", log.key)
        assert code == 0 and said.split() == [log.hidden("token/ada"), "token/ada", log.hidden("127.0.0.1"), "127.0.0.1"]


@case
def A02_a_line_that_was_changed_taken_out_or_cut_off_is_seen():
    with closed() as it:
        for name in ("a", "b", "c"):
            it.make(name, "viewer")
        log = AuditLog(it.server.data_dir)
        wait_until(lambda: log.head.read_text().startswith(f"{6:020}"), "the lines are there, and the note of the last")
        os.kill(it.server.pid, signal.SIGSTOP)  # so that file and head stand still
        try:
            code, said = verify(log)
            assert code == 0 and said == "whole: 6 lines, seq 1 to 6\n", said
            lines = log.path.read_bytes().splitlines(keepends=True)
            with tempfile.TemporaryDirectory() as folder:
                forged = Path(folder, "log")
                for what, new, why in (("changed", [*lines[:3], lines[3].replace(b"=OK", b"=NO"), *lines[4:]], "seq=4 was changed"),
                                       ("taken out", lines[:3] + lines[4:], "1 lines are missing before seq=5"),
                                       ("swapped", [*lines[:3], lines[4], lines[3], lines[5]], "seq=4 comes after seq=5"),
                                       ("cut off", lines[:-2], "2 lines are missing at the end"),
                                       ("torn", [*lines[:5], lines[5][:-10]], "the line is torn"),
                                       ("headless", lines[1:], "does not begin with a line of kind file")):
                    forged.write_bytes(b"".join(new))
                    code, said = verify(log, forged)
                    assert code == 1 and why in said, (what, said)
                other = Path(folder, "key")
                other.write_text("0" * 64)
                code, said = mltctl("verify", log.path, "--key", other)
                assert code == 1 and "written with another key" in said, said
        finally:
            os.kill(it.server.pid, signal.SIGCONT)


@case
def A02_the_chain_goes_on_over_a_kill_and_a_rotation():
    with Server("--audit-rotate", "4KiB", "--audit-files", "100") as server:
        log = AuditLog(server.data_dir)

        def some():
            with grpc.insecure_channel(server.address) as channel:
                for _ in range(40):
                    register(channel)
        some()
        wait_until(lambda: Path(f"{log.path}.1").exists(), "the file is rotated")
        server.kill()
        server.start()
        some()
        moved = Path(server.data_dir, "moved")

        def move():
            try:
                os.rename(log.path, moved)
            except FileNotFoundError:  # it is just being rotated
                return False
            return True
        wait_until(move, "the file is there")
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: log.path.exists() and log.lines(), "the file is opened anew")
        server.terminate()
        rotated = sorted(Path(server.data_dir).glob("audit.log.*"), key=lambda path: -int(path.suffix[1:]))
        first = {path: int(log.lines(path)[0]["seq"]) for path in (*rotated, log.path, moved)}
        assert [first[path] for path in (*rotated, log.path)] == sorted(first[path] for path in (*rotated, log.path)), first
        # The file may have been moved with lines of the calls above still in the queue: then some are rotated behind it.
        code, said = verify(log, *sorted(first, key=first.get))
        assert code == 0 and said.startswith("whole: ") and ", seq 1 to " in said, said
        server.start()


@case
def A02_while_it_cannot_be_written_nothing_is_changed():
    with Server("--audit-file", "/dev/full", "--audit-queue", "2") as server, grpc.insecure_channel(server.address) as channel:
        def full():
            try:
                register(channel)
                return None
            except grpc.RpcError as error:
                return error
        error, retry = wait_until(full, "there is no room"), error_details_pb2.RetryInfo()
        assert error.code() == grpc.StatusCode.UNAVAILABLE and "audit log" in error.details(), error
        assert rpc_status.from_call(error).details[0].Unpack(retry) and retry.retry_delay.ToMilliseconds() > 0
        registry_pb2_grpc.RegistryServiceStub(channel).ListServices(registry_pb2.ListServicesRequest())


@case
def what_keeps_the_server_from_starting():
    for spoil, why in ((lambda data: Path(data, "audit.log").write_text("letters\n"), "is no audit log"),
                       (lambda data: Path(data, "audit.key").write_text("12"), "audit.key"),
                       (lambda data: os.symlink("/dev/null", Path(data, "audit.log")), "audit.log")):
        with tempfile.TemporaryDirectory() as data:
            spoil(data)
            server = Server(data_dir=data)
            try:
                server.start()
                server.kill()
                raise AssertionError(f"it started: {why}")
            except RuntimeError as error:
                raise AssertionError(error) from None
            except Exception as error:
                assert "ended with 2" in str(error) and why in str(error), error
            finally:
                server.log_path.unlink(missing_ok=True)


ROWS = [word.lower() for word in sys.argv[1:]]
if ROWS:
    CASES[:] = [function for function in CASES if function.__name__.lower().startswith(tuple(ROWS))]
    sys.argv[1:] = []
if CASES:
    main("audit")
