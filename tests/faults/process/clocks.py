# SPDX-License-Identifier: Apache-2.0
"""The registry of a real server while the wall clock jumps, while its store stands still, and while an owner or the server
itself is stopped, and while two want one store (rows R08, R12, R13, R14, S13, O08, O12). clocks.py [ROW…] runs the rows named."""
import calendar
import contextlib
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import grpc
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2
from mltrainer.registry.v1 import registry_pb2 as pb, registry_pb2_grpc

import cases
from cases import Skip, case, wait_until
from server import Server, program

OWN = [("grpc.use_local_subchannel_pool", 1)]
DAY_S = 24 * 3600


class Registry:
    def __init__(self, server):
        self.channel = grpc.insecure_channel(server.address, OWN)
        self.stub = registry_pb2_grpc.RegistryServiceStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def register(self, id, ttl_s=600, weight=100, timeout=120):
        instance = pb.Instance(key=pb.InstanceKey(service="web", id=id), weight=weight,
                               endpoints=[pb.Endpoint(address="127.0.0.1", port=1000)],
                               lease_ttl=duration_pb2.Duration(seconds=ttl_s))
        return self.stub.Register(pb.RegisterRequest(instance=instance), timeout=timeout).instance

    def heartbeat(self, id):
        return self.stub.Heartbeat(pb.HeartbeatRequest(key=pb.InstanceKey(service="web", id=id)), timeout=30)

    def ids(self):
        return {instance.key.id for instance in self.stub.ListInstances(pb.ListInstancesRequest(service="web"), timeout=30).instances}

    def history(self, id):
        return self.stub.ListTransitions(pb.ListTransitionsRequest(key=pb.InstanceKey(service="web", id=id)), timeout=30).transitions

    def info(self):
        return self.stub.GetRegistryInfo(pb.GetRegistryInfoRequest(), timeout=30)


