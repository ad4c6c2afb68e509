# SPDX-License-Identifier: Apache-2.0
"""AdminService where a peer goes away."""
import sys
import time
import traceback

import grpc
from mltrainer.admin.v1 import admin_pb2, admin_pb2_grpc
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc
from server import Server

STOP_S = 10  # the grace of a drain is 30 s: who waits for a forgotten call takes longer


def fill_store(channel, instances=500):
    """More than a stream's window and send buffer hold, so that a backup has to wait for its reader."""
    registry = registry_pb2_grpc.RegistryServiceStub(channel)
    for i in range(instances):
        key = registry_pb2.InstanceKey(service="fill", id=f"i{i}")
        endpoint = registry_pb2.Endpoint(protocol="grpc", address="127.0.0.1", port=1000 + i)
        tags = [f"{i}-{j}-" + "x" * 50 for j in range(60)]
        registry.Register(registry_pb2.RegisterRequest(
            instance=registry_pb2.Instance(key=key, endpoints=[endpoint], tags=tags)))


def a_backup_whose_reader_leaves_holds_up_no_stop():
    with Server() as server:
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


failed = 0
for case in (a_backup_whose_reader_leaves_holds_up_no_stop,):
    try:
        case()
        print(f"ok integration/admin/{case.__name__}")
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print(f"not ok integration/admin/{case.__name__}")
        failed = 1
sys.exit(failed)
