# SPDX-License-Identifier: Apache-2.0
"""Networks that behave badly (N01 to N05, N08 and N10 of faults.md): network.py [NAME…] runs the tests whose names begin so. Our own
client (mltctl) and grpcio call the real server through proxy.py."""
import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import traceback
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from mltrainer.admin.v1 import admin_pb2, admin_pb2_grpc
from mltrainer.execution.v1 import execution_pb2_grpc, dataset_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

from proxy import Proxy, Weather
from server import Server

PATIENCE_S = 120
BUILD = Path(os.environ["MLT_BUILD"])
# Each test wants a connection of its own, not the one that grpcio keeps for its target.
OWN = [("grpc.use_local_subchannel_pool", 1)]


def mltctl(address, *arguments, code=0):
    command = [str(BUILD / "bin/mltctl"), "--server", address, "-o", "json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == code, f"{command} ended with {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def check(address):
    with grpc.insecure_channel(address, OWN) as channel:
        reply = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)
    assert reply.status == health_pb2.HealthCheckResponse.SERVING


def upload(address, name, size_bytes):
    """A dataset by stream, through grpcio. Returns its number of rows."""
    row = b"1.25,2.5,3.75,17\n"
    rows = size_bytes // len(row)
    body = b"a,b,c,d\n" + row * rows

    def chunks():
        header = dataset_pb2.UploadDatasetHeader(name=name, format=dataset_pb2.DATASET_FORMAT_CSV)
        yield dataset_pb2.UploadDatasetRequest(header=header)
        for at in range(0, len(body), 65536):
            yield dataset_pb2.UploadDatasetRequest(chunk=body[at:at + 65536])

    with grpc.insecure_channel(address, OWN) as channel:
        reply = execution_pb2_grpc.ExecutionServiceStub(channel).UploadDataset(chunks(), timeout=PATIENCE_S)
    assert reply.dataset.row_count == rows, f"{reply.dataset.row_count} rows of {rows}"
    return rows


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.05)


def n01_latency_jitter_and_lost_segments(server):
    far = lambda: Weather(delay_s=0.1, jitter_s=0.05, stall_every=20)  # 200 ms and more there and back, 5 % sent again
    with Proxy(server.port, far, far) as proxy:
        check(proxy.address)
        upload(proxy.address, "far", 300_000)
        assert '"ridge"' in mltctl(proxy.address, "models", "ls")
        mltctl(proxy.address, "registry", "register", "far/a", "127.0.0.1:9000", "--ttl", "60")
        assert "127.0.0.1" in mltctl(proxy.address, "registry", "discover", "far")


def n02_a_slow_link_pushes_back_to_who_produces(server):
    """A backup of some megabytes over 100 kbit/s: it waits in the store, not in the server's memory."""
    with grpc.insecure_channel(server.address, OWN) as channel:
        registry = registry_pb2_grpc.RegistryServiceStub(channel)
        for i in range(500):
            key = registry_pb2.InstanceKey(service="slow", id=f"i{i}")
            endpoint = registry_pb2.Endpoint(protocol="grpc", address="127.0.0.1", port=1000 + i)
            registry.Register(registry_pb2.RegisterRequest(instance=registry_pb2.Instance(
                key=key, endpoints=[endpoint], tags=[f"{i}-{j}-" + "x" * 50 for j in range(60)])))
    before = server.rss_bytes()
    with Proxy(server.port, down=lambda: Weather(bytes_per_s=12500, piece=1024)) as proxy:
        with grpc.insecure_channel(proxy.address, OWN) as channel:
            stream = admin_pb2_grpc.AdminServiceStub(channel).Backup(admin_pb2.BackupRequest())
            first = next(iter(stream))
            assert first.total_bytes > 1 << 20
            began, slow = time.monotonic(), proxy.passed_bytes()
            wait_for(lambda: proxy.passed_bytes() > slow + 25000, "the link to pass 25 kB")
            assert time.monotonic() - began > 1, "the link is not slow"
            check(server.address)
            grown = server.rss_bytes() - before
            assert grown < 8 << 20, f"the server holds {grown} bytes more"
            stream.cancel()


def n03_silence_is_noticed_by_both_sides(server):
    """The server by its keepalive, the client by its deadline."""
    with Proxy(server.port) as proxy, grpc.insecure_channel(proxy.address, OWN) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        next(watch)
        connections = active_streams(server)
        assert connections == 1, f"{connections} watches"
        proxy.go_silent()
        wait_for(lambda: active_streams(server) == 0, "the server to give up the silent client")
        began = time.monotonic()
        try:
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=2)
            raise AssertionError("silence answered")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
        assert 1.9 < time.monotonic() - began < PATIENCE_S
        mltctl(proxy.address, "--timeout", "2", "models", "ls", code=68)
        watch.cancel()


def active_streams(server):
    """Calls but the one that asks."""
    with grpc.insecure_channel(server.address, OWN) as channel:
        info = admin_pb2_grpc.AdminServiceStub(channel).GetServerInfo(admin_pb2.GetServerInfoRequest(), timeout=PATIENCE_S)
    return info.active_calls - 1


