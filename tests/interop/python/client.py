# SPDX-License-Identifier: Apache-2.0
"""The Python column of the matrix: grpcio with stubs by grpc_tools.protoc.   client.py ADDRESS SERVER_PID"""
import hashlib
import queue
import sys
import time
import traceback
import uuid

import grpc
from google.protobuf import descriptor_pool, duration_pb2, message_factory
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status
from mltrainer.admin.v1 import admin_pb2, admin_pb2_grpc
from mltrainer.diagram.v1 import diagram_pb2, diagram_pb2_grpc
from mltrainer.execution.v1 import dataset_pb2, execution_pb2_grpc, model_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

EFFECT_S = 120
CELLS = []


def cell(function):
    CELLS.append(function)
    return function


class Client:
    def __init__(self, address, pid):
        self.channel = grpc.insecure_channel(address)
        self.pid = pid
        self.registry = registry_pb2_grpc.RegistryServiceStub(self.channel)
        self.execution = execution_pb2_grpc.ExecutionServiceStub(self.channel)
        self.diagram = diagram_pb2_grpc.DiagramServiceStub(self.channel)
        self.admin = admin_pb2_grpc.AdminServiceStub(self.channel)
        self.health = health_pb2_grpc.HealthStub(self.channel)

    def register(self, service):
        instance = registry_pb2.Instance(
            key=registry_pb2.InstanceKey(service=service, id=uuid.uuid4().hex),
            endpoints=[registry_pb2.Endpoint(address="192.0.2.1", port=8080)],
            lease_ttl=duration_pb2.Duration(seconds=60))
        return self.registry.Register(registry_pb2.RegisterRequest(instance=instance), timeout=60).instance

    def watchers(self):
        return self.registry.GetRegistryInfo(registry_pb2.GetRegistryInfoRequest(), timeout=60).watcher_count

    def active_calls(self):
        return self.admin.GetServerInfo(admin_pb2.GetServerInfoRequest(), timeout=60).active_calls


def becomes(what, wanted):
    """The effect on the server comes soon: poll for it."""
    deadline, seen = time.monotonic() + EFFECT_S, None
    while time.monotonic() < deadline:
        seen = what()
        if seen == wanted:
            return
        time.sleep(0.02)
    raise AssertionError(f"{wanted!r} never came, at last {seen!r}")


