# SPDX-License-Identifier: Apache-2.0
"""gRPC's interop client on stock grpcio: one case; exit 0 when all that it asserts is so.

    interop_client.py --server_host=HOST --server_port=PORT --test_case=CASE [--use_tls --ca_file=FILE
                      --server_host_override=NAME]

grpcio does not tell a client whether a response came compressed: the cases with compressed responses assert the rest.
It compresses a stream or does not: there is no client_compressed_streaming.
"""
import argparse
import sys
import time

import grpc
from interop_testing import empty_pb2, messages_pb2, test_pb2_grpc

LARGE_REQUEST, LARGE_RESPONSE = 271828, 314159
REQUEST_SIZES, RESPONSE_SIZES = (27182, 8, 1828, 45904), (31415, 9, 2653, 58979)
METADATA = (("x-grpc-test-echo-initial", "test_initial_metadata_value"), ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"))
TIMEOUT_S = 60
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def payload(size):
    return messages_pb2.Payload(body=b"\0" * size)


def require_zeros(got, size):
    assert got.body == b"\0" * size, f"{len(got.body)} bytes instead of {size}, or not all zero"


def large_request(**more):
    return messages_pb2.SimpleRequest(response_size=LARGE_RESPONSE, payload=payload(LARGE_REQUEST), **more)


def output_request(size, payload_size=0):
    return messages_pb2.StreamingOutputCallRequest(response_parameters=[messages_pb2.ResponseParameters(size=size)],
                                                   payload=payload(payload_size))


class Pipe:
    """Requests of a stream, one at a time."""

    def __init__(self):
        import queue
        self.queue = queue.Queue()

    def __iter__(self):
        return iter(self.queue.get, None)

    def send(self, message):
        self.queue.put(message)

    def close(self):
        self.queue.put(None)


def fails(code, call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()} instead of {code}: {error.details()}"
        return error
    raise AssertionError(f"it succeeded instead of failing with {code}")


@case
def empty_unary(stub):
    assert stub.EmptyCall(empty_pb2.Empty(), timeout=TIMEOUT_S) == empty_pb2.Empty()


@case
def large_unary(stub):
    require_zeros(stub.UnaryCall(large_request(), timeout=TIMEOUT_S).payload, LARGE_RESPONSE)


@case
def client_streaming(stub):
    requests = (messages_pb2.StreamingInputCallRequest(payload=payload(size)) for size in REQUEST_SIZES)
    assert stub.StreamingInputCall(requests, timeout=TIMEOUT_S).aggregated_payload_size == 74922


@case
def server_streaming(stub):
    request = messages_pb2.StreamingOutputCallRequest(
        response_parameters=[messages_pb2.ResponseParameters(size=size) for size in RESPONSE_SIZES])
    responses = list(stub.StreamingOutputCall(request, timeout=TIMEOUT_S))
    assert len(responses) == 4, len(responses)
    for response, size in zip(responses, RESPONSE_SIZES):
        require_zeros(response.payload, size)


@case
def ping_pong(stub):
    pipe = Pipe()
    call = stub.FullDuplexCall(iter(pipe), timeout=TIMEOUT_S)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        pipe.send(output_request(response_size, request_size))
        require_zeros(next(call).payload, response_size)
    pipe.close()
    assert list(call) == [] and call.code() == grpc.StatusCode.OK


@case
def empty_stream(stub):
    call = stub.FullDuplexCall(iter(()), timeout=TIMEOUT_S)
    assert list(call) == [] and call.code() == grpc.StatusCode.OK


@case
def custom_metadata(stub):
    response, unary = stub.UnaryCall.with_call(large_request(), metadata=METADATA, timeout=TIMEOUT_S)
    require_zeros(response.payload, LARGE_RESPONSE)
    duplex = stub.FullDuplexCall(iter([output_request(LARGE_RESPONSE, LARGE_REQUEST)]), metadata=METADATA, timeout=TIMEOUT_S)
    [response] = list(duplex)
    require_zeros(response.payload, LARGE_RESPONSE)
    for call in (unary, duplex):
        assert dict(call.initial_metadata())[METADATA[0][0]] == METADATA[0][1], call.initial_metadata()
        assert dict(call.trailing_metadata())[METADATA[1][0]] == METADATA[1][1], call.trailing_metadata()


@case
def status_code_and_message(stub):
    status = messages_pb2.EchoStatus(code=2, message="test status message")
    calls = (lambda: stub.UnaryCall(messages_pb2.SimpleRequest(response_status=status), timeout=TIMEOUT_S),
             lambda: list(stub.FullDuplexCall(iter([messages_pb2.StreamingOutputCallRequest(response_status=status)]),
                                              timeout=TIMEOUT_S)))
    for call in calls:
        assert fails(grpc.StatusCode.UNKNOWN, call).details() == status.message


@case
def special_status_message(stub):
    text = "\t\ntest with whitespace\r\nand Unicode BMP \N{WHITE SMILING FACE} and non-BMP \N{SMILING FACE WITH HORNS}\t\n"
    request = messages_pb2.SimpleRequest(response_status=messages_pb2.EchoStatus(code=2, message=text))
    assert fails(grpc.StatusCode.UNKNOWN, lambda: stub.UnaryCall(request, timeout=TIMEOUT_S)).details() == text


@case
def unimplemented_method(stub):
    fails(grpc.StatusCode.UNIMPLEMENTED, lambda: stub.UnimplementedCall(empty_pb2.Empty(), timeout=TIMEOUT_S))


@case
def unimplemented_service(channel):
    stub = test_pb2_grpc.UnimplementedServiceStub(channel)
    fails(grpc.StatusCode.UNIMPLEMENTED, lambda: stub.UnimplementedCall(empty_pb2.Empty(), timeout=TIMEOUT_S))


@case
def cancel_after_begin(stub):
    pipe = Pipe()
    call = stub.StreamingInputCall.future(iter(pipe), timeout=TIMEOUT_S)
    call.cancel()
    pipe.close()
    assert call.cancelled() and call.code() == grpc.StatusCode.CANCELLED


@case
def cancel_after_first_response(stub):
    pipe = Pipe()
    call = stub.FullDuplexCall(iter(pipe), timeout=TIMEOUT_S)
    pipe.send(output_request(RESPONSE_SIZES[0], REQUEST_SIZES[0]))
    require_zeros(next(call).payload, RESPONSE_SIZES[0])
    call.cancel()
    fails(grpc.StatusCode.CANCELLED, lambda: next(call))
    pipe.close()


@case
def timeout_on_sleeping_server(stub):
    pipe = Pipe()
    call = stub.FullDuplexCall(iter(pipe), timeout=0.001)
    pipe.send(messages_pb2.StreamingOutputCallRequest(payload=payload(27182)))
    fails(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: next(call))
    pipe.close()


@case
def client_compressed_unary(stub):
    def ask(expected, compression):
        request = large_request(expect_compressed=messages_pb2.BoolValue(value=expected))
        return stub.UnaryCall(request, compression=compression, timeout=TIMEOUT_S)

    fails(grpc.StatusCode.INVALID_ARGUMENT, lambda: ask(True, grpc.Compression.NoCompression))
    require_zeros(ask(True, grpc.Compression.Gzip).payload, LARGE_RESPONSE)
    require_zeros(ask(False, grpc.Compression.NoCompression).payload, LARGE_RESPONSE)


@case
def server_compressed_unary(stub):
    for wanted in (True, False):
        request = large_request(response_compressed=messages_pb2.BoolValue(value=wanted))
        require_zeros(stub.UnaryCall(request, timeout=TIMEOUT_S).payload, LARGE_RESPONSE)


@case
def server_compressed_streaming(stub):
    sizes = ((31415, True), (92653, False))
    request = messages_pb2.StreamingOutputCallRequest(response_parameters=[
        messages_pb2.ResponseParameters(size=size, compressed=messages_pb2.BoolValue(value=wanted)) for size, wanted in sizes])
    responses = list(stub.StreamingOutputCall(request, timeout=TIMEOUT_S))
    assert len(responses) == 2, len(responses)
    for response, (size, _) in zip(responses, sizes):
        require_zeros(response.payload, size)


def soak(arguments, channel_for):
    failed, ends = 0, time.monotonic() + arguments.soak_overall_timeout_seconds
    for iteration in range(arguments.soak_iterations):
        assert time.monotonic() < ends, f"{iteration} of {arguments.soak_iterations} iterations were done in time"
        with channel_for() as channel:
            began = time.monotonic()
            try:
                large_unary(test_pb2_grpc.TestServiceStub(channel))
            except (grpc.RpcError, AssertionError) as error:
                print(error, file=sys.stderr)
                failed += 1
            else:
                failed += (time.monotonic() - began) * 1000 > arguments.soak_per_iteration_max_acceptable_latency_ms
    assert failed <= arguments.soak_max_failures, f"{failed} iterations failed or were slow"


class Kept:
    """A channel that a with statement does not close."""

    def __init__(self, channel):
        self.channel = channel

    def __enter__(self):
        return self.channel

    def __exit__(self, *_):
        return False


def open_channel(arguments):
    target = f"{arguments.server_host}:{arguments.server_port}"
    if not arguments.use_tls:
        return grpc.insecure_channel(target)
    with open(arguments.ca_file, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    options = [("grpc.ssl_target_name_override", arguments.server_host_override)] if arguments.server_host_override else []
    return grpc.secure_channel(target, credentials, options)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server_host", default="localhost")
    parser.add_argument("--server_port", type=int, default=10000)
    parser.add_argument("--server_host_override")
    parser.add_argument("--test_case", default="large_unary")
    parser.add_argument("--use_tls", action="store_true")
    parser.add_argument("--ca_file")
    parser.add_argument("--soak_iterations", type=int, default=10)
    parser.add_argument("--soak_max_failures", type=int, default=0)
    parser.add_argument("--soak_per_iteration_max_acceptable_latency_ms", type=int, default=1000)
    parser.add_argument("--soak_overall_timeout_seconds", type=int, default=10)
    arguments = parser.parse_args()
    with open_channel(arguments) as channel:
        if arguments.test_case == "rpc_soak":
            soak(arguments, lambda: Kept(channel))
        elif arguments.test_case == "channel_soak":
            soak(arguments, lambda: open_channel(arguments))
        elif arguments.test_case == "unimplemented_service":
            unimplemented_service(channel)
        else:
            CASES[arguments.test_case](test_pb2_grpc.TestServiceStub(channel))


if __name__ == "__main__":
    main()
