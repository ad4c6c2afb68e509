# SPDX-License-Identifier: Apache-2.0
"""The real server when everything that it checks goes down at once, with few descriptors (row R11 of faults.md)."""
import os
import resource
import selectors
import socket
import sys
import threading
import time

import grpc
from google.protobuf import duration_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

import cases
from cases import case, wait_until
from server import Server

OWN = [("grpc.use_local_subchannel_pool", 1)]
FILES = 1024
COUNT, INTERVAL_S = (10000, 30) if os.environ.get("MLT_LONG") else (600, 2)
HURRIED_PER_S, AT_ONCE = 500, 512   # checks/schedule.h, checks/place.h
REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Target:
    """Every address of 127.0.0.0/8 on one port. It answers, or takes what comes and says nothing."""

    def __init__(self):
        self.answers, self.open, self.most_open, self.times = True, 0, 0, []
        self.selector = selectors.DefaultSelector()
        self.listener = socket.create_server(("0.0.0.0", 0), backlog=4096)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.ending = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.ending:
            for key, _ in self.selector.select(0.2):
                if key.fileobj is self.listener:
                    self.accept()
                else:
                    self.read(key.fileobj)

    def accept(self):
        try:
            connection, _ = self.listener.accept()
        except BlockingIOError:
            return
        connection.setblocking(False)
        self.selector.register(connection, selectors.EVENT_READ)
        self.open += 1
        self.most_open = max(self.most_open, self.open)

    def read(self, connection):
        try:
            request = connection.recv(4096)
        except ConnectionError:
            request = b""
        if not request:
            self.selector.unregister(connection)
            connection.close()
            self.open -= 1
            return
        self.times.append(time.monotonic())
        if self.answers:
            connection.send(REPLY)

    def stop(self):
        self.ending = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()


def register(registry, port, number):
    check = registry_pb2.Check(http=registry_pb2.HttpCheck(), interval=duration_pb2.Duration(seconds=INTERVAL_S),
                               timeout=duration_pb2.Duration(nanos=400000000))
    instance = registry_pb2.Instance(
        key=registry_pb2.InstanceKey(service=f"s{number % 10}", id=f"i{number}"), checks=[check],
        endpoints=[registry_pb2.Endpoint(address=f"127.1.{number // 250}.{number % 250 + 1}", port=port)],
        lease_ttl=duration_pb2.Duration())
    return registry.Register.future(registry_pb2.RegisterRequest(instance=instance), timeout=60)


def health(registry):
    services = registry.ListServices(registry_pb2.ListServicesRequest(namespace="default", page_size=1000), timeout=60).services
    return (sum(service.healthy_count for service in services), sum(service.unhealthy_count for service in services))


@case
def r11_all_targets_down_at_once_are_no_storm_and_cost_few_descriptors():
    target = Target()
    with Server() as server, grpc.insecure_channel(server.address, OWN) as channel:
        registry = registry_pb2_grpc.RegistryServiceStub(channel)
        for begin in range(0, COUNT, 200):
            calls = [register(registry, target.port, number) for number in range(begin, min(begin + 200, COUNT))]
            for call in calls:
                call.result()
        wait_until(lambda: health(registry) == (COUNT, 0), "all are healthy", 300)
        target.times.clear()
        since = time.monotonic()
        target.answers = False
        slowest, most_files = 0, 0
        until = time.monotonic() + 600
        while health(registry) != (0, COUNT):
            assert time.monotonic() < until, health(registry)
            began = time.monotonic()
            with grpc.insecure_channel(server.address, OWN) as fresh:   # others are served, and new ones let in
                registry_pb2_grpc.RegistryServiceStub(fresh).GetRegistryInfo(registry_pb2.GetRegistryInfoRequest(), timeout=60)
            slowest = max(slowest, time.monotonic() - began)
            most_files = max(most_files, server.fd_count())
        assert slowest < 30, slowest
        assert most_files < FILES * 0.8, most_files
        assert target.most_open <= FILES * 2 / 3, target.most_open
        # Of all that had come by then: what is read late because others had the cores is no storm.
        busiest = max((count + 1) / (at - since + 1) for count, at in enumerate(target.times))
        allowed = HURRIED_PER_S + COUNT / INTERVAL_S
        assert busiest < 1.5 * allowed, (busiest, allowed)
        target.answers = True
        wait_until(lambda: health(registry) == (COUNT, 0), "all are healthy again", 300)
        print(f"  {COUNT} down: at most {busiest:.0f} checks a second, {target.most_open} connections, {most_files} descriptors, "
              f"a fresh call took at most {slowest * 1e3:.0f} ms")
    target.stop()


ROWS = [word.lower() for word in sys.argv[1:]]
if ROWS:
    cases.CASES[:] = [function for function in cases.CASES if function.__name__.startswith(tuple(ROWS))]
    sys.argv[1:] = []
resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))   # the server's too
cases.main("checks")
