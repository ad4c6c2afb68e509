# SPDX-License-Identifier: Apache-2.0
"""A greeter that answers with its own name and keeps itself registered.

    backend.py REGISTRY_ADDRESS SERVICE ID [--namespace NS] [--zone ZONE] [--weight N]

Says "ready PORT" when it is registered; SIGTERM deregisters it; killed, it stays until its lease of 2 s has expired."""
import argparse
import signal
import threading
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from google.protobuf import duration_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

import helloworld_pb2
import helloworld_pb2_grpc

LEASE_S, HEARTBEAT_S = 3, 0.5


class Greeter(helloworld_pb2_grpc.GreeterServicer):
    def __init__(self, name):
        self.name = name

    def SayHello(self, request, context):
        return helloworld_pb2.HelloReply(message=self.name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("registry")
    parser.add_argument("service")
    parser.add_argument("id")
    parser.add_argument("--namespace", default="")
    parser.add_argument("--zone", default="")
    parser.add_argument("--weight", type=int, default=100)
    arguments = parser.parse_args()
    server = grpc.server(futures.ThreadPoolExecutor(4))
    helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(arguments.id), server)
    state = health.HealthServicer()
    state.set("", health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(state, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    registry = registry_pb2_grpc.RegistryServiceStub(grpc.insecure_channel(arguments.registry))
    key = registry_pb2.InstanceKey(namespace=arguments.namespace, service=arguments.service, id=arguments.id)
    instance = registry_pb2.Instance(
        key=key, zone=arguments.zone, weight=arguments.weight, lease_ttl=duration_pb2.Duration(seconds=LEASE_S),
        endpoints=[registry_pb2.Endpoint(address="127.0.0.1", port=port, protocol="grpc")])
    registry.Register(registry_pb2.RegisterRequest(instance=instance))
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    print("ready", port, flush=True)
    while not stopped.wait(HEARTBEAT_S):
        try:
            registry.Heartbeat(registry_pb2.HeartbeatRequest(key=key), timeout=30)
        except grpc.RpcError as error:  # the registry is away, or was for longer than the lease
            if error.code() == grpc.StatusCode.NOT_FOUND:
                registry.Register(registry_pb2.RegisterRequest(instance=instance))
    registry.Deregister(registry_pb2.DeregisterRequest(key=key))
    server.stop(0)


main()
