# SPDX-License-Identifier: Apache-2.0
"""A gRPC peer made of raw HTTP/2 frames, which does exactly what a test says and nothing else but answer SETTINGS,
PING and DATA (unless told not to)."""
import select
import socket
import struct
import time

import hpack

PATIENCE_S = 60  # hangs end here
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 1
END_HEADERS, PADDED = 4, 8
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, \
    REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = range(12)
CODES = ("OK CANCELLED UNKNOWN INVALID_ARGUMENT DEADLINE_EXCEEDED NOT_FOUND ALREADY_EXISTS PERMISSION_DENIED "
         "RESOURCE_EXHAUSTED FAILED_PRECONDITION ABORTED OUT_OF_RANGE UNIMPLEMENTED INTERNAL UNAVAILABLE DATA_LOSS "
         "UNAUTHENTICATED").split()
CHECK = "/grpc.health.v1.Health/Check"
WATCH_HEALTH = "/grpc.health.v1.Health/Watch"
SERVING = b"\x08\x01"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(values):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", key, value) for key, value in values))


def message(data, flag=0):
    """A gRPC message: flag, length, bytes."""
    return struct.pack(">BI", flag, len(data)) + data


class Stream:
    def __init__(self):
        self.headers, self.trailers, self.data, self.reset, self.ended = None, None, b"", None, False
        self.credit = 0         # what WINDOW_UPDATE gave, less what was sent

    @property
    def over(self):
        return self.ended or self.reset is not None

    @property
    def http_status(self):
        return dict(self.headers or {}).get(":status")

    @property
    def code(self):
        """The gRPC status by name; None without one."""
        fields = dict(self.trailers or self.headers or {})
        return CODES[int(fields["grpc-status"])] if "grpc-status" in fields else None

    @property
    def text(self):
        return dict(self.trailers or self.headers or {}).get("grpc-message", "")

    def messages(self):
        found, rest = [], self.data
        while len(rest) >= 5:
            size = struct.unpack(">I", rest[1:5])[0]
            found.append(rest[5:5 + size])
            rest = rest[5 + size:]
        return found

    def __repr__(self):
        return f"Stream({self.headers} {self.trailers} data={self.data[:60]!r} reset={self.reset} ended={self.ended})"


