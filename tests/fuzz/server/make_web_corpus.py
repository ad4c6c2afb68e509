#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the seeds of the fuzzer web_session: make_web_corpus.py FOLDER. Each request comes whole and in small pieces."""
import base64
import gzip
import pathlib
import struct
import sys


def request(line, *fields, body=b"", host="localhost"):
    head = [line + " HTTP/1.1", "Host: " + host, *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def counted(line, *fields, body=b""):
    return request(line, *fields, f"Content-Length: {len(body)}", body=body)


def message(text, flag=0):
    body = b"\x0a" + bytes([len(text)]) + text if flag == 0 else text
    return bytes([flag]) + struct.pack(">I", len(body)) + body


def call(method, *texts, kind="application/grpc-web", fields=()):
    frames = [message(text) for text in texts]
    if "text" in kind:
        frames = [base64.b64encode(frame) for frame in frames]
    return counted("POST /test.Echo/" + method, "Content-Type: " + kind, *fields, body=b"".join(frames))


def frames(*messages):
    return b"".join(b"\0" + struct.pack(">I", len(message)) + message for message in messages)


def connect(body, *fields, kind="application/json", method="Say"):
    return counted("POST /test.Echo/" + method, "Content-Type: " + kind, *fields, body=body)


CHUNKED = "Transfer-Encoding: chunked"
SEEDS = {
    "get": request("GET /tree/a?b=c", "Accept: */*") + request("HEAD /echo") + request("GET /parts"),
    "ahead": request("GET /hold") + request("GET /tree/x") + counted("POST /echo", body=b"hello") + request("GET /hold"),
    "chunks": request("POST /echo", CHUNKED, body=b"5;x=y\r\nhello\r\n0\r\nT: u\r\n\r\n") + request("GET /tree/"),
    "long_body": counted("POST /echo", body=b"x" * 4097),
    "continue": counted("POST /echo", "Expect: 100-continue", body=b"ok"),
    "refused": counted("POST /x", body=b"1234") + request("PUT /tree/x") + request("OPTIONS *") + request("DELETE /hold"),
    "close": request("GET /echo", "Connection: close") + request("GET /echo"),
    "old": b"GET /parts HTTP/1.0\r\nHost: localhost\r\n\r\n",
    "absolute": b"GET http://127.0.0.1:1/echo HTTP/1.1\r\nHost: x\r\n\r\n",
    "foreign": request("GET /echo", host="evil.example") + request("GET /echo", "Origin: null"),
    "cors": request("OPTIONS /echo", "Origin: https://pages.example", "Access-Control-Request-Method: POST",
                    "Access-Control-Request-Headers: x-a, x-b") + request("GET /echo", "Origin: https://pages.example"),
    "both_lengths": request("POST /echo", "Content-Length: 3", CHUNKED, body=b"0\r\n\r\n"),
    "folded": b"GET /echo HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
    "bare_lf": b"GET /echo HTTP/1.1\nHost: localhost\n\n",
    "bad_chunk": request("POST /echo", CHUNKED, body=b"5 \r\nhello\r\n"),
    "call": call("Say", b"hello") + call("Say", b"fail:5:why") + call("Split", b"3:10"),
    "call_text": call("Say", b"hi", kind="application/grpc-web-text+proto") + call("Join", b"a", b"bb", kind="application/grpc-web-text"),
    "call_hold": call("Say", b"hold", fields=["grpc-timeout: 50m"]) + request("GET /echo"),
    "call_chat": call("Chat", b"a", b"bb", b"ccc"),
    "call_bad": call("Say", b"x", kind="application/grpc-web+json") + call("Say", b"x", fields=["grpc-timeout: 1x"]),
    "call_not_base64": counted("POST /test.Echo/Say", "Content-Type: application/grpc-web-text", body=b"AAAA=AAA"),
    "call_cut": counted("POST /test.Echo/Say", "Content-Type: application/grpc-web", body=b"\0\0\0\0\x09abc"),
    "connect": connect(b'"hello"') + connect(b'"fail:5:why"') + connect(b'"details"') + connect(b'"trailers:2"'),
    "connect_proto": connect(b"\x0a\x05hello", kind="application/proto") + connect(b"", kind="application/proto"),
    "connect_hold": connect(b'"hold"', "Connect-Timeout-Ms: 50") + connect(b'"x"', "Connect-Protocol-Version: 2"),
    "connect_gzip": connect(gzip.compress(b'"size:900"', mtime=0), "Content-Encoding: gzip", "Accept-Encoding: gzip"),
    "connect_get": request("GET /test.Echo/Ask?connect=v1&encoding=json&message=%22a+b%22") +
                   request("GET /test.Echo/Ask?base64=1&encoding=proto&message=CgE_") +
                   request("GET /test.Echo/Say?encoding=json&message=1&compression=gzip"),
    "connect_stream": connect(frames(b'"3:10"'), kind="application/connect+json", method="Split") +
                      connect(frames(b'"a"', b'"bb"'), kind="application/connect+json", method="Join") +
                      connect(frames(b"\x0a\x01a"), kind="application/connect+proto", method="Chat"),
    "connect_bad": connect(b"{") + connect(b"x" * 70000) + connect(b'"x"', method="Split"),
    "native": counted("POST /test.Echo/Say", "Content-Type: application/grpc", body=message(b"x")),
}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, seed in SEEDS.items():
        for i, mode in enumerate((b"\0\0", b"\x06\x06")):
            (folder / f"{name}_{i}").write_bytes(mode + seed)


main()