def n03_silence_one_way(server):
    for way in ("up", "down"):
        deaf = lambda: Weather(drop_after=0)
        with Proxy(server.port, **{way: deaf}) as proxy:
            mltctl(proxy.address, "--timeout", "1", "models", "ls", code=68)
    check(server.address)


def n04_resets_anywhere(server):
    """A connection that is reset after any number of bytes fails its calls with UNAVAILABLE, and only these."""
    for way in ("up", "down"):
        for at in list(range(0, 200, 7)) + [1000, 5000]:
            weather = lambda: Weather(reset_after=at)
            with Proxy(server.port, **{way: weather}) as proxy:
                command = [str(BUILD / "bin/mltctl"), "--server", proxy.address, "--timeout", "5", "models", "ls"]
                done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
                assert done.returncode in (0, 68, 78), f"{way} {at}: {done.returncode} {done.stderr}"
    wait_for(lambda: active_streams(server) == 0, "the calls of connections that were reset to be gone")


def n04_half_closed_connections(server):
    """FIN from the client after its request: the server, as gRPC's do, takes the connection for closed and stops."""
    with Proxy(server.port, up=lambda: Weather(finish_after=400)) as proxy:
        command = [str(BUILD / "bin/mltctl"), "--server", proxy.address, "--timeout", "5", "models", "ls"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
        assert done.returncode in (0, 68, 78), f"{done.returncode} {done.stderr}"
    wait_for(lambda: active_streams(server) == 0, "the calls of the half-closed connection to be gone")


def n05_any_splitting_gives_the_same(server):
    whole = mltctl(server.address, "models", "ls")
    for piece in (1, 2, 3, 7, 100):
        split = lambda: Weather(piece=piece)
        with Proxy(server.port, split, split) as proxy:
            assert mltctl(proxy.address, "models", "ls") == whole
            check(proxy.address)
            upload(proxy.address, f"split{piece}", 2000 * piece)


def n08_everybody_comes_back_at_once(server):
    """Thousands of clients that were cut off by kill -9 and all want to renew: 10,000 with MLT_LONG."""
    clients = 9000 if os.environ.get("MLT_LONG") else 1000
    command = [str(BUILD / "bin/registry_load"), "storm", "--target", server.address, "--connections", str(clients)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
        first = json.loads(load.stdout.readline())
        server.kill()
        load.stdin.write("again\n")
        load.stdin.flush()
        server.start()
        again = json.loads(load.stdout.readline())
        assert load.wait(PATIENCE_S) == 0
    for figures in (first, again):
        assert figures["clients"] == clients and figures["refused"] == 0, figures
        assert figures["last_ms"] < 60000, figures


KEEPERS = {  # the lease is 6 s, so that a heartbeat is due each 2 s
    "library": lambda address: [str(BUILD / "tests/keeper_process"), address, "kept", "library", "6000", "1"],
    "mltctl": lambda address: [str(BUILD / "bin/mltctl"), "--server", address, "registry", "register", "kept/mltctl",
                               "127.0.0.1:8080", "--ttl", "6", "--keep"]}


def n10_keepers_get_over_a_connection_that_nobody_ends(server):
    """Packets vanish, both ways, and nobody is told: each keeper connects anew, and is there."""
    with grpc.insecure_channel(server.address, OWN) as channel, Proxy(server.port) as proxy, contextlib.ExitStack() as stack:
        registry = registry_pb2_grpc.RegistryServiceStub(channel)

        def kept():
            request = registry_pb2.ListInstancesRequest(service="kept")
            return {instance.key.id for instance in registry.ListInstances(request, timeout=PATIENCE_S).instances}

        for command in KEEPERS.values():
            keeper = stack.enter_context(subprocess.Popen(command(proxy.address), stdin=subprocess.PIPE,
                                                          stdout=subprocess.DEVNULL))
            stack.callback(keeper.kill)
        wait_for(lambda: kept() == KEEPERS.keys(), "both to be registered")
        before = proxy.forget()

        def anew():
            fresh = proxy.connections[before:]
            return len(fresh) >= len(KEEPERS) and all(lane.passed for connection in fresh for lane in connection.lanes)

        wait_for(anew, "both to connect anew")
        wait_for(lambda: kept() == KEEPERS.keys(), "both to be there again")


def main():
    tests = [value for name, value in globals().items() if name.startswith(("n0", "n1"))
             and (not sys.argv[1:] or name.startswith(tuple(word.lower() for word in sys.argv[1:])))]
    lock = threading.Lock()

    def run(server, test):
        try:
            test(server)
            text = f"ok network/{test.__name__}"
        except Exception:
            text = f"{traceback.format_exc()}not ok network/{test.__name__}"
        with lock:
            print(text, flush=True)

    # Elsewhere a peer that is slow to answer, for others have the cores, is not to be given up.
    keepalive = ("--limits-keepalive-time", "1s", "--limits-keepalive-timeout", "2s")
    for test in tests:
        flags = keepalive if test.__name__.startswith(("n03", "n10")) else ()
        with Server(*flags, "--log-level", "error") as server:
            run(server, test)


main()
