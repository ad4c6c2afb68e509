# SPDX-License-Identifier: Apache-2.0
"""The smallest client that can make a call and hold its connection: fixed frames, no table."""
import socket
import struct

from .bench import METHOD, REQUEST

END_STREAM, END_HEADERS, ACK = 1, 4, 1
DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def request_headers(grpc):
    headers = literal(":method", "POST" if grpc else "GET") + literal(":scheme", "http")
    headers += literal(":path", METHOD if grpc else "/80") + literal(":authority", "localhost")
    if grpc:
        headers += literal("content-type", "application/grpc") + literal("te", "trailers")
    return headers


def request_bytes(grpc):
    headers = request_headers(grpc)
    start = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, b"")
    if not grpc:
        return start + frame(HEADERS, END_HEADERS | END_STREAM, 1, headers) + frame(SETTINGS, ACK, 0, b"")
    return start + frame(HEADERS, END_HEADERS, 1, headers) + frame(DATA, END_STREAM, 1, REQUEST) + frame(SETTINGS, ACK, 0, b"")


def call_on(s, grpc):
    """One call, answered."""
    s.sendall(request_bytes(grpc))
    buffer = b""
    while True:
        more = s.recv(4096)
        if not more:
            raise RuntimeError("the server closed the connection")
        buffer += more
        rest = buffer
        while len(rest) >= 9:
            size = int.from_bytes(rest[:3], "big")
            if rest[3] in (DATA, HEADERS) and rest[4] & END_STREAM and len(rest) >= 9 + size:
                return s
            rest = rest[9 + size:]


def one_call(port, grpc):
    return call_on(socket.create_connection(("127.0.0.1", port), 5), grpc)


def open_streams(s, count):
    """@count requests without a body, whose answers never end, after one_call() on @s; the server has seen them all."""
    headers = request_headers(True)
    s.sendall(b"".join(frame(HEADERS, END_HEADERS | END_STREAM, 3 + 2 * i, headers) for i in range(count)) + frame(PING, 0, 0, b"all seen"))
    buffer = b""
    while frame(PING, ACK, 0, b"all seen") not in buffer:
        more = s.recv(4096)
        if not more:
            raise RuntimeError("the server closed the connection")
        buffer += more
