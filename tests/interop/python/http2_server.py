# SPDX-License-Identifier: Apache-2.0
"""The server of gRPC's http2-interop-test-descriptions: UnaryCall, answered as no well-behaved server would.

    http2_server.py --test_case=CASE [--port=PORT]

Prints "ready ADDRESS:PORT" and serves until SIGTERM; exit 1 when what the server is to assert does not hold.
"""
import argparse
import signal
import socket
import sys
import threading

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from h2.settings import SettingCodes
from hyperframe.frame import GoAwayFrame
from interop_testing import messages_pb2

HEADERS = [(":status", "200"), ("content-type", "application/grpc")]
TRAILERS = [("grpc-status", "0")]
SMALL_FRAME, PADDING = 5, 255
CLIENT_GOES_S = 20


class Case:
    """Answers well; the cases below change what they must. One for each connection, on a thread of its own."""
    frame_bytes = 16384
    padding = None
    connections = 0

    def __init__(self, sock):
        self.sock = sock
        self.requests = {}   # stream: what has come
        self.waiting = {}    # stream: what is to be sent, in pieces
        self.failure = None
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))

    # What a case may change.
    def opened(self):
        pass

    def answer(self, stream, reply):
        self.h2.send_headers(stream, HEADERS)
        self.send(stream, reply)

    def sent(self, stream):
        """All of the reply is on its way."""
        self.h2.send_headers(stream, TRAILERS, end_stream=True)

    def verdict(self):
        """What is wrong, once the connection is gone."""
        return self.failure

    @classmethod
    def final_verdict(cls):
        return None

    # The machinery.
    def send(self, stream, data):
        self.waiting[stream] = data
        self.send_waiting(stream)

    def send_waiting(self, stream):
        data, cost = self.waiting[stream], 0 if self.padding is None else self.padding + 1
        while data:
            room = self.h2.local_flow_control_window(stream) - cost
            size = min(room, len(data), self.frame_bytes)
            if size <= 0 or size < min(len(data), self.frame_bytes) and self.frame_bytes == SMALL_FRAME:
                break
            self.h2.send_data(stream, data[:size], pad_length=self.padding)
            data = data[size:]
        self.waiting[stream] = data
        if not data:
            del self.waiting[stream]
            self.sent(stream)

    def on_event(self, event):
        if isinstance(event, h2.events.RequestReceived):
            self.requests[event.stream_id] = b""
        elif isinstance(event, h2.events.DataReceived):
            self.requests[event.stream_id] += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            request = messages_pb2.SimpleRequest.FromString(self.requests.pop(event.stream_id)[5:])
            reply = messages_pb2.SimpleResponse(payload={"body": bytes(request.response_size)}).SerializeToString()
            self.answer(event.stream_id, b"\0" + len(reply).to_bytes(4, "big") + reply)
        elif isinstance(event, h2.events.WindowUpdated):
            for stream in [event.stream_id] if event.stream_id else list(self.waiting):
                if stream in self.waiting:
                    self.send_waiting(stream)

    def serve(self):
        self.h2.initiate_connection()
        self.opened()
        self.sock.sendall(self.h2.data_to_send())
        try:
            while data := self.sock.recv(1 << 16):
                for event in self.h2.receive_data(data):
                    self.on_event(event)
                    self.sock.sendall(self.h2.data_to_send())
        except ConnectionError:
            pass        # the client went
        except h2.exceptions.ProtocolError as error:
            self.failure = repr(error)
        self.sock.close()


class Goaway(Case):
    def answer(self, stream, reply):
        if type(self).connections == 1:
            self.sock.sendall(self.h2.data_to_send() + GoAwayFrame(0, last_stream_id=stream, error_code=0).serialize())
        super().answer(stream, reply)

    @classmethod
    def final_verdict(cls):
        return None if cls.connections == 2 else f"{cls.connections} connections instead of 2"


class RstAfterHeader(Case):
    def answer(self, stream, reply):
        self.h2.send_headers(stream, HEADERS)
        self.h2.reset_stream(stream, 0)


class RstDuringData(Case):
    def answer(self, stream, reply):
        super().answer(stream, reply[:len(reply) // 2])

    def sent(self, stream):
        self.h2.reset_stream(stream, 0)


class RstAfterData(RstDuringData):
    def answer(self, stream, reply):
        Case.answer(self, stream, reply)


class Ping(Case):
    outstanding = sent_pings = 0

    def ping(self):
        self.h2.ping(self.sent_pings.to_bytes(8, "big"))
        self.outstanding += 1
        self.sent_pings += 1

    def answer(self, stream, reply):
        self.ping()
        self.h2.send_headers(stream, HEADERS)
        self.ping()
        self.ping()
        self.send(stream, reply)

    def sent(self, stream):
        self.ping()
        super().sent(stream)

    def on_event(self, event):
        if isinstance(event, h2.events.PingAckReceived):
            self.outstanding -= 1
        super().on_event(event)

    def verdict(self):
        if self.sent_pings != 4:
            return f"{self.sent_pings} pings were sent instead of 4"
        return f"{self.outstanding} pings are outstanding" if self.outstanding else self.failure


class MaxStreams(Case):
    """Python's h2 holds the client to the limit from its acknowledgement on. Each stream is answered when the whole
    request is there, so a client that opens a second one meanwhile is found."""
    served = 0

    def opened(self):
        self.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 1})

    def answer(self, stream, reply):
        type(self).served += 1
        super().answer(stream, reply)

    @classmethod
    def final_verdict(cls):
        if cls.connections != 1:
            return f"{cls.connections} connections instead of 1"
        return None if cls.served == 11 else f"{cls.served} calls instead of 11"


class NoPadding(Case):
    frame_bytes = SMALL_FRAME


class Padding(NoPadding):
    padding = PADDING


CASES = {
    "goaway": Goaway, "rst_after_header": RstAfterHeader, "rst_during_data": RstDuringData, "rst_after_data": RstAfterData,
    "ping": Ping, "max_streams": MaxStreams, "data_frame_padding": Padding, "no_df_padding_sanity_test": NoPadding,
}


def accept(listener, kind, served):
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        kind.connections += 1
        connection = kind(sock)
        thread = threading.Thread(target=connection.serve, daemon=True)
        served.append((connection, thread))
        thread.start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--test_case", choices=CASES, required=True)
    arguments = parser.parse_args()
    kind, served = CASES[arguments.test_case], []
    listener = socket.create_server(("127.0.0.1", arguments.port))
    threading.Thread(target=accept, args=(listener, kind, served), daemon=True).start()
    print(f"ready 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    wrong = [] if served else ["nobody came"]
    for connection, thread in served:
        thread.join(CLIENT_GOES_S)
        wrong.append("the client stays" if thread.is_alive() else connection.verdict())
    wrong.append(kind.final_verdict())
    wrong = [text for text in wrong if text]
    print("\n".join(wrong), file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    main()
