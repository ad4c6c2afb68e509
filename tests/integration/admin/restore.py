# SPDX-License-Identifier: Apache-2.0
"""AdminService.Restore: a running server goes back to a backup, whole or not at all."""
import hashlib
import signal
import socket
import sqlite3
import struct
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import grpc
from google.protobuf import duration_pb2
from cases import case, main, wait_until
from mltrainer.admin.v1 import admin_pb2, admin_pb2_grpc
from mltrainer.execution.v1 import execution_pb2_grpc, job_pb2, table_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc
from server import Server

CHUNK = 64 * 1024
ENDED = (job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_CANCELLED)


class Client:
    def __init__(self, server, token=None):
        self.channel = grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)])
        self.admin = admin_pb2_grpc.AdminServiceStub(self.channel)
        self.registry = registry_pb2_grpc.RegistryServiceStub(self.channel)
        self.execution = execution_pb2_grpc.ExecutionServiceStub(self.channel)
        self.with_token = {"metadata": [("authorization", f"Bearer {token}")]} if token else {}

    def register(self, id):
        endpoint = registry_pb2.Endpoint(protocol="grpc", address="127.0.0.1", port=1000)
        instance = registry_pb2.Instance(key=registry_pb2.InstanceKey(service="kept", id=id), endpoints=[endpoint],
                                         lease_ttl=duration_pb2.Duration(seconds=3600))
        self.registry.Register(registry_pb2.RegisterRequest(instance=instance), timeout=120)

    def ids(self):
        reply = self.registry.ListInstances(registry_pb2.ListInstancesRequest(service="kept"), timeout=120)
        return sorted(instance.key.id for instance in reply.instances)

    def submit(self, request_id):
        values = table_pb2.DoubleValues(values=[100 + i % 7 for i in range(200)])
        table = table_pb2.Table(columns=[table_pb2.Column(name="close", doubles=values)])
        spec = job_pb2.JobSpec(compute=job_pb2.ComputeSpec(model="rsi", data=table_pb2.DataReference(table=table)))
        return self.execution.SubmitJob(job_pb2.SubmitJobRequest(spec=spec, request_id=request_id), timeout=120).job.id

    def state(self, job):
        return self.execution.GetJob(job_pb2.GetJobRequest(id=job), timeout=120).job.state

    def backup(self):
        messages = list(self.admin.Backup(admin_pb2.BackupRequest(), timeout=300, **self.with_token))
        whole = b"".join(message.chunk for message in messages)
        assert messages[-1].sha256 == hashlib.sha256(whole).hexdigest() and not any(m.sha256 for m in messages[:-1])
        assert all(message.total_bytes == len(whole) for message in messages)
        return whole

    def restore(self, whole, sha256=""):
        first = [admin_pb2.RestoreRequest(sha256=sha256)] if sha256 else []
        chunks = (admin_pb2.RestoreRequest(chunk=whole[i:i + CHUNK]) for i in range(0, len(whole), CHUNK))
        return self.admin.Restore(iter([*first, *chunks]), timeout=300, **self.with_token).revision

    def info(self):
        return self.admin.GetServerInfo(admin_pb2.GetServerInfoRequest(), wait_for_ready=True, timeout=300, **self.with_token)

    def wait_restored(self):
        """Once it serves again; while it drains it says so, or is away."""
        def look():
            try:
                info = self.info()
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                return None
            return None if info.draining else info
        return wait_until(look, "the server to serve again")


@contextmanager
def client_of(server, token=None):
    client = Client(server, token)
    yield client
    client.channel.close()


def refused(call, code):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, error
        return error.details()
    raise AssertionError("it was accepted")


