# SPDX-License-Identifier: Apache-2.0
"""Stock gRPC clients find and balance over real backends by xds:///, with a bootstrap file and no code of ours.

    scenario.py python|go|node...     one line a client and behaviour
"""
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

from cases import wait_until
from server import ROOT, Server

HERE = Path(__file__).resolve().parent
BUILT = ROOT / "build/interop"
CALL_S, SETTLE_S = 60, 180
CLIENTS = {
    "python": [sys.executable, str(HERE / "client.py")],
    "go": [str(BUILT / "go/bin/interop-xds")],
    "node": ["node", str(BUILT / "node/xds.mjs"), str(ROOT / "proto")],
}


class Backend:
    def __init__(self, world, service, name, *options):
        self.name = name
        command = [sys.executable, str(HERE / "backend.py"), world.server.address, service, name, *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        assert words and words[0] == "ready", f"backend {name} did not begin"
        self.port = int(words[1])

    def end(self, signal_number):
        self.process.send_signal(signal_number)
        self.process.wait(120)
        self.process.stdout.close()


class Client:
    """One process with its channels, which it keeps from question to question."""

    def __init__(self, command, bootstrap):
        environment = dict(os.environ, GRPC_XDS_BOOTSTRAP=str(bootstrap))
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        text=True, env=environment)

    def call(self, target, count=30, seconds=CALL_S):
        self.process.stdin.write(f"{target} {count} {seconds}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the client has ended"
        return json.loads(line)

    def said(self):
        self.errors.seek(0)
        return self.errors.read()[-4000:]

    def close(self):
        self.process.stdin.close()
        self.process.wait(120)
        self.process.stdout.close()
        self.errors.close()


class World:
    """A server, a client, and the backends that a behaviour starts."""

    def __init__(self, server, client):
        self.server, self.client, self.backends = server, client, {}
        self.registry = registry_pb2_grpc.RegistryServiceStub(grpc.insecure_channel(server.address))

    def start(self, service, name, *options):
        self.backends[name] = Backend(self, service, name, *options)

    def kill(self, name):
        self.backends.pop(name).end(signal.SIGKILL)

    def stop(self, name):
        self.backends.pop(name).end(signal.SIGTERM)

    def becomes(self, target, wanted, what, count=30):
        """Until every call is answered by one of @wanted, and each of them answers."""
        last = {}

        def settled():
            nonlocal last
            last = self.client.call(target, count)
            return set(last) == set(wanted)

        try:
            wait_until(settled, what, SETTLE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}; at last {last}") from None
        return last

    def close(self):
        for backend in self.backends.values():
            with contextlib.suppress(Exception):
                backend.end(signal.SIGKILL)


def balances_over_backends(world):
    world.start("orders", "b1")
    world.start("orders", "b2")
    world.becomes("xds:///orders", ["b1", "b2"], "both backends answer")
    shares = world.client.call("xds:///orders", 100)
    assert all(40 <= shares[name] <= 60 for name in ("b1", "b2")), f"round robin is even: {shares}"


def finds_one_that_joins(world):
    world.start("orders", "b3")
    world.becomes("xds:///orders", ["b1", "b2", "b3"], "the new backend answers too")


def leaves_one_that_dies(world):
    """Killed: calls go to the others at once (its connection is broken), and its lease runs out."""
    world.kill("b1")
    world.becomes("xds:///orders", ["b2", "b3"], "the dead one is left alone")
    key = registry_pb2.InstanceKey(service="orders", id="b1")

    def expired():
        try:
            world.registry.GetInstance(registry_pb2.GetInstanceRequest(key=key))
        except grpc.RpcError as error:
            return error.code() == grpc.StatusCode.NOT_FOUND
        return False

    wait_until(expired, "the lease of the dead one expires", SETTLE_S)
    seen = world.client.call("xds:///orders", 60)
    assert set(seen) == {"b2", "b3"}, seen


def heeds_draining(world):
    key = registry_pb2.InstanceKey(service="orders", id="b2")
    world.registry.SetOperatorState(registry_pb2.SetOperatorStateRequest(
        key=key, operator_state=registry_pb2.OPERATOR_STATE_DRAINING))
    world.becomes("xds:///orders", ["b3"], "the draining one gets no more calls")
    world.registry.SetOperatorState(registry_pb2.SetOperatorStateRequest(
        key=key, operator_state=registry_pb2.OPERATOR_STATE_ACTIVE))
    world.becomes("xds:///orders", ["b2", "b3"], "it is back in service")


def heeds_weights(world):
    """In one zone and across zones: 1 to 3 to 4 of the traffic."""
    world.start("orders", "heavy", "--weight", "300")
    world.start("orders", "far", "--weight", "400", "--zone", "east")
    world.stop("b3")
    world.becomes("xds:///orders", ["b2", "heavy", "far"], "all three answer", 60)
    shares = world.client.call("xds:///orders", 400)
    assert 20 <= shares["b2"] <= 80 and 100 <= shares["heavy"] <= 200 and 150 <= shares["far"] <= 250, shares
    for name in ("heavy", "far"):
        world.stop(name)
    world.becomes("xds:///orders", ["b2"], "the others have left")


def takes_a_namespace(world):
    world.start("orders", "in-prod", "--namespace", "prod")
    world.becomes("xds:///prod/orders", ["in-prod"], "the service of the namespace answers")
    seen = world.client.call("xds:///orders", 20)
    assert set(seen) == {"b2"}, f"namespaces are apart: {seen}"


def says_unavailable_of_the_unknown(world):
    """A client gives a listener that it has never had 15 s to appear, whatever we answer (gRFC A27)."""
    seen = world.client.call("xds:///nobody-knows", 1, seconds=3 * CALL_S)
    assert seen == {"UNAVAILABLE": 1}, seen


def follows_a_service_out_and_back(world):
    world.stop("b2")
    world.becomes("xds:///orders", ["UNAVAILABLE"], "no service, no calls", 3)
    world.start("orders", "again")
    world.becomes("xds:///orders", ["again"], "the service is back")


def goes_on_without_the_registry(world):
    """The registry is killed and comes back on its port: calls go on, and what changes then is seen."""
    address, server = world.server.address, world.server
    server.kill()
    seen = world.client.call("xds:///orders", 30)
    assert seen == {"again": 30}, seen
    server.start()
    assert server.address == address
    world.start("orders", "later")
    world.becomes("xds:///orders", ["again", "later"], "what joined after the restart answers")


BEHAVIOURS = [balances_over_backends, finds_one_that_joins, leaves_one_that_dies, heeds_draining, heeds_weights,
              takes_a_namespace, says_unavailable_of_the_unknown, follows_a_service_out_and_back,
              goes_on_without_the_registry]


def bootstrap_for(server, folder):
    """What mltctl prints is what clients are given."""
    mltctl = Path(os.environ.get("MLT_BUILD", ROOT / "build/release")) / "bin/mltctl"
    path = Path(folder) / "bootstrap.json"
    path.write_text(subprocess.run([mltctl, "--server", server.address, "registry", "xds-bootstrap"],
                                   check=True, capture_output=True, text=True).stdout)
    return path


def run(name):
    failed = False
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        client = Client(CLIENTS[name], bootstrap_for(server, folder))
        world = World(server, client)
        try:
            for behaviour in BEHAVIOURS:
                label = f"xds/{name}/{behaviour.__name__}"
                if failed:  # each begins where the one before it ended
                    print(f"not ok {label}", flush=True)
                    continue
                try:
                    behaviour(world)
                    print(f"ok {label}", flush=True)
                except Exception as error:
                    failed = True
                    print(f"{error}\n{client.said()}\n{server.log_tail()}\nnot ok {label}", flush=True)
        finally:
            world.close()
            client.close()


def is_listed_by_reflection():
    with Server() as server:
        listed = subprocess.run([BUILT / "go/bin/grpcurl", "-plaintext", server.address, "list",
                                 "envoy.service.discovery.v3.AggregatedDiscoveryService"],
                                check=True, capture_output=True, text=True).stdout.split()
        assert listed == ["envoy.service.discovery.v3.AggregatedDiscoveryService.StreamAggregatedResources"], listed


def main():
    try:
        is_listed_by_reflection()
        print("ok xds/is_listed_by_reflection", flush=True)
    except Exception as error:
        print(f"{error}\nnot ok xds/is_listed_by_reflection", flush=True)
    for name in sys.argv[1:] or CLIENTS:
        try:
            run(name)
            print(f"ok xds/{name}/server_stays_and_stops", flush=True)
        except Exception as error:
            print(f"{error}\nnot ok xds/{name}/server_stays_and_stops", flush=True)


if __name__ == "__main__":
    main()