def fails_with(code, call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, error
        return error
    raise AssertionError(f"it did not fail with {code}")


@cell
def reflection(client):
    """The descriptors that the server tells make a working client, without our .proto."""
    database = ProtoReflectionDescriptorDatabase(client.channel)
    services = database.get_services()
    for name in ("mltrainer.registry.v1.RegistryService", "mltrainer.execution.v1.ExecutionService",
                 "mltrainer.diagram.v1.DiagramService", "mltrainer.admin.v1.AdminService", "grpc.health.v1.Health"):
        assert name in services, services
    pool = descriptor_pool.DescriptorPool(database)
    method = pool.FindServiceByName("mltrainer.admin.v1.AdminService").FindMethodByName("GetServerInfo")
    request, response = map(message_factory.GetMessageClass, (method.input_type, method.output_type))
    call = client.channel.unary_unary("/mltrainer.admin.v1.AdminService/GetServerInfo",
                                      request_serializer=request.SerializeToString,
                                      response_deserializer=response.FromString)
    assert call(request(), timeout=60).process_id == client.pid


@cell
def unary_registry(client):
    made = client.register("python-unary")
    assert made.owner == "anonymous" and made.weight == 100 and made.incarnation > 0, made
    found = client.registry.Discover(registry_pb2.DiscoverRequest(service="python-unary"), timeout=60)
    assert [i.key.id for i in found.instances] == [made.key.id] and found.candidate_count == 1, found


@cell
def unary_execution(client):
    models = client.execution.ListModels(model_pb2.ListModelsRequest(page_size=1000), timeout=60).models
    assert "ridge" in [model.id for model in models], models
    ridge = client.execution.GetModel(model_pb2.GetModelRequest(id="ridge"), timeout=60).model
    assert not ridge.unavailable and any(parameter.name == "alpha" for parameter in ridge.parameters), ridge


@cell
def unary_diagram(client):
    views = client.diagram.ListViews(diagram_pb2.ListViewsRequest(), timeout=60).views
    assert "system-overview" in [view.id for view in views], views
    drawing = diagram_pb2.Drawing(view="system-overview", format=diagram_pb2.FORMAT_SVG)
    picture = client.diagram.Render(diagram_pb2.RenderRequest(drawing=drawing), timeout=120)
    assert picture.info.media_type == "image/svg+xml" and picture.info.size_bytes == len(picture.content), picture.info
    assert b"<svg" in picture.content[:400] and picture.content.rstrip().endswith(b"</svg>")


@cell
def unary_admin(client):
    info = client.admin.GetServerInfo(admin_pb2.GetServerInfoRequest(), timeout=60)
    assert info.process_id == client.pid and info.active_calls >= 1 and info.start_time.seconds > 0, info


@cell
def unary_health(client):
    reply = client.health.Check(health_pb2.HealthCheckRequest(), timeout=60)
    assert reply.status == health_pb2.HealthCheckResponse.SERVING
    fails_with(grpc.StatusCode.NOT_FOUND,
               lambda: client.health.Check(health_pb2.HealthCheckRequest(service="no.such.Service"), timeout=60))


@cell
def server_streaming(client):
    """A picture in chunks, whole."""
    drawing = diagram_pb2.Drawing(view="system-overview", format=diagram_pb2.FORMAT_PNG, dpi=300)
    parts = list(client.diagram.RenderStream(diagram_pb2.RenderStreamRequest(drawing=drawing), timeout=120))
    picture = b"".join(part.chunk for part in parts)
    assert len(parts) > 1 and parts[0].info.size_bytes == len(picture) and not parts[1].HasField("info")
    assert picture.startswith(b"\x89PNG\r\n\x1a\n") and picture.endswith(b"IEND\xaeB`\x82")


@cell
def client_streaming(client):
    """An upload in chunks that cut lines anywhere."""
    csv = "day,close\n" + "".join(f"2024-01-{1 + i % 28:02},{100 + i / 8}\n" for i in range(2000))
    data = csv.encode()

    def messages():
        header = dataset_pb2.UploadDatasetHeader(name="python-stream", sha256=hashlib.sha256(data).hexdigest())
        yield dataset_pb2.UploadDatasetRequest(header=header)
        for at in range(0, len(data), 777):
            yield dataset_pb2.UploadDatasetRequest(chunk=data[at:at + 777])

    dataset = client.execution.UploadDataset(messages(), timeout=120).dataset
    assert dataset.row_count == 2000 and dataset.size_bytes == len(data), dataset
    assert dataset.sha256 == hashlib.sha256(data).hexdigest()
    assert [column.name for column in dataset.columns] == ["day", "close"]


def heartbeats(client, **arguments):
    """A HeartbeatStream whose requests come from a queue; None ends it."""
    requests = queue.Queue()
    return requests, client.registry.HeartbeatStream(iter(requests.get, None), **arguments)


def heartbeat(key, **arguments):
    return registry_pb2.HeartbeatStreamRequest(heartbeat=registry_pb2.HeartbeatRequest(key=key), **arguments)


@cell
def bidi_streaming(client):
    """Ping-pong: each answer comes before the next request is sent."""
    here, absent = client.register("python-bidi").key, registry_pb2.InstanceKey(service="python-bidi", id="absent")
    requests, responses = heartbeats(client, timeout=120)
    for key, code in ((here, 0), (absent, 5), (here, 0)):
        requests.put(heartbeat(key))
        response = next(responses)
        assert response.code == code and response.key.id == key.id, response
    requests.put(None)
    assert list(responses) == [] and responses.code() == grpc.StatusCode.OK


@cell
def cancel(client):
    """The server sees it: the watcher goes, and an instance with a lease of 60 s that hung on the stream goes."""
    watchers, calls = client.watchers(), client.active_calls()
    watch = client.registry.Watch(registry_pb2.WatchRequest())
    assert next(watch).snapshot.first
    becomes(client.watchers, watchers + 1)
    watch.cancel()
    fails_with(grpc.StatusCode.CANCELLED, lambda: list(watch))
    becomes(client.watchers, watchers)

    key = client.register("python-cancel").key
    requests, responses = heartbeats(client)
    requests.put(heartbeat(key, expire_on_disconnect=True))
    assert next(responses).code == 0
    responses.cancel()
    requests.put(None)

    def present():
        try:
            return client.registry.GetInstance(registry_pb2.GetInstanceRequest(key=key), timeout=60).instance.key == key
        except grpc.RpcError as error:
            return error.code()

    becomes(present, grpc.StatusCode.NOT_FOUND)
    becomes(lambda: client.active_calls() <= calls, True)  # one that had just ended was among them


@cell
def deadline(client):
    watchers, calls = client.watchers(), client.active_calls()
    began = time.monotonic()
    watch = client.registry.Watch(registry_pb2.WatchRequest(), timeout=3)
    assert next(watch).snapshot.first
    fails_with(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: list(watch))
    assert time.monotonic() - began > 2.9
    becomes(client.watchers, watchers)
    becomes(lambda: client.active_calls() <= calls, True)  # one that had just ended was among them


@cell
def error_details(client):
    instance = registry_pb2.Instance(key=registry_pb2.InstanceKey(service="python-errors", id="a"),
                                     endpoints=[registry_pb2.Endpoint(address="192.0.2.1", port=70000)])
    error = fails_with(grpc.StatusCode.INVALID_ARGUMENT,
                       lambda: client.registry.Register(registry_pb2.RegisterRequest(instance=instance), timeout=60))
    status = rpc_status.from_call(error)
    assert status.message == error.details() and len(status.details) == 1, status
    bad_request = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(bad_request)
    violation = bad_request.field_violations[0]
    assert violation.field == "instance.endpoints[0].port" and "65535" in violation.description, violation


def main():
    client = Client(sys.argv[1], int(sys.argv[2]))
    for run in CELLS:
        try:
            run(client)
            print(f"ok python/{run.__name__}", flush=True)
        except Exception:
            print(traceback.format_exc(), f"not ok python/{run.__name__}", sep="", flush=True)


main()