@contextmanager
def edited(whole):
    """The backup as a database that can be written to; what it has become is in the list afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path, after = Path(folder, "copy.db"), []
        path.write_bytes(whole)
        database = sqlite3.connect(path)
        yield database, after
        database.commit()
        database.close()
        after.append(path.read_bytes())


@case
def a_running_server_goes_back_and_everybody_is_told():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(folder + "/notify")
        systemd.settimeout(300)
        with Server(environment={"NOTIFY_SOCKET": folder + "/notify"}) as server, client_of(server) as client:
            assert systemd.recv(200) == b"READY=1"
            client.register("before")
            job = client.submit("before")
            wait_until(lambda: client.state(job) in ENDED, "the job")
            whole = client.backup()
            client.register("after")
            lost = client.submit("after")
            watch = client.registry.Watch(registry_pb2.WatchRequest())
            seen = next(watch)
            revision = client.restore(whole, hashlib.sha256(whole).hexdigest())
            refused(lambda: [_ for _ in watch], grpc.StatusCode.UNAVAILABLE)
            info = client.wait_restored()
            assert info.restored_revision == revision and info.store_revision >= revision
            assert info.process_id == server.pid and list(info.listen_addresses) == [server.address]
            assert client.ids() == ["before"] and client.state(job) == job_pb2.JOB_STATE_SUCCEEDED
            refused(lambda: client.state(lost), grpc.StatusCode.NOT_FOUND)
            assert client.submit("before") == job
            again = registry_pb2.WatchRequest(after_revision=seen.revision, epoch=seen.epoch)
            refused(lambda: next(client.registry.Watch(again)), grpc.StatusCode.OUT_OF_RANGE)
            assert systemd.recv(200).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert systemd.recv(200) == b"READY=1"
            client.register("new")
            assert client.restore(client.backup()) > revision
            assert client.wait_restored().restored_revision > revision and client.ids() == ["before", "new"]


@case
def what_is_no_backup_changes_nothing():
    with Server("--store-restore-limit", "1MiB") as server, client_of(server) as client:
        client.register("one")
        whole = client.backup()
        client.register("two")
        bad, newer = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION
        with edited(whole) as (database, after):
            database.execute("PRAGMA user_version = 99")
        assert "newer" in refused(lambda: client.restore(after[0]), newer)
        assert "cut short" in refused(lambda: client.restore(whole[:-1]), bad)
        refused(lambda: client.restore(whole[:len(whole) // 2]), bad)
        assert "not a database" in refused(lambda: client.restore(b"x" * 10000), bad)
        assert "nothing came" in refused(lambda: client.restore(b""), bad)
        assert "SHA-256" in refused(lambda: client.restore(whole, "0" * 64), bad)
        assert "sha256" in refused(lambda: client.restore(whole, "nonsense"), bad)
        assert "store.restore_limit" in refused(lambda: client.restore(b"x" * ((1 << 20) + 1)), grpc.StatusCode.RESOURCE_EXHAUSTED)
        huge = iter([admin_pb2.RestoreRequest(chunk=b"x" * ((1 << 20) + 1))])
        assert "chunk" in refused(lambda: client.admin.Restore(huge, timeout=300), bad)
        flipped = bytearray(whole)
        flipped[whole.index(b"one")] ^= 1
        refused(lambda: client.restore(bytes(flipped)), bad)
        assert client.ids() == ["one", "two"] and client.info().restored_revision == 0
        wait_until(lambda: not list(server.data_dir.glob(".restore-*")), "what came to be removed")
        server.assert_same_process()


@case
def of_two_at_once_one_is_refused():
    with Server() as server, client_of(server) as client, client_of(server) as other:
        whole = client.backup()
        held = []

        def chunks():
            yield admin_pb2.RestoreRequest(chunk=whole[:1000])
            wait_until(lambda: held, "the other one")
        first = client.admin.Restore.future(chunks(), timeout=300)
        wait_until(lambda: list(server.data_dir.glob(".restore-*")), "the first to begin")
        refused(lambda: other.restore(whole), grpc.StatusCode.ABORTED)
        first.cancel()
        held.append(True)
        wait_until(lambda: not list(server.data_dir.glob(".restore-*")), "the first to be gone")
        wait_until(lambda: accepted(other, whole), "the second to be accepted")
        other.wait_restored()


def accepted(client, whole):
    """The first one's place is free once its call is."""
    try:
        return client.restore(whole)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.ABORTED, error
        return None


@case
def a_kill_leaves_one_or_the_other():
    """Before the answer what was there, after it what is in the backup, whatever the server was at."""
    server = Server().start()
    try:
        with client_of(server) as client:
            client.register("before")
            whole = client.backup()
            client.register("after")

            def half():
                yield admin_pb2.RestoreRequest(chunk=whole[:len(whole) // 2])
                wait_until(lambda: server.process.poll() is not None, "the kill")
            call = client.admin.Restore.future(half(), timeout=300)
            wait_until(lambda: any(path.stat().st_size for path in server.data_dir.glob(".restore-*")), "half of it")
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            assert call.exception(300) is not None
        server.start()
        assert not list(server.data_dir.glob(".restore-*"))
        with client_of(server) as client:
            assert client.ids() == ["after", "before"]
            client.restore(whole)
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
        server.start()
        with client_of(server) as client:
            assert client.ids() == ["before"] and client.info().restored_revision > 0
        server.terminate()
    finally:
        server.kill()
        server.remove()


@case
def a_backup_that_nothing_starts_from_is_taken_back():
    with Server() as server, client_of(server) as client:
        client.register("before")
        with edited(client.backup()) as (database, after):
            key, value, revision = b"registry/state", b"\xff\xff\xff", 1
            crc = zlib.crc32(value, zlib.crc32(key, zlib.crc32(struct.pack("<Q", revision))))
            database.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", (key, value, revision, crc))
        client.register("after")
        client.restore(after[0])
        assert client.wait_restored().restored_revision == 0
        assert client.ids() == ["after", "before"] and "going back" in server.log_tail(100)
        assert Path(server.data_dir, "mltrainer.db.refused").exists()


@case
def tokens_are_what_they_were():
    with Server("--access-mode", "token") as server:
        first = Path(server.data_dir, "bootstrap-token").read_text().strip()
        with client_of(server, first) as client:
            root = client.admin.CreateToken(admin_pb2.CreateTokenRequest(identity="root", roles=["admin"]), **client.with_token)
        with client_of(server, root.secret) as client:
            def make(name):
                return client.admin.CreateToken(admin_pb2.CreateTokenRequest(identity=name, roles=["viewer"]), **client.with_token)
            revoked = make("revoked")
            whole = client.backup()
            fresh = make("fresh")
            client.admin.RevokeToken(admin_pb2.RevokeTokenRequest(token_id=revoked.token.token_id), **client.with_token)
            with client_of(server, fresh.secret) as viewer:
                refused(lambda: viewer.restore(whole), grpc.StatusCode.PERMISSION_DENIED)
            client.restore(whole)
            assert client.wait_restored().restored_revision > 0
        with client_of(server, fresh.secret) as viewer:
            viewer.info()
        with client_of(server, revoked.secret) as viewer:
            refused(viewer.info, grpc.StatusCode.UNAUTHENTICATED)


main("admin")
