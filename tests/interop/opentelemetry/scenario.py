# SPDX-License-Identifier: Apache-2.0
"""mltrainerd's spans as a collector gets them: OpenTelemetry's own messages and service (PyPI: opentelemetry-proto) on
grpcio, in clear text and over TLS."""
import contextlib
import subprocess
import tempfile
import time
import urllib.request
from concurrent import futures
from pathlib import Path

import grpc
from google.protobuf import duration_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

from cases import case, main, wait_until
from server import Server, program
from tls_server import make_certificates

PARENT = "1234567890abcdef"


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps what it is sent; may answer that it takes a part."""

    def __init__(self, address="127.0.0.1:0", folder=None, rejected=0):
        self.spans, self.resources, self.metadata, self.rejected = [], [], [], rejected
        self.server = grpc.server(futures.ThreadPoolExecutor(2))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self.server)
        if folder:
            credentials = grpc.ssl_server_credentials([(Path(folder, "server.key").read_bytes(), Path(folder, "server.pem").read_bytes())])
            self.port = self.server.add_secure_port(address, credentials)
        else:
            self.port = self.server.add_insecure_port(address)
        self.server.start()

    def Export(self, request, context):
        self.metadata.append(dict(context.invocation_metadata()))
        for one in request.resource_spans:
            self.resources.append({pair.key: pair.value.string_value for pair in one.resource.attributes})
            self.spans += [span for scope in one.scope_spans for span in scope.spans]
        answer = trace_service_pb2.ExportTraceServiceResponse()
        if self.rejected:
            answer.partial_success.rejected_spans = self.rejected
            answer.partial_success.error_message = "too many"
        return answer

    def wait_span(self, trace):
        def found():
            return next((span for span in self.spans if span.trace_id.hex() == trace), None)
        return wait_until(found, f"span of {trace} in {[span.trace_id.hex() for span in self.spans]}", 120)

    def stop(self):
        self.server.stop(None).wait()


@contextlib.contextmanager
def traced(*arguments, collector=None, endpoint=None, environment=None):
    """A server that sends to a collector."""
    collector = collector or Collector()
    try:
        with Server("--traces-otlp", endpoint or f"http://127.0.0.1:{collector.port}", *arguments, environment=environment) as server:
            with grpc.insecure_channel(server.address) as channel:
                yield collector, server, registry_pb2_grpc.RegistryServiceStub(channel)
    finally:
        collector.stop()


def register(registry, number, sampled=True):
    """Register under a trace of that number; its 32 digits."""
    trace = f"{number:032x}"
    instance = registry_pb2.Instance(key=registry_pb2.InstanceKey(service="traced", id=f"i{number}"),
                                     lease_ttl=duration_pb2.Duration(seconds=60),
                                     endpoints=[registry_pb2.Endpoint(address="127.0.0.1", port=8080)])
    registry.Register(registry_pb2.RegisterRequest(instance=instance),
                      metadata=[("traceparent", f"00-{trace}-{PARENT}-{'01' if sampled else '00'}")])
    return trace


def attributes(owner):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in owner.attributes}


def metric(server, name):
    with urllib.request.urlopen(f"http://{server.address}/metrics", timeout=30) as page:
        return next((float(line.rsplit(" ", 1)[1]) for line in page.read().decode().splitlines() if line.startswith(name)), None)


@case
def a_call_is_a_span_beneath_its_callers():
    names = {"OTEL_SERVICE_NAME": "night", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=a%20test",
             "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=quant"}
    before_ns = time.time_ns()
    with traced(environment=names) as (collector, server, registry):
        span = collector.wait_span(register(registry, 0xABC))
        assert span.name == "mltrainer.registry.v1.RegistryService/Register" and span.kind == trace_pb2.Span.SPAN_KIND_SERVER
        assert span.parent_span_id.hex() == PARENT and len(span.span_id) == 8 and span.flags & 1
        assert before_ns - 10**9 < span.start_time_unix_nano < span.end_time_unix_nano < time.time_ns() + 10**9
        said = attributes(span)
        assert (said["rpc.system"], said["rpc.service"], said["rpc.method"], said["rpc.grpc.status_code"]) == (
            "grpc", "mltrainer.registry.v1.RegistryService", "Register", 0), said
        assert said["network.peer.address"] == "127.0.0.1" and said["network.peer.port"] > 0, said
        assert span.status.code == trace_pb2.Status.STATUS_CODE_UNSET
        ways = [(event["mltrainer.from"], event["mltrainer.to"]) for event in map(attributes, span.events)]
        assert ways[0] == ("client", "interceptors") and any("store" in to for _, to in ways), ways
        assert all(span.start_time_unix_nano - 10**6 <= event.time_unix_nano for event in span.events)
        resource = collector.resources[0]
        assert resource["service.name"] == "night" and resource["deployment.environment"] == "a test", resource
        assert collector.metadata[0]["x-tenant"] == "quant", collector.metadata
        wait_until(lambda: metric(server, "mltrainer_otlp_spans_sent_total") >= 1, "a span counted")


@case
def a_trace_that_is_not_recorded_is_not_sent():
    with traced("--traces-every", "1") as (collector, _, registry):
        silent = [register(registry, number, sampled=False) for number in range(0x100, 0x110)]
        collector.wait_span(register(registry, 0x200))
        registry.GetInstance(registry_pb2.GetInstanceRequest(key=registry_pb2.InstanceKey(service="traced", id=f"i{0x200}")))
        begun_here = wait_until(lambda: [span for span in collector.spans if not span.parent_span_id], "a trace that begins here")
        assert begun_here[0].name.endswith("/GetInstance")
        assert not {span.trace_id.hex() for span in collector.spans} & set(silent)


@case
def an_error_of_the_client_is_none_of_the_server():
    with traced("--traces-every", "1") as (collector, server, registry):
        for call, what in ((lambda: registry.Register(registry_pb2.RegisterRequest()), "INVALID_ARGUMENT"),
                           (lambda: registry.GetInstance(registry_pb2.GetInstanceRequest(key=registry_pb2.InstanceKey(
                               service="traced", id="nobody"))), "NOT_FOUND")):
            try:
                call()
            except grpc.RpcError as error:
                assert error.code().name == what, error
        spans = wait_until(lambda: len(collector.spans) >= 2 and collector.spans, "two spans")
        assert [attributes(span)["rpc.grpc.status_code"] for span in spans] == [3, 5], spans
        assert all(span.status.code == trace_pb2.Status.STATUS_CODE_UNSET for span in spans)


@case
def the_last_calls_are_sent_when_it_stops():
    collector = Collector()
    with Server("--traces-otlp", f"http://127.0.0.1:{collector.port}") as server:
        with grpc.insecure_channel(server.address) as channel:
            traces = [register(registry_pb2_grpc.RegistryServiceStub(channel), number) for number in range(0x300, 0x305)]
    assert {span.trace_id.hex() for span in collector.spans} >= set(traces), collector.spans
    collector.stop()


@case
def a_collector_that_is_away_holds_nobody_up():
    away = Collector()
    away.stop()
    with traced(collector=away) as (_, server, registry):
        trace = register(registry, 0x400)
        wait_until(lambda: "otlp: collector" in server.log_tail(200), "a line about it")
        back = Collector(f"127.0.0.1:{away.port}")
        back.wait_span(trace)
        wait_until(lambda: "takes spans again" in server.log_tail(200), "a line about it")
        assert server.log_tail(200).count("otlp: collector") == 2, server.log_tail(200)
        back.stop()


@case
def what_a_collector_rejects_is_counted():
    with traced(collector=Collector(rejected=1)) as (collector, server, registry):
        collector.wait_span(register(registry, 0x500))
        wait_until(lambda: metric(server, 'mltrainer_otlp_spans_dropped_total{reason="rejected"}') == 1, "a span counted")
        wait_until(lambda: "too many" in server.log_tail(), "a line about it")


@case
def over_tls():
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(folder)
        collector = Collector("localhost:0", folder)
        with traced("--traces-otlp-ca", f"{folder}/ca.pem", collector=collector, endpoint=f"https://localhost:{collector.port}",
                    environment={"OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20canary-secret"}) as (_, server, registry):
            collector.wait_span(register(registry, 0x600))
            assert collector.metadata[0]["authorization"] == "Bearer canary-secret"
            assert "canary-secret" not in server.log_tail(200)


@case
def what_is_wrong_is_said_at_the_start():
    for arguments, environment, words in (
            (["--traces-otlp", "collector:4317"], {}, ["traces.otlp", "http://"]),
            (["--traces-otlp", "http://collector.example"], {"OTEL_EXPORTER_OTLP_HEADERS": "authorization=canary-secret"}, ["clear text"]),
            (["--traces-otlp", "https://localhost", "--traces-otlp-ca", "/nowhere.pem"], {}, ["traces.otlp_ca"])):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([program(), "--listen", "127.0.0.1:0", "--data-dir", folder, *arguments], text=True, capture_output=True,
                                  timeout=60, env={"PATH": "/usr/bin:/bin", **environment})
        assert done.returncode == 2 and all(word in done.stderr for word in words), (done.returncode, done.stderr)
        assert "canary-secret" not in done.stderr, done.stderr


main("opentelemetry")