class Peer:
    def __init__(self, port, values=(), preface=True, ack=True, timeout_s=PATIENCE_S, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout_s)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.streams, self.received, self.goaway, self.closed, self.pongs = {}, b"", None, False, 0
        self.settings_acks, self.frames, self.answers, self.block = 0, 0, ack, b""
        self.next_stream, self.credit, self.initial_window = 1, 65535, 65535
        if preface:
            self.send(PREFACE + settings(values))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def send(self, data):
        """All of it, reading meanwhile so that neither side waits for the other; False when the server has hung up."""
        view = memoryview(data)
        deadline = time.monotonic() + PATIENCE_S
        while view and not self.closed:
            readable, writable, _ = select.select([self.socket], [self.socket], [], max(0, deadline - time.monotonic()))
            assert readable or writable, "the server takes nothing more"
            if readable:
                self._read()
            if writable and not self.closed:
                try:
                    view = view[self.socket.send(view[:65536]):]
                except (ConnectionError, BrokenPipeError):
                    self.closed = True
        return not self.closed

    def send_unread(self, data):
        """All of it without reading anything; stops when the server does not take more for a second."""
        self.socket.settimeout(1)
        try:
            self.socket.sendall(data)
            return True
        except (TimeoutError, ConnectionError, BrokenPipeError):
            return False
        finally:
            self.socket.settimeout(PATIENCE_S)

    def stream(self, number):
        return self.streams.setdefault(number, Stream())

    def request_fields(self, path, extra=(), method="POST", content_type="application/grpc", drop=()):
        fields = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "localhost"),
                  ("te", "trailers"), ("content-type", content_type)]
        return [field for field in fields if field[0] not in drop] + list(extra)

    def open(self, path, extra=(), end=False, stream=None, **request):
        """Send HEADERS; the stream's number."""
        number = stream or self.next_stream
        self.next_stream = max(self.next_stream, number) + 2
        block = self.encoder.encode(self.request_fields(path, extra, **request), huffman=False)
        self.send(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), number, block))
        return number

    def data(self, number, payload, end=False):
        """Send DATA as the windows allow; stops when the server has had enough of the stream."""
        stream, at = self.stream(number), 0
        while True:
            window = min(self.credit, self.initial_window + stream.credit, 16384, len(payload) - at)
            if window > 0 or at == len(payload):
                last = at + window == len(payload)
                self.send(frame(DATA, END_STREAM if end and last else 0, number, payload[at:at + window]))
                self.credit, stream.credit, at = self.credit - window, stream.credit - window, at + window
                if last:
                    return
            elif not self.read_until(lambda: stream.over or min(self.credit, self.initial_window + stream.credit) > 0, PATIENCE_S):
                raise AssertionError(f"the server's windows stay closed: {self.credit}, {stream.credit}")
            if stream.over or self.closed:
                return

    def call(self, path, body=b"", timeout_s=PATIENCE_S, **request):
        """A whole unary call; @body is one message, or, as bytes of a list, exactly those bytes."""
        number = self.open(path, **request)
        self.data(number, body[0] if isinstance(body, list) else message(body), end=True)
        return self.wait(number, timeout_s)

    def wait(self, number, timeout_s=PATIENCE_S):
        stream = self.stream(number)
        self.read_until(lambda: stream.over, timeout_s)
        return stream

    def wait_closed(self, timeout_s=PATIENCE_S):
        """The server has hung up; whether it said GOAWAY before, and why, is in self.goaway."""
        self.read_until(lambda: False, timeout_s)
        return self.closed

    def ping(self, timeout_s=PATIENCE_S):
        """True once the server has dealt with everything before."""
        wanted = self.pongs + 1
        self.send(frame(PING, 0, 0, b"\0" * 8))
        self.read_until(lambda: self.pongs >= wanted, timeout_s)
        return self.pongs >= wanted

    def read_until(self, done, timeout_s):
        deadline = time.monotonic() + timeout_s
        while not done() and not self.closed and time.monotonic() < deadline:
            if select.select([self.socket], [], [], max(0, deadline - time.monotonic()))[0]:
                self._read()
        return done()

    def _read(self):
        try:
            data = self.socket.recv(262144)
        except (ConnectionError, TimeoutError):
            data = b""
        self.closed |= not data
        self.received += data
        while len(self.received) >= 9:
            size = int.from_bytes(self.received[:3], "big")
            if len(self.received) < 9 + size:
                return
            kind, flags = self.received[3], self.received[4]
            number = int.from_bytes(self.received[5:9], "big") & 0x7fffffff
            payload, self.received = self.received[9:9 + size], self.received[9 + size:]
            self.frames += 1
            self._take(kind, flags, number, payload)

    def _take(self, kind, flags, number, payload):
        stream = self.stream(number) if number else None
        if kind == SETTINGS and flags & ACK:
            self.settings_acks += 1
        elif kind == SETTINGS:
            values = dict(struct.unpack_from(">HI", payload, at) for at in range(0, len(payload), 6))
            self.initial_window = values.get(4, self.initial_window)
            if self.answers:
                self._answer(frame(SETTINGS, ACK, 0))
        elif kind == WINDOW_UPDATE:
            (stream or self).credit += int.from_bytes(payload, "big")
        elif kind == PING and flags & ACK:
            self.pongs += 1
        elif kind == PING and self.answers:
            self._answer(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            self.goaway = (int.from_bytes(payload[4:8], "big"), payload[8:])
        elif kind in (HEADERS, CONTINUATION):
            self.block += payload
            if flags & END_HEADERS:
                fields, self.block = self.decoder.decode(self.block), b""
                if stream.headers is None:
                    stream.headers = fields
                else:
                    stream.trailers = fields
            stream.ended |= kind == HEADERS and bool(flags & END_STREAM)
        elif kind == DATA:
            stream.data += payload
            stream.ended |= bool(flags & END_STREAM)
            if self.answers and payload:
                self._answer(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload))) +
                             (b"" if stream.ended else frame(WINDOW_UPDATE, 0, number, struct.pack(">I", len(payload)))))
        elif kind == RST_STREAM:
            stream.reset = int.from_bytes(payload, "big")

    def _answer(self, data):
        try:
            self.socket.sendall(data)
        except OSError:
            self.closed = True
