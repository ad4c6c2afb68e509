#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of the fuzzer server_session: make_corpus.py FOLDER. Frames of RFC 9113, headers as HPACK literals
without indexing, so that nothing but this file is needed to make them again."""
import gzip
import pathlib
import struct
import sys

DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def block(fields):
    return b"".join(bytes([0, len(n)]) + n.encode() + bytes([len(v)]) + v.encode() for n, v in fields)


def request(method, **more):
    fields = {":method": "POST", ":scheme": "http", ":path": "/test.Echo/" + method, "te": "trailers",
              "content-type": "application/grpc"}
    fields.update({name.replace("_", "-").replace("PSEUDO", ":"): value for name, value in more.items()})
    return list(fields.items())


def headers(stream, fields, end=False):
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(fields))


def message(stream, text, end=False, flag=0):
    body = b"\x0a" + bytes([len(text)]) + text if flag == 0 else text
    return frame(DATA, END_STREAM if end else 0, stream, bytes([flag]) + struct.pack(">I", len(body)) + body)


def call(stream, method, text, **more):
    return headers(stream, request(method, **more)) + message(stream, text, end=True)


def u32(value):
    return struct.pack(">I", value)


HELLO = frame(SETTINGS) + frame(SETTINGS, ACK)
SEEDS = {
    "say": call(1, "Say", b"hello") + call(3, "Say", b"size:5000"),
    "fail": call(1, "Say", b"fail:5:why %\xc3\xb6") + call(3, "Say", b"details") + call(5, "Say", b"retry"),
    "hold": call(1, "Say", b"hold") + frame(RST, 0, 1, u32(8)) + call(3, "Say", b"hold", grpc_timeout="50m"),
    "split": call(1, "Split", b"30:9000") + frame(WINDOW, 0, 1, u32(100000)) + frame(WINDOW, 0, 0, u32(100000)),
    "join": headers(1, request("Join")) + message(1, b"one") + message(1, b"two", end=True),
    "chat": headers(1, request("Chat")) + message(1, b"a") + message(1, b"b") + message(1, b"c", end=True),
    "unknown": call(1, "Nope", b"x") + headers(3, [(":method", "GET"), (":scheme", "http"), (":path", "/")], end=True),
    "html": call(1, "Say", b"x", content_type="text/html"),
    "gzip": headers(1, request("Say", grpc_encoding="gzip", grpc_accept_encoding="gzip"))
            + message(1, gzip.compress(b"\x0a\x05hello", mtime=0), end=True, flag=1),
    "metadata": call(1, "Say", b"x", x_bin="AAE,AA==", x_text="y", grpc_timeout="1S"),
    "bad_metadata": call(1, "Say", b"x", x_bin="*", grpc_timeout="bad"),
    "padding": headers(1, request("Say")) + frame(DATA, PADDED | END_STREAM, 1, b"\x02\0\0\0\0\0\0\0"),
    "continuation": frame(HEADERS, 0, 1, block(request("Say")[:3])) + frame(CONTINUATION, END_HEADERS, 1,
                    block(request("Say")[3:])) + message(1, b"x", end=True),
    "window_zero": frame(SETTINGS, 0, 0, b"\0\x04" + u32(0)) + call(1, "Split", b"3:1000") + call(3, "Say", b"size:90000"),
    "pings": frame(PING, 0, 0, b"12345678") * 4,
    "resets": b"".join(call(s, "Say", b"hold") + frame(RST, 0, s, u32(8)) for s in range(1, 60, 2)),
    "gaps": call(5, "Say", b"x") + call(3, "Say", b"y"),
    "priority": frame(PRIORITY, 0, 3, u32(1) + b"\x10") + frame(PRIORITY, 0, 3, u32(3) + b"\x10"),
    "too_large": headers(1, request("Say")) + frame(DATA, 0, 1, b"\0\xff\xff\xff\xff"),
    "goaway": call(1, "Say", b"hold") + frame(GOAWAY, 0, 0, u32(0) + u32(0)) + call(3, "Say", b"x"),
    "nested": headers(1, request("Say")) + frame(DATA, END_STREAM, 1, b"\0" + u32(200) + b"\x0b" * 200),
    "unary_twice": headers(1, request("Say")) + message(1, b"a") + message(1, b"b", end=True),
    "cut": headers(1, request("Say")) + frame(DATA, END_STREAM, 1, b"\0\0\0"),
}

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, seed in SEEDS.items():
    for at, (pieces, mode) in enumerate(((0, 0), (7, 3), (64, 6))):
        (folder / f"{name}_{at}").write_bytes(bytes([pieces, mode]) + HELLO + seed)
