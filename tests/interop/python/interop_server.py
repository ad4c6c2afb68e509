# SPDX-License-Identifier: Apache-2.0
"""gRPC's interop server on stock grpcio. Prints "ready ADDRESS:PORT" and serves until it is killed.

    interop_server.py [--tls_cert_file=FILE --tls_key_file=FILE]

grpcio does not tell a server whether a request came compressed, so expect_compressed is not looked at; responses are
compressed or not message by message.
"""
import argparse
import signal
import time
from concurrent import futures

import grpc
from interop_testing import empty_pb2, messages_pb2, test_pb2_grpc

HEADER, TRAILER = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"


def echo_metadata(context):
    metadata = dict(context.invocation_metadata())
    if HEADER in metadata:
        context.send_initial_metadata(((HEADER, metadata[HEADER]),))
    if TRAILER in metadata:
        context.set_trailing_metadata(((TRAILER, metadata[TRAILER]),))


def echo_status(request, context):
    if request.HasField("response_status") and request.response_status.code:
        code = next(code for code in grpc.StatusCode if code.value[0] == request.response_status.code)
        context.abort(code, request.response_status.message)


def payload(size):
    return messages_pb2.Payload(body=b"\0" * size)


class TestService(test_pb2_grpc.TestServiceServicer):
    def EmptyCall(self, request, context):
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        echo_metadata(context)
        echo_status(request, context)
        return messages_pb2.SimpleResponse(payload=payload(request.response_size))

    def StreamingOutputCall(self, request, context):
        if any(asked.compressed.value for asked in request.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        echo_metadata(context)
        echo_status(request, context)
        yield from self.answers(request, context)

    def StreamingInputCall(self, requests, context):
        return messages_pb2.StreamingInputCallResponse(
            aggregated_payload_size=sum(len(request.payload.body) for request in requests))

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            echo_status(request, context)
            yield from self.answers(request, context)

    def HalfDuplexCall(self, requests, context):
        return self.FullDuplexCall(list(requests), context)

    @staticmethod
    def answers(request, context):
        for asked in request.response_parameters:
            time.sleep(asked.interval_us / 1e6)
            if asked.HasField("compressed") and not asked.compressed.value:
                context.disable_next_message_compression()
            yield messages_pb2.StreamingOutputCallResponse(payload=payload(asked.size))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls_cert_file")
    parser.add_argument("--tls_key_file")
    arguments = parser.parse_args()
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    test_pb2_grpc.add_TestServiceServicer_to_server(TestService(), server)
    if arguments.tls_cert_file:
        with open(arguments.tls_key_file, "rb") as key, open(arguments.tls_cert_file, "rb") as certificate:
            credentials = grpc.ssl_server_credentials([(key.read(), certificate.read())])
        port = server.add_secure_port("127.0.0.1:0", credentials)
    else:
        port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"ready 127.0.0.1:{port}", flush=True)
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    server.stop(None)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    main()
