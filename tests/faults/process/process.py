# SPDX-License-Identifier: Apache-2.0
"""The real server and what an operating system does to it: signals, descriptors that run out, a log that nobody takes,
workers and stores that others meddle with (rows O, S and X of faults.md). process.py [ROW…] runs the rows named."""
import contextlib
import fcntl
import mmap
import os
import resource
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import grpc
from google.protobuf import duration_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from mltrainer.admin.v1 import admin_pb2, admin_pb2_grpc
from mltrainer.execution.v1 import dataset_pb2, execution_pb2_grpc, job_pb2, table_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

import cases
from cases import case, wait_until
from server import Server, program
from workers import workers

OWN = [("grpc.use_local_subchannel_pool", 1)]
CONFIGURATION, STORE = 2, 4


class Client:
    def __init__(self, server):
        self.channel = grpc.insecure_channel(server.address, OWN)
        self.health = health_pb2_grpc.HealthStub(self.channel)
        self.registry = registry_pb2_grpc.RegistryServiceStub(self.channel)
        self.execution = execution_pb2_grpc.ExecutionServiceStub(self.channel)
        self.admin = admin_pb2_grpc.AdminServiceStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def check(self):
        reply = self.health.Check(health_pb2.HealthCheckRequest(), timeout=60)
        assert reply.status == health_pb2.HealthCheckResponse.SERVING

    def register(self, service, id):
        instance = registry_pb2.Instance(key=registry_pb2.InstanceKey(service=service, id=id), endpoints=[
            registry_pb2.Endpoint(protocol="grpc", address="127.0.0.1", port=1000)], lease_ttl=duration_pb2.Duration(seconds=3600))
        return self.registry.Register(registry_pb2.RegisterRequest(instance=instance), timeout=60)

    def try_register(self, service, id):
        """None where the store does not answer yet."""
        try:
            return self.register(service, id)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE, error
            return None

    def submit(self, request_id, rows=200):
        values = table_pb2.DoubleValues(values=[100 + i % 7 for i in range(rows)])
        table = table_pb2.Table(columns=[table_pb2.Column(name="close", doubles=values)])
        spec = job_pb2.JobSpec(compute=job_pb2.ComputeSpec(model="rsi", data=table_pb2.DataReference(table=table)))
        return self.execution.SubmitJob(job_pb2.SubmitJobRequest(spec=spec, request_id=request_id), timeout=60).job.id

    def state(self, job):
        return self.execution.GetJob(job_pb2.GetJobRequest(id=job), timeout=60).job.state


def refuses(port):
    with socket.socket() as peer:
        return peer.connect_ex(("127.0.0.1", port)) != 0


class Shim:
    """A C library whose calls fail now and then (shim.c), preloaded into a server: how often is set while it runs."""
    LIBRARY = program().parents[1] / "tests/libfault_shim.so"
    BYTES = 20

    def __init__(self):
        self.file = tempfile.NamedTemporaryFile()
        self.file.write(bytes(self.BYTES))
        self.file.flush()
        self.chances = mmap.mmap(self.file.fileno(), self.BYTES)
        self.environment = {"LD_PRELOAD": str(self.LIBRARY), "MLT_SHIM": self.file.name}

    def set(self, memory=0.0, pieces=0.0, entropy=0.0):
        self.chances[:12] = struct.pack("<III", *(int(chance * 0xffffffff) for chance in (memory, pieces, entropy)))

    def stand_still(self, seconds):
        """The registry's loop."""
        self.chances[16:20] = struct.pack("<I", seconds * 1000)

    @property
    def failed(self):
        return struct.unpack("<I", self.chances[12:16])[0]


ENDED = (job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_CANCELLED, job_pb2.JOB_STATE_TIMED_OUT)


@case
def o02_descriptors_that_run_out_while_it_runs():
    with Server() as server, Client(server) as client:
        client.check()
        before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.fd_count(), before[1]))
        for i in range(20):   # whatever needs a file fails by itself, and only that
            with contextlib.suppress(grpc.RpcError):
                header = dataset_pb2.UploadDatasetHeader(name=f"d{i}")
                client.execution.UploadDataset(iter([dataset_pb2.UploadDatasetRequest(header=header),
                                                     dataset_pb2.UploadDatasetRequest(chunk=b"a\n1\n")]), timeout=60)
            client.check()
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
        header = dataset_pb2.UploadDatasetHeader(name="after")
        client.execution.UploadDataset(iter([dataset_pb2.UploadDatasetRequest(header=header),
                                             dataset_pb2.UploadDatasetRequest(chunk=b"a\n1\n")]), timeout=60)


