# SPDX-License-Identifier: Apache-2.0
"""What the cases share: the services of one server, and instances to look at."""
import contextlib
import re
import threading
from pathlib import Path

import grpc
from cases import wait_until
from mltrainer.diagram.v1 import diagram_pb2 as pb
from mltrainer.diagram.v1 import diagram_pb2_grpc
from mltrainer.execution.v1 import execution_pb2_grpc
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc
from workers import children

HOLD_S = 300  # a call that hangs fails its test


class Client:
    def __init__(self, server):
        self.server = server

    def __enter__(self):
        self.channel = grpc.insecure_channel(self.server.address)
        self.diagram = diagram_pb2_grpc.DiagramServiceStub(self.channel)
        self.registry = registry_pb2_grpc.RegistryServiceStub(self.channel)
        self.execution = execution_pb2_grpc.ExecutionServiceStub(self.channel)
        return self

    def __exit__(self, *_):
        self.channel.close()

    def wait_for_itself(self):
        """Until the server has registered itself and its pools: from then on live views stand still."""
        request = registry_pb2.ListInstancesRequest(namespace="mltrainer", filter=registry_pb2.InstanceFilter(
            states=[registry_pb2.HEALTH_STATE_HEALTHY]))
        wait_until(lambda: len(self.registry.ListInstances(request, timeout=HOLD_S).instances) == 3, "the server knows itself")

    def render(self, **drawing):
        return self.diagram.Render(pb.RenderRequest(drawing=pb.Drawing(**drawing)), timeout=HOLD_S)

    def stream(self, **drawing):
        request = pb.RenderStreamRequest(drawing=pb.Drawing(**drawing))
        return list(self.diagram.RenderStream(request, timeout=HOLD_S))

    def refused(self, code, **drawing):
        """Its error's text; it must have @code."""
        return refused(code, lambda: self.render(**drawing))

    def register(self, service, instance="a", checked=False, tags=()):
        key = registry_pb2.InstanceKey(service=service, id=instance)
        made = registry_pb2.Instance(key=key, tags=tags,
                                     endpoints=[registry_pb2.Endpoint(protocol="grpc", address="127.0.0.1", port=1)])
        made.lease_ttl.seconds = 3600
        if checked:
            made.checks.add(ttl=registry_pb2.TtlCheck(), rise=1, fall=1).interval.seconds = 3600
        self.registry.Register(registry_pb2.RegisterRequest(instance=made), timeout=HOLD_S)
        if checked:
            self.report(service, instance, True)

    def report(self, service, instance, passing, wait=True):
        """Say how the instance's check went, and wait until the registry shows it."""
        key = registry_pb2.InstanceKey(service=service, id=instance)
        self.registry.Heartbeat(registry_pb2.HeartbeatRequest(
            key=key, reports=[registry_pb2.CheckReport(name="ttl", passing=passing)]), timeout=HOLD_S)
        state = registry_pb2.HEALTH_STATE_HEALTHY if passing else registry_pb2.HEALTH_STATE_UNHEALTHY

        def shown():
            request = registry_pb2.GetInstanceRequest(key=key)
            return self.registry.GetInstance(request, timeout=HOLD_S).instance.status.state == state
        if wait:
            wait_until(shown, f"{service}/{instance} passes: {passing}")

    def deregister(self, service, instance="a"):
        key = registry_pb2.InstanceKey(service=service, id=instance)
        self.registry.Deregister(registry_pb2.DeregisterRequest(key=key), timeout=HOLD_S)

    def renderer_pids(self):
        """The renderer processes of this server."""
        return sorted(pid for pid, name in children(self.server.pid).items() if name.startswith("mltrainer-rende"))


class Watch:
    """A watcher that reads as messages come, on a thread of its own."""

    def __init__(self, client, view, **request):
        self.call = client.diagram.Watch(pb.WatchRequest(view=view, **request), timeout=HOLD_S)
        self.messages, self.error = [], None
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for message in self.call:
                with self.changed:
                    self.messages.append(message)
                    self.changed.notify_all()
        except grpc.RpcError as error:
            self.error = error
        with self.changed:
            self.changed.notify_all()

    def wait(self, condition, what):
        """Wait until @condition is true of the messages so far; its value."""
        with self.changed:
            self.changed.wait_for(lambda: condition(self.messages) or self.error, timeout=HOLD_S)
            value = condition(self.messages)
        assert value, f"{what}: {self.error or [m.WhichOneof('change') for m in self.messages]}"
        return value

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.call.cancel()
        self.thread.join(HOLD_S)


def threads(pid):
    """Thread ids by name; the diagram loop's is "diagram"."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):   # one that has ended meanwhile
            found[(task / "comm").read_text().strip()] = int(task.name)
    return found


def refused(code, call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()} instead of {code}: {error.details()}"
        return error.details()
    raise AssertionError(f"accepted; {code} was to be")


def item(svg, name):
    """The drawn item whose title is @name: (id, health class, detail line)."""
    found = re.search(rf'<g id="item-[^"]*" data-id="([^"]*)"(?:(?!</g>).)*>{re.escape(name)}</text>.*?</g>', svg, re.S)
    assert found, f"{name} is not in the picture"
    dot = re.search(r'class="(?:dot|ring) (\w+)"', found[0])
    detail = re.search(r'class="detail[^>]*>([^<]*)<', found[0])
    return found[1], dot and dot[1], detail and detail[1]