class Clock:
    """A wall clock that is set while processes run: libfaketime reads it from a file at each call."""

    def __init__(self):
        libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not libraries:
            raise Skip("no libfaketime")
        self.folder = Path(tempfile.mkdtemp(prefix="mlt-clock-"))
        self.file = self.folder / "offset"
        self.set(0)
        self.environment = {"LD_PRELOAD": libraries[0], "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def set(self, offset_s):
        new = self.folder / "new"
        new.write_text(f"{offset_s:+d}\n")
        new.rename(self.file)   # at once, so that nobody reads half of it


@contextlib.contextmanager
def beating(registry, id):
    """Heartbeats of @id several times a second, as long as the block runs; they all must succeed."""
    stop, failures = threading.Event(), []

    def beat():
        while not stop.wait(0.2):
            try:
                registry.heartbeat(id)
            except grpc.RpcError as error:
                failures.append(error)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    assert not failures, failures


@case
def r12_s13_the_wall_clock_jumps_and_nobody_expires_for_it():
    with Clock() as clock, tempfile.TemporaryDirectory(prefix="mlt-clock-") as folder:
        arguments = {"data_dir": Path(folder, "data"), "environment": clock.environment}
        Path(folder, "data").mkdir()
        with Server(**arguments) as server, Registry(server) as registry:
            registry.register("beats", ttl_s=30)
            with beating(registry, "beats"):
                for number, offset_s in enumerate((DAY_S, -DAY_S, 0)):
                    began = time.monotonic()
                    registry.register("silent", ttl_s=2)
                    clock.set(offset_s)
                    registry.register("beats", ttl_s=30, weight=number + 1)   # a mark in the history
                    wait_until(lambda: "silent" not in registry.ids(), "a lease that nobody renews to run out")
                    took_s = time.monotonic() - began
                    assert 1.5 < took_s < 60, f"a lease of 2 s ran out after {took_s:.1f} s, the clock being at {offset_s:+d} s"
            marks = registry.history("beats")
            times = [mark.time.seconds for mark in marks]
            revisions = [mark.revision for mark in marks]
            assert len(marks) == 4 and revisions == sorted(revisions, reverse=True), marks
            assert times != sorted(times, reverse=True), "the clock did not go back"
            before = registry.info()
        clock.set(-DAY_S)   # and a start in the past
        with Server(**arguments) as server, Registry(server) as registry:
            after = registry.info()
            assert after.epoch > before.epoch and after.revision >= before.revision, (before, after)
            registered = registry.register("later")
            assert registered.revision > before.revision
            assert registry.history("later")[0].time.seconds < times[0] - DAY_S / 2


def at_unix_s(year, month, day, hour=0, minute=0, second=0):
    return calendar.timegm((year, month, day, hour, minute, second))


@case
def o12_the_ends_of_2038_and_of_the_century():
    with Clock() as clock, tempfile.TemporaryDirectory(prefix="mlt-clock-") as folder:
        arguments = {"data_dir": Path(folder, "data"), "environment": clock.environment}
        Path(folder, "data").mkdir()
        epochs = []
        for edge_s in (at_unix_s(2038, 1, 19, 3, 14, 8), at_unix_s(2100, 3, 1)):   # 2^31; no 29th of February
            edge = f"{edge_s}"
            clock.set(edge_s - 600 - int(time.time()))
            with Server(**arguments) as server, Registry(server) as registry:
                kept_over = registry.ids()
                assert kept_over == ({"web-2038"} if epochs else set()), kept_over
                registry.register("web-2038", ttl_s=600, weight=1 + len(epochs))
                with beating(registry, "web-2038"):
                    registry.register("silent", ttl_s=2)
                    clock.set(edge_s + 600 - int(time.time()))
                    registry.register("web-2038", ttl_s=600, weight=100 + len(epochs))
                    wait_until(lambda: "silent" not in registry.ids(), "a lease that nobody renews to run out")
                    after, before = [mark.time.seconds for mark in registry.history("web-2038")][:2]
                    assert before < edge_s <= after, (before, edge, after)
                epochs.append(registry.info().epoch)
        assert epochs == sorted(set(epochs)) and epochs[-1] > at_unix_s(2100, 1, 1) * 1000, epochs


@case
def r14_two_servers_never_write_one_store():
    with tempfile.TemporaryDirectory(prefix="mlt-store-") as folder:
        data = Path(folder, "data")
        data.mkdir()
        first = Server(data_dir=data).start()
        try:
            with Registry(first) as registry:
                registry.register("before", ttl_s=3600)
                before = registry.info()
                os.kill(first.pid, signal.SIGSTOP)   # it is not gone, whatever others think
                try:
                    second = subprocess.run([program(), "--listen", "127.0.0.1:0", "--data-dir", data], capture_output=True, text=True,
                                            timeout=60)
                finally:
                    os.kill(first.pid, signal.SIGCONT)
                assert second.returncode != 0 and second.stdout == "", second
                assert f"in use by process {first.pid}" in second.stderr.splitlines()[-1], second.stderr
                registry.register("after", ttl_s=3600)   # and the first has lost nothing
                assert registry.ids() == {"before", "after"} and registry.info().epoch == before.epoch
        finally:
            first.kill()
            first.remove()
        with Server(data_dir=data) as server, Registry(server) as registry:   # the lock went with its holder
            assert registry.ids() == {"before", "after"} and registry.info().epoch > before.epoch


def retry_delay_s(error):
    """Of the RetryInfo of a failed call; None without one."""
    details = dict(error.trailing_metadata()).get("grpc-status-details-bin")
    info = error_details_pb2.RetryInfo()
    for detail in status_pb2.Status.FromString(details).details if details else []:
        if detail.Unpack(info):
            return info.retry_delay.seconds + info.retry_delay.nanos / 1e9
    return None


@contextlib.contextmanager
def stalled_disk(server, seconds):
    """The next sync of each of the server's threads takes that long."""
    if not shutil.which("strace"):
        raise Skip("no strace")
    strace = subprocess.Popen(["strace", "-f", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e",
                               f"inject=fsync,fdatasync:delay_enter={int(seconds * 1e6)}:when=1", "-p", str(server.pid)],
                              stderr=subprocess.PIPE, text=True)
    try:
        if "attached" not in strace.stderr.readline():
            raise Skip("strace may not attach")
        yield
    finally:
        strace.terminate()
        strace.wait()
        strace.stderr.close()


def outcome_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    return None


def threads_of(server):
    return len(os.listdir(f"/proc/{server.pid}/task"))


@case
def r13_a_store_that_stands_still_for_30_s_stops_changes_and_nothing_else():
    stall_s = 30
    with Server() as server, Registry(server) as registry:
        registry.register("before")
        with stalled_disk(server, stall_s):
            began = time.monotonic()
            waiting = [registry.stub.Register.future(pb.RegisterRequest(instance=pb.Instance(
                key=pb.InstanceKey(service="web", id=f"waits-{i}"), endpoints=[pb.Endpoint(address="127.0.0.1", port=1)])), timeout=120)
                for i in range(8)]
            refused = wait_until(lambda: (error := outcome_of(lambda: registry.register("unsure", timeout=1))) and
                                 error.code() == grpc.StatusCode.UNAVAILABLE and error, "changes to be refused")
            assert time.monotonic() - began < stall_s - 10
            assert retry_delay_s(refused), refused
            threads = threads_of(server)
            slowest = 0
            for _ in range(200):   # changes are refused and reads answered, each at once
                asked = time.monotonic()
                if asked - began > stall_s / 2:   # a slow machine: enough
                    break
                assert outcome_of(lambda: registry.register("refused")).code() == grpc.StatusCode.UNAVAILABLE
                registry.heartbeat("before")
                assert registry.stub.Discover(pb.DiscoverRequest(service="web"), timeout=60).instances[0].key.id == "before"
                slowest = max(slowest, time.monotonic() - asked)
            assert slowest < 5, f"{slowest:.1f} s"
            assert threads_of(server) <= threads + 4 and not any(call.done() for call in waiting)
            for call in waiting:
                call.result()
            assert time.monotonic() - began > stall_s - 5
        wait_until(lambda: outcome_of(lambda: registry.register("after")) is None, "changes to be taken again")
        assert registry.ids() - {"unsure"} == {"before", "after"} | {f"waits-{i}" for i in range(8)}


def reasons(registry, id):
    return [pb.TransitionReason.Name(mark.reason).removeprefix("TRANSITION_REASON_").lower() for mark in registry.history(id)]


@contextlib.contextmanager
def kept(server, id, ttl_s):
    """Another process that keeps an instance registered, and registers it again when the server has forgotten it."""
    mltctl = Path(os.environ["MLT_BUILD"]) / "bin/mltctl"
    process = subprocess.Popen([mltctl, "--server", server.address, "registry", "register", f"web/{id}", "127.0.0.1:1", "--ttl",
                                str(ttl_s), "--keep"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("registered at revision ")
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()
        process.stdout.close()


def outlast(registry, id, ttl_s):
    """Let a lease run out that nobody renews: that long has passed for the server."""
    registry.register(id, ttl_s=ttl_s)
    wait_until(lambda: id not in registry.ids(), "a lease that nobody renews to run out", 60)


@case
def r08_an_owner_that_was_stopped_is_expired_once_and_comes_back_once():
    with Server() as server, Registry(server) as registry, kept(server, "owned", 4) as owner:
        owner.send_signal(signal.SIGSTOP)
        wait_until(lambda: "owned" not in registry.ids(), "the lease to run out", 60)
        outlast(registry, "meanwhile", 4)
        assert reasons(registry, "owned") == ["lease_expired", "registered"]
        owner.send_signal(signal.SIGCONT)
        wait_until(lambda: "owned" in registry.ids(), "it to be registered again", 60)
        outlast(registry, "afterwards", 5)
        assert reasons(registry, "owned") == ["registered", "lease_expired", "registered"], "no flapping"
        assert "owned" in registry.ids()


@case
def r08_o08_a_server_that_was_stopped_expires_nobody_who_could_not_reach_it():
    with Server() as server, Registry(server) as registry, kept(server, "owned", 3):
        began = time.monotonic()
        os.kill(server.pid, signal.SIGSTOP)
        try:
            wait_until(lambda: time.monotonic() - began > 9, "three times the lease")
        finally:
            os.kill(server.pid, signal.SIGCONT)
        outlast(registry, "afterwards", 5)
        assert reasons(registry, "owned") == ["registered"], reasons(registry, "owned")


@case
def doctor_tells_how_far_the_clocks_are_apart():
    with Clock() as clock, Server() as server:
        def ask(offset_s):
            clock.set(offset_s)
            done = subprocess.run([program().with_name("mltctl"), "-o", "json", "doctor"], capture_output=True, text=True, timeout=120,
                                  env={**os.environ, **clock.environment, "MLTRAINER_SERVER": server.address})
            finding, = (f for f in json.loads(done.stdout)["findings"] if f["check"] == "clock")
            return finding["severity"].removeprefix("SEVERITY_"), finding["text"]
        assert ask(0)[0] == "OK"
        for offset_s, where in ((3600, "behind this one"), (-3600, "ahead of this one")):
            severity, text = ask(offset_s)
            assert severity == "ERROR" and where in text, (severity, text)


ROWS = [word.lower() for word in sys.argv[1:]]
if ROWS:
    cases.CASES[:] = [function for function in cases.CASES if any(row in function.__name__.split("_") for row in ROWS)]
    sys.argv[1:] = []
cases.main("clocks")