@case
def o03_memory_that_is_not_there_now_and_then():
    """Some calls are shed, or their connection is; the server stays, and what it acknowledged is there afterwards."""
    shed = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL)
    shim, acknowledged = Shim(), set()
    with Server("--log-level", "error", environment=shim.environment) as server, Client(server) as client:
        client.check()
        shim.set(memory=0.002)
        for i in range(1500 if os.environ.get("MLT_LONG") else 300):
            try:
                client.register("memory", f"i{i % 50}")
                acknowledged.add(f"i{i % 50}")
                client.check()
            except grpc.RpcError as error:
                assert error.code() in shed, error
            server.assert_same_process()
        shim.set()
        assert shim.failed > 5, shim.failed
        wait_until(lambda: client.register("memory", "after"), "calls to be served again")
        reply = client.registry.ListInstances(registry_pb2.ListInstancesRequest(service="memory"), timeout=60)
        missing = acknowledged - {instance.key.id for instance in reply.instances}
        assert not missing, f"acknowledged and lost: {missing}"


@case
def o04_workers_are_killed_for_memory_before_the_server_is():
    with Server() as server:
        found = wait_until(lambda: workers(server), "a worker")

        def says(pid, name):
            return int(Path(f"/proc/{pid}/{name}").read_text())

        own = says(server.pid, "oom_score_adj")
        assert own == says("self", "oom_score_adj"), "the server is to have what it was started with"
        wait_until(lambda: all(says(pid, "oom_score_adj") >= min(own + 500, 1000) for pid in found), "workers to offer themselves")
        assert all(says(pid, "oom_score") > says(server.pid, "oom_score") for pid in found)


def metric(server, name):
    with urllib.request.urlopen(f"http://{server.address}/metrics", timeout=60) as page:
        for line in page.read().decode().splitlines():
            if line.startswith(name + " "):
                return int(line.split()[-1])
    raise AssertionError(f"there is no {name}")


