# SPDX-License-Identifier: Apache-2.0
"""AdminService: peers that go away, reloads at once, what a killed server left behind."""
import os
import re
import shutil
import signal
import tempfile
import threading
import time
from pathlib import Path

import grpc
from cases import case, main, wait_until
from mltrainer.admin.v1 import admin_pb2, admin_pb2_grpc
from mltrainer.execution.v1 import execution_pb2_grpc, model_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc
from server import Server

STOP_S = 120  # the grace is an hour: who waits for a forgotten call takes longer


def fill_store(channel, instances=500):
    """More than a stream's window and send buffer hold, so that a backup has to wait for its reader."""
    registry = registry_pb2_grpc.RegistryServiceStub(channel)
    for i in range(instances):
        key = registry_pb2.InstanceKey(service="fill", id=f"i{i}")
        endpoint = registry_pb2.Endpoint(protocol="grpc", address="127.0.0.1", port=1000 + i)
        tags = [f"{i}-{j}-" + "x" * 50 for j in range(60)]
        registry.Register(registry_pb2.RegisterRequest(
            instance=registry_pb2.Instance(key=key, endpoints=[endpoint], tags=tags)))


@case
def a_backup_whose_reader_leaves_holds_up_no_stop():
    with Server("--drain-grace", "1h") as server:
        # a window that does not grow: the reader takes one message and leaves the rest
        channel = grpc.insecure_channel(server.address, [("grpc.http2.bdp_probe", 0),
                                                         ("grpc.http2.lookahead_bytes", 65535)])
        fill_store(channel)
        backup = admin_pb2_grpc.AdminServiceStub(channel).Backup(admin_pb2.BackupRequest())
        first = next(iter(backup))
        assert first.total_bytes > 1 << 20, f"only {first.total_bytes} bytes: the reader is never waited for"
        time.sleep(0.5)
        with grpc.insecure_channel(server.address) as other:
            info = admin_pb2_grpc.AdminServiceStub(other).GetServerInfo(admin_pb2.GetServerInfoRequest())
            assert info.active_calls == 2, f"{info.active_calls} calls: the backup waits for nobody"
        channel.close()
        began = time.monotonic()
    took = time.monotonic() - began
    assert took < STOP_S, f"stopping took {took:.1f} s"


@case
def a_grace_out_of_range_is_refused_and_a_fraction_kept():
    with Server() as server, grpc.insecure_channel(server.address) as channel:
        admin = admin_pb2_grpc.AdminServiceStub(channel)
        for wrong in ({"seconds": -1}, {"seconds": 3601}, {"nanos": -1}, {"nanos": 1000000000}, {"nanos": 2147483647},
                      {"seconds": 3600, "nanos": 1}):
            try:
                admin.Drain(admin_pb2.DrainRequest(grace=wrong))
                raise AssertionError(f"{wrong} was accepted")
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and "grace" in error.details(), error
        before = time.time_ns()
        deadline = admin.Drain(admin_pb2.DrainRequest(grace={"seconds": 1, "nanos": 900000000})).deadline.ToNanoseconds()
        assert before + 1.9e9 <= deadline <= time.time_ns() + 1.9e9, (before, deadline)
        channel.close()
        assert server.process.wait(STOP_S) == 0
        server.terminate = lambda: None  # it has ended by itself


@case
def of_two_reloads_at_once_the_later_reader_wins():
    """One reload has read the old configuration and is held up in the next file, a pipe; another one reads the new
    configuration and ends; then the first goes on. What it read must not come back."""
    build = Path(os.environ.get("MLT_BUILD", Path(__file__).resolve().parents[3] / "build/release"))
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder, "models")
        shutil.copytree(build / "share/mltrainer/models", models)
        config = Path(folder, "server.yaml")
        config.write_text(f"execution:\n  models_dir: {models}\n")
        ridge, later = models / "linear/ridge.yaml", models / "technical/sma.yaml"
        later_text = later.read_bytes()
        with Server("--config", str(config)) as server, grpc.insecure_channel(server.address) as channel:
            admin, execution = admin_pb2_grpc.AdminServiceStub(channel), execution_pb2_grpc.ExecutionServiceStub(channel)

            def description():
                return execution.GetModel(model_pb2.GetModelRequest(id="ridge")).model.description

            def reload():
                results = admin.Reload(admin_pb2.ReloadRequest()).results
                assert [(r.name, r.applied) for r in results] == [(name, True) for name in (
                    "configuration", "tls", "policy", "audit", "models")], results

            def reader_of(pipe):
                try:
                    return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
                except OSError:
                    return None
            later.unlink()
            os.mkfifo(later)
            early = threading.Thread(target=reload)
            early.start()
            pipe = wait_until(lambda: reader_of(later), "the first reload is in the pipe")
            for path, text in ((ridge, re.sub(r"(?m)^description:.*$", "description: New.", ridge.read_text()).encode()),
                               (later, later_text)):
                path.with_name("new").write_bytes(text)
                path.with_name("new").rename(path)
            reload()
            wait_until(lambda: description() == "New.", "the second reload counts")
            os.write(pipe, later_text)
            os.close(pipe)
            early.join()
            for _ in range(20):
                assert description() == "New."
                time.sleep(0.01)
            os.kill(server.pid, signal.SIGHUP)


@case
def what_a_killed_backup_left_is_swept():
    with tempfile.TemporaryDirectory() as folder:
        left = [Path(folder, ".backup-0x5555deadbeef"), Path(folder, ".backup-0x5555deadbeef-journal")]
        for path in left:
            path.write_bytes(b"half a copy")
        kept = Path(folder, "backup-of-mine.db")
        kept.write_bytes(b"mine")
        with Server(data_dir=folder) as server, grpc.insecure_channel(server.address) as channel:
            assert not any(path.exists() for path in left) and kept.exists()
            backup = admin_pb2_grpc.AdminServiceStub(channel).Backup(admin_pb2.BackupRequest())
            assert sum(len(message.chunk) for message in backup) > 0
            assert not list(Path(folder).glob(".backup-*"))


main("admin")
