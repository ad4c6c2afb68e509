# SPDX-License-Identifier: Apache-2.0
"""What mltrainerd puts between calls and services: metrics, lines in the log, the rate limit."""
import http.client
import re
import socket
import sys
import time
import traceback

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from mltrainer.admin.v1 import admin_pb2, admin_pb2_grpc
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc
from cases import wait_until
from server import Server

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def info(channel, **options):
    return admin_pb2_grpc.AdminServiceStub(channel).GetServerInfo(admin_pb2.GetServerInfoRequest(), **options)


def calls_in_log(server, at_least):
    """The lines of calls; a call's line is written after its answer, so wait for as many as there must be."""
    deadline = time.monotonic() + 120
    while True:
        lines = [line for line in server.log_path.read_text().splitlines() if " rpc: call " in line]
        if len(lines) >= at_least or time.monotonic() > deadline:
            return lines
        time.sleep(0.02)


def only_failed_calls_have_lines_unless_asked():
    with Server() as server, grpc.insecure_channel(server.address) as channel:
        info(channel)
        try:
            registry_pb2_grpc.RegistryServiceStub(channel).GetInstance(registry_pb2.GetInstanceRequest(
                key=registry_pb2.InstanceKey(service="none", id="none")))
            raise AssertionError("there is such an instance")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND, error
        lines = calls_in_log(server, 1)
        assert len(lines) == 1 and " info " in lines[0] and "method=mltrainer.registry.v1.RegistryService/GetInstance " in lines[0]
        assert "status=NOT_FOUND" in lines[0] and " message=" in lines[0], lines


def all_calls_have_lines_with_their_trace():
    with Server("--log-calls", "all") as server, grpc.insecure_channel(server.address) as channel:
        info(channel, metadata=[("traceparent", PARENT)])
        (line,) = calls_in_log(server, 1)
        expected = (r"info  rpc: call method=mltrainer\.admin\.v1\.AdminService/GetServerInfo status=OK duration_us=\d+ "
                    r"peer=127\.0\.0\.1:\d+ received=1/0 sent=1/\d+ trace=4bf92f3577b34da6a3ce929d0e0e4736$")
        assert re.search(expected, line), line


def who_calls_too_often_is_told_when_to_come_back():
    with Server("--rate-limit-calls-per-second", "1", "--rate-limit-burst", "3") as server, \
            grpc.insecure_channel(server.address) as channel:
        refused = None
        for _ in range(100):   # a server that is slow gives back a token a second: not all in a row
            try:
                info(channel)
            except grpc.RpcError as error:
                refused = error
                break
        assert refused is not None and refused.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, refused
        details = dict(refused.trailing_metadata())["grpc-status-details-bin"]
        (detail,) = status_pb2.Status.FromString(details).details
        retry = error_details_pb2.RetryInfo()
        assert detail.Unpack(retry) and 0 < retry.retry_delay.ToMilliseconds() <= 1000, retry
        health = health_pb2_grpc.HealthStub(channel)
        for _ in range(20):
            assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                info(channel)
                return
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
                time.sleep(retry.retry_delay.ToMilliseconds() / 1000)
        raise AssertionError("the bucket does not fill")


def a_word_that_is_none_of_three_is_refused():
    server = Server("--log-calls", "some")
    try:
        server.start()
        raise AssertionError("it started")
    except Exception as error:
        assert "ended with 2 " in str(error) and "log.calls" in str(error), error
    finally:
        server.remove()


def page(server, path="/metrics"):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def samples(server):
    """The page as {"name{labels}": value}; each line is a sample or a comment, each sample comes once."""
    answer, body = page(server)
    assert answer.status == 200 and answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8", answer.status
    found = {}
    for line in body.splitlines():
        if line.startswith("# "):
            assert re.fullmatch(r"# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram))", line), line
            continue
        name, value = re.fullmatch(r'([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\\\]|\\\\.)*",?)+\})?) ([0-9.e+-]+)', line).groups()
        assert name not in found, name
        found[name] = float(value)
    return found


def metrics_are_a_page():
    with Server() as server, grpc.insecure_channel(server.address) as channel:
        for _ in range(5):
            info(channel)
        method = 'grpc_method="mltrainer.admin.v1.AdminService/GetServerInfo"'
        ended = f'grpc_server_call_duration_seconds_count{{{method},grpc_status="OK"}}'
        deadline = time.monotonic() + 120
        while (found := samples(server)).get(ended) != 5 and time.monotonic() < deadline:
            time.sleep(0.02)   # an end is counted after its answer
        assert found[ended] == 5 and found[f"grpc_server_call_started_total{{{method}}}"] == 5, found
        buckets = [value for name, value in found.items() if name.startswith(f"grpc_server_call_duration_seconds_bucket{{{method}")]
        assert len(buckets) == 42 and buckets == sorted(buckets) and buckets[-1] == 5, buckets
        assert found[f'grpc_server_call_rcvd_total_compressed_message_size_bytes_sum{{{method},grpc_status="OK"}}'] == 0
        assert found[f'grpc_server_call_sent_total_compressed_message_size_bytes_sum{{{method},grpc_status="OK"}}'] > 0
        assert found["mltrainer_connections"] >= 1 and found["mltrainer_log_lines_dropped_total"] == 0, found
        with socket.create_connection(("127.0.0.1", server.port)) as s:
            s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\7\0\0\0\0\0")   # a GOAWAY of no bytes
            while s.recv(4096):
                pass
        wait_until(lambda: any(name.startswith("mltrainer_rejected_total{") for name in samples(server)), "it to be rejected")


def metrics_can_be_left_out():
    with Server("--metrics=false") as server:
        answer, _ = page(server)
        assert answer.status == 405, answer.status
        assert page(server, "/healthz")[0].status == 200


failed = 0
for case in (metrics_are_a_page, metrics_can_be_left_out, only_failed_calls_have_lines_unless_asked, all_calls_have_lines_with_their_trace,
             who_calls_too_often_is_told_when_to_come_back, a_word_that_is_none_of_three_is_refused):
    try:
        case()
        print(f"ok integration/calls/{case.__name__}")
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print(f"not ok integration/calls/{case.__name__}")
        failed = 1
sys.exit(failed)