def refused(call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and "memory" in error.details(), error
        assert any(key == "grpc-retry-pushback-ms" for key, _ in error.trailing_metadata()), error.trailing_metadata()
        return True
    return False


@case
def o04_near_its_memory_limit_it_refuses_what_can_wait():
    """The limit is half of what a server takes that has just begun; tests/unit/watchdog has the steps before the last."""
    with Server() as server, Client(server) as client:
        client.check()
        idle = server.rss_bytes()
        assert metric(server, "mltrainer_shed_calls_total") == 0
        client.register("memory", "before")
    with Server("--memory-limit", str(idle // 2)) as server, Client(server) as client:
        wait_until(lambda: metric(server, "mltrainer_overload_step") == 3, "the last step")
        assert refused(lambda: client.submit("job")) and refused(lambda: client.register("memory", "one"))
        client.check()
        client.admin.GetServerInfo(admin_pb2.GetServerInfoRequest(), timeout=60)
        try:
            client.registry.Heartbeat(registry_pb2.HeartbeatRequest(key=registry_pb2.InstanceKey(service="memory", id="one")), timeout=60)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND, error  # it came through
        assert metric(server, "mltrainer_shed_calls_total") == 2
        wait_until(lambda: "refusing=all" in server.log_tail(1000), "a line about it")


@case
def o09_a_loop_that_stands_still_is_told_with_its_stack():
    shim = Shim()
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(folder + "/notify")

        def alive():
            while systemd.recv(100) != b"WATCHDOG=1":
                pass

        def forget_what_came():
            systemd.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while systemd.recv(100):
                    pass
            systemd.settimeout(60)

        environment = dict(shim.environment, NOTIFY_SOCKET=folder + "/notify", WATCHDOG_USEC="1000000")
        with Server(environment=environment) as server, Client(server) as client:
            client.check()
            forget_what_came()
            for _ in range(2):  # the second was sent after all that is watched has answered
                alive()
            shim.stand_still(3)
            wait_until(lambda: "loop registry stands still" in server.log_tail(1000), "the loop to be missed")
            line = next(line for line in server.log_tail(1000).splitlines() if "loop registry stands still" in line)
            assert "epoll_wait" in line, line
            client.check()  # everybody else goes on
            wait_until(lambda: "loop registry goes on" in server.log_tail(1000), "the loop to go on")
            assert metric(server, 'mltrainer_loop_stalls_total{loop="registry"}') >= 1
            client.register("watchdog", "one")


@case
def it_says_ready_when_it_is_in_its_own_registry():
    shim = Shim()
    shim.stand_still(1)   # the registry's loop, as its thread begins
    with Server(environment=shim.environment) as server, Client(server) as client:
        reply = client.registry.ListServices(registry_pb2.ListServicesRequest(namespace="mltrainer"), timeout=60)
        found = {service.service: service.healthy_count for service in reply.services}
        found.pop("process-pool")   # whose health is known with its first worker
        assert found == {"mltrainerd": 1, "thread-pool": 1}, reply


@case
def it_serves_though_its_store_does_not_answer():
    """It waits 5 s to find itself, no longer: the registry's loop stands still for good."""
    shim = Shim()
    shim.stand_still(3600)
    server = Server(environment=shim.environment).start()
    try:
        with Client(server) as client:
            client.check()
        assert "not in its own registry yet" in server.log_tail()
    finally:
        server.kill()
        server.remove()


@case
def o05_sigterm_under_load_loses_no_call_that_was_accepted():
    server = Server().start()
    stop, done, broken = threading.Event(), [], []

    def load():
        with Client(server) as client:
            while not stop.is_set():
                try:
                    client.health.Check(health_pb2.HealthCheckRequest(), timeout=60)   # NOT_SERVING by then
                    done.append(1)
                except grpc.RpcError as error:
                    # Refused before it was looked at, or no server any more; never cut off in the middle.
                    if error.code() != grpc.StatusCode.UNAVAILABLE:
                        broken.append(error)
                    return

    with Client(server) as watcher:
        watch = watcher.health.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(done) > 200, "some load")
        server.process.send_signal(signal.SIGTERM)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        code = server.process.wait(120)
    stop.set()
    for thread in threads:
        thread.join()
    server.process.stdout.close()
    server.remove()
    assert code == 0 and not broken, f"exit code {code}, {broken[:3]}"


@case
def o06_a_second_sigterm_cuts_the_grace():
    server = Server().start()
    with Client(server) as client:
        release = threading.Event()

        def chunks():
            yield dataset_pb2.UploadDatasetRequest(header=dataset_pb2.UploadDatasetHeader(name="d"))
            release.wait(300)

        upload = client.execution.UploadDataset.future(chunks())
        wait_until(lambda: client.admin.GetServerInfo(admin_pb2.GetServerInfoRequest()).active_calls > 1, "the upload")
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(server.port), "the drain to begin")
        assert server.process.poll() is None, "it did not wait for the call that runs"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(120) == 0
        release.set()
        assert upload.exception(120) is not None
    server.process.stdout.close()
    server.remove()


@case
def o07_a_storm_of_signals():
    with Server("--log-level", "error") as server, Client(server) as client:
        for i in range(1000):
            server.process.send_signal(signal.SIGHUP if i % 2 else signal.SIGPIPE)
        client.check()
        for pid in workers(server):   # each death is noticed, whatever else is
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        job = client.submit("after")
        wait_until(lambda: client.state(job) in ENDED, "a job's end")
        assert client.state(job) == job_pb2.JOB_STATE_SUCCEEDED


@case
def o10_what_a_crash_has_left_is_waited_for():
    """A child that has not become its own program yet has the lock of a folder whose server is gone."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    with tempfile.TemporaryDirectory() as folder, open(folder + "/store.lock", "w") as lock:
        lock.write(f"{gone.pid}\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        child = threading.Timer(0.5, lambda: fcntl.flock(lock, fcntl.LOCK_UN))
        child.start()
        with Server(data_dir=folder):
            child.join()


@case
def o10_a_crash_is_told_and_recovered_from():
    with tempfile.TemporaryDirectory() as folder:
        data, kept = Path(folder, "data"), []
        for round in range(3):
            server = Server(data_dir=data).start()
            with Client(server) as client:   # what the crash before it left is there
                reply = client.registry.ListInstances(registry_pb2.ListInstancesRequest(service="crash"), timeout=60)
                assert {instance.key.id for instance in reply.instances} == set(kept), kept
                client.register("crash", f"i{round}")
                kept.append(f"i{round}")
                os.kill(server.pid, signal.SIGSEGV)
                assert server.process.wait(120) == -signal.SIGSEGV, "it does not end by the signal"
            said = server.log_tail(100)
            server.process.stdout.close()
            server.remove()
            assert "mltrainerd: crash: SIGSEGV" in said and said.count("[0x") > 3, said


@case
def o11_what_it_cannot_start_with_is_said_in_a_line():
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as busy:
        plain = Path(folder, "file")
        plain.write_text("")
        table = [
            (["--listen", f"127.0.0.1:{busy.getsockname()[1]}", "--data-dir", folder + "/a"], 3, "in use"),
            (["--listen", "127.0.0.1:0", "--data-dir", str(plain)], CONFIGURATION, str(plain)),
            (["--listen", "nowhere.invalid:1", "--data-dir", folder + "/b"], CONFIGURATION, "nowhere.invalid"),
            (["--listen", "127.0.0.1:0", "--data-dir", folder + "/c", "--execution-plugins-dir", folder + "/none"],
             CONFIGURATION, folder + "/none"),
            (["--listen", "127.0.0.1:0", "--data-dir", folder + "/d", "--tls-certificate", folder + "/no.pem"],
             CONFIGURATION, "no.pem"),
        ]
        for arguments, code, word in table:
            done = subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=60)
            said = done.stderr.strip().splitlines()
            assert done.returncode == code, f"{arguments}: {done.returncode} {said}"
            assert word in said[-1] and said[-1].startswith("mltrainerd: "), f"{arguments}: {said}"
            assert done.stdout == ""


@case
def o13_a_log_that_nobody_takes():
    for target in ("/dev/full", "closed"):
        with tempfile.TemporaryDirectory() as folder:
            redirect = ">&-" if target == "closed" else ">" + target
            command = ["sh", "-c", f'exec "$@" 2{redirect}', "sh", str(program()), "--listen", "127.0.0.1:0", "--data-dir",
                       folder, "--log-calls", "all"]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            address = process.stdout.readline().split()[1]
            with grpc.insecure_channel(address, OWN) as channel:
                for _ in range(50):
                    health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=60)
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0, target
            process.stdout.close()


@case
def o14_reads_and_writes_in_pieces():
    """Half of all reads and writes are cut short, interrupted or told to come again: all results are the same."""
    shim = Shim()
    with Server("--log-level", "error", environment=shim.environment) as server, Client(server) as client:
        shim.set(pieces=0.5)
        for i in range(50):
            client.check()
            client.register("pieces", f"i{i}")
        header = dataset_pb2.UploadDatasetHeader(name="d")
        rows = b"a\n" + b"".join(b"%d\n" % i for i in range(20000))
        parts = [dataset_pb2.UploadDatasetRequest(chunk=rows[at:at + 7000]) for at in range(0, len(rows), 7000)]
        reply = client.execution.UploadDataset(iter([dataset_pb2.UploadDatasetRequest(header=header), *parts]), timeout=60)
        assert reply.dataset.row_count == 20000, reply
        listed = client.registry.ListInstances(registry_pb2.ListInstancesRequest(service="pieces"), timeout=60)
        assert {instance.key.id for instance in listed.instances} == {f"i{i}" for i in range(50)}
        assert shim.failed > 200, shim.failed


@case
def o15_an_unusual_umask_opens_nothing():
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        process = subprocess.Popen([program(), "--listen", "127.0.0.1:0", "--data-dir", str(data)], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True, preexec_fn=lambda: os.umask(0))
        process.stdout.readline()
        open_to_others = [path for path in [data, *data.rglob("*")] if path.stat().st_mode & 0o077]
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
        process.stdout.close()
        assert not open_to_others, open_to_others


@case
def o17_a_thousand_idle_connections():
    with Server() as server, Client(server) as client:
        client.check()
        before, peers = server.rss_bytes(), []
        for _ in range(1000):
            peer = socket.create_connection(("127.0.0.1", server.port))
            peer.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0]))
            peers.append(peer)
        client.check()
        each = (server.rss_bytes() - before) / len(peers)
        for peer in peers:
            peer.close()
        assert each < 64 << 10, f"{each:.0f} bytes a connection"
        wait_until(lambda: client.admin.GetServerInfo(admin_pb2.GetServerInfoRequest()).connections <= 1, "their end")


@case
def o18_without_entropy_it_does_not_start():
    shim = Shim()
    shim.set(entropy=1)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([program(), "--listen", "127.0.0.1:0", "--data-dir", folder + "/data"], capture_output=True,
                              text=True, timeout=60, env=dict(os.environ, **shim.environment))
        said = done.stderr.strip().splitlines()
        assert done.returncode > 0 and done.stdout == "", f"{done.returncode} {said}"
        assert said[-1].startswith("mltrainerd: "), said


@case
def s07_another_process_holds_the_database():
    with Server() as server, Client(server) as client:
        client.register("held", "before")
        other = sqlite3.connect(server.data_dir / "mltrainer.db", isolation_level=None, timeout=60)
        other.execute("BEGIN IMMEDIATE")
        held = time.monotonic()
        try:
            client.register("held", "meanwhile")
            acknowledged = True
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE, error
            acknowledged = False
        took = time.monotonic() - held
        client.check()
        other.execute("ROLLBACK")
        other.close()
        assert not acknowledged and took < 25, f"acknowledged {acknowledged} after {took:.1f} s"
        wait_until(lambda: client.try_register("held", "after"), "the store to be written again")


def store_health(client):
    return client.health.Check(health_pb2.HealthCheckRequest(service="mltrainer.store"), timeout=60).status


@case
def s17_a_data_folder_that_goes_is_told_and_nothing_is_acknowledged():
    with Server() as server, Client(server) as client:
        client.register("gone", "before")
        aside = server.data_dir.with_name(server.data_dir.name + ".aside")
        server.data_dir.rename(aside)
        wait_until(lambda: store_health(client) == health_pb2.HealthCheckResponse.NOT_SERVING, "the folder to be missed")
        client.check()
        for change in (lambda: client.register("gone", "meanwhile"), lambda: client.submit("meanwhile")):
            try:
                raise AssertionError(f"acknowledged: {change()}")
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.UNAVAILABLE and str(server.data_dir) in error.details(), error
        assert "put back" in client.admin.GetServerInfo(admin_pb2.GetServerInfoRequest(), timeout=60).store_trouble
        assert metric(server, "mltrainer_store_read_only") == 1
        wait_until(lambda: "no change is accepted" in server.log_tail(), "a line about it")
        aside.rename(server.data_dir)
        wait_until(lambda: store_health(client) == health_pb2.HealthCheckResponse.SERVING, "the folder to be found")
        client.register("gone", "after")
        server.kill()
        server.start()
        with Client(server) as again:
            wait_until(lambda: again.try_register("gone", "later"), "the server to serve")
            there = {instance.key.id for instance in again.registry.ListInstances(registry_pb2.ListInstancesRequest(service="gone"), timeout=60).instances}
            assert there == {"before", "after", "later"}, there


@case
def s12_backups_while_it_writes_are_whole():
    with Server() as server, Client(server) as client, tempfile.TemporaryDirectory() as folder:
        stop, count = threading.Event(), [0]

        def write():
            with Client(server) as writer:
                while not stop.is_set():
                    writer.register("backup", f"i{count[0]}")
                    count[0] += 1

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for number in range(5):
                wait_until(lambda: count[0] > 20 * (number + 1), "some registrations")
                acknowledged = count[0]
                path = Path(folder, f"{number}.db")
                path.write_bytes(b"".join(part.chunk for part in client.admin.Backup(admin_pb2.BackupRequest(), timeout=60)))
                with contextlib.closing(sqlite3.connect(path)) as copy:
                    assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                restored = Path(folder, f"data{number}")
                restored.mkdir(mode=0o700)
                os.chmod(path, 0o600)
                path.rename(restored / "mltrainer.db")
                with Server(data_dir=restored) as second, Client(second) as reader:
                    reply = reader.registry.ListServices(registry_pb2.ListServicesRequest(), timeout=60)
                    held = {service.service: service.instance_count for service in reply.services}
                    assert held.get("backup", 0) >= acknowledged, f"{held} of {acknowledged}"
        finally:
            stop.set()
            thread.join()


ROWS = [word.lower() for word in sys.argv[1:]]
if ROWS:
    cases.CASES[:] = [function for function in cases.CASES if function.__name__.startswith(tuple(ROWS))]
    sys.argv[1:] = []
cases.main("process")
