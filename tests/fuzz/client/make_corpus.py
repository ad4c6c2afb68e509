#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of the fuzzer client_session: make_corpus.py FOLDER. Frames of RFC 9113, headers as HPACK literals
without indexing, so that nothing but this file is needed to make them again."""
import gzip
import pathlib
import struct
import sys

DATA, HEADERS, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, END_HEADERS, PADDED = 1, 4, 8
OK = [(":status", "200"), ("content-type", "application/grpc")]


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def integer(value, prefix):
    limit = (1 << prefix) - 1
    if value < limit:
        return bytes([value])
    out, value = [limit], value - limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + [value])


def block(fields):
    return b"".join(b"\0" + integer(len(n), 7) + n.encode() + integer(len(v), 7) + v.encode() for n, v in fields)


def headers(stream, fields, end=False):
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(fields))


def message(stream, payload, flag=0, end=False):
    return frame(DATA, END_STREAM if end else 0, stream, bytes([flag]) + struct.pack(">I", len(payload)) + payload)


def trailers(stream, *fields):
    return headers(stream, fields, end=True)


def good(stream):
    return headers(stream, OK) + message(stream, b"response") + trailers(stream, ("grpc-status", "0"))


SEEDS = {
    "three_calls": good(1) + good(3) + good(5),
    "trailers_only": headers(1, OK + [("grpc-status", "5"), ("grpc-message", "not%20here %E2%82%AC %zz %")], end=True),
    "details": headers(1, OK) + trailers(1, ("grpc-status", "9"), ("grpc-status-details-bin", "CAk"), ("x-bin", "AA,/w==")),
    "no_status": headers(1, OK) + trailers(1, ("x", "y")),
    "html": headers(1, [(":status", "404"), ("content-type", "text/html")]) + frame(DATA, END_STREAM, 1, b"<html>"),
    "informational": headers(1, [(":status", "103")]) + good(1),
    "gzip": headers(1, OK + [("grpc-encoding", "gzip")]) + message(1, gzip.compress(b"x" * 1000, mtime=0), 1)
            + trailers(1, ("grpc-status", "0")),
    "corrupt_gzip": headers(1, OK + [("grpc-encoding", "gzip")]) + message(1, b"junk", 1),
    "too_large": headers(1, OK) + frame(DATA, 0, 1, b"\0\xff\xff\xff\xff"),
    "many_messages": headers(1, OK) + b"".join(message(1, b"m" * i) for i in range(40)) + trailers(1, ("grpc-status", "0")),
    "padded": headers(1, OK) + frame(DATA, PADDED, 1, b"\3\0\0\0\0\2ab\0\0\0") + trailers(1, ("grpc-status", "0")),
    "resets": b"".join(frame(RST, 0, s, struct.pack(">I", c)) for s, c in ((1, 7), (3, 8), (5, 11))),
    "goaway": frame(GOAWAY, 0, 0, struct.pack(">II", 1, 0)) + good(1),
    "too_many_pings": frame(GOAWAY, 0, 0, struct.pack(">II", 0, 11) + b"too_many_pings"),
    "graceful": frame(GOAWAY, 0, 0, struct.pack(">II", 0x7FFFFFFF, 0)) + frame(PING, 0, 0, b"12345678")
                + frame(GOAWAY, 0, 0, struct.pack(">II", 5, 0)) + good(1) + good(3) + good(5),
    "settings": frame(SETTINGS, 0, 0, struct.pack(">HIHI", 3, 1, 4, 70000)) + frame(SETTINGS, 1, 0) + good(3),
    "windows": frame(WINDOW, 0, 0, struct.pack(">I", 1 << 20)) + frame(WINDOW, 0, 3, struct.pack(">I", 1 << 20)) + good(5),
    "window_overflow": frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFFFFFF)),
    "continuation": frame(HEADERS, 0, 1, block(OK[:1])) + frame(CONTINUATION, END_HEADERS, 1, block(OK[1:])) + message(1, b"m"),
    "push": frame(PUSH, END_HEADERS, 1, struct.pack(">I", 2) + block([(":method", "GET")])),
    "hpack_bomb": headers(1, OK + [("a", "b" * 3000)] * 30),
    "http1": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "cut": good(1)[:-5],
    "unknown_frame": frame(0x77, 0xFF, 0, b"?") + good(1),
    "data_after_end": headers(1, OK) + trailers(1, ("grpc-status", "0")) + message(1, b"late"),
}

MODES = (b"\0\0", b"\1\0", b"\7\x35")


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, bytes_ in SEEDS.items():
        for index, mode in enumerate(MODES):
            (folder / f"{name}_{index}").write_bytes(mode + bytes_)


if __name__ == "__main__":
    main()
