# SPDX-License-Identifier: Apache-2.0
"""What a unary call costs libmrpc's server, beside nghttpd serving a file of 80 bytes, in the same run.

The server has core 0, the load generator (h2load for both) core 1. CPU is the server's own, from the scheduler's account.
Figures are medians over the repeats, taken in turns. Memory is the growth of RSS by connections that have made one call.
"""
import argparse
import json
import re
import socket
import statistics
import struct
import tempfile
from pathlib import Path

from processes import Pinned, free_port, on_load_core

ROOT = Path(__file__).resolve().parents[2]
SHAPES = [(1, 1), (1, 10), (1, 100), (16, 1), (16, 10), (16, 100)]
REQUEST = bytes([0, 0, 0, 0, 7, 0x0A, 5]) + b"world"  # HelloRequest {name: "world"} in its gRPC frame


def start_mrpc():
    port = free_port()
    program = ROOT / "build/release/bin/mrpc_bench_server"
    return Pinned([str(program), f"127.0.0.1:{port}", "1"], port)


def start_nghttpd(folder):
    (folder / "80").write_bytes(b"x" * 80)
    port = free_port()
    return Pinned(["nghttpd", "-d", str(folder), "--no-tls", "-a", "127.0.0.1", str(port)], port)


def load(server, calls, connections, streams, grpc, request_file):
    command = ["h2load", "-n", str(calls), "-c", str(connections), "-m", str(streams)]
    if grpc:
        command += ["-d", request_file, "-H", "content-type: application/grpc", "-H", "te: trailers",
                    f"http://127.0.0.1:{server.port}/helloworld.Greeter/SayHello"]
    else:
        command += [f"http://127.0.0.1:{server.port}/80"]
    before = server.cpu_seconds()
    report = on_load_core(command)
    used = server.cpu_seconds() - before
    done = int(re.search(r"(\d+) succeeded", report)[1])
    if done != calls:
        raise RuntimeError(f"only {done} of {calls} calls succeeded\n{report}")
    return used / calls * 1e6


# The smallest client that can hold an idle connection: fixed frames, no table, no reading but for the end of the reply.
def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def one_call(port, grpc):
    s = socket.create_connection(("127.0.0.1", port), 5)
    path = "/helloworld.Greeter/SayHello" if grpc else "/80"
    headers = literal(":method", "POST" if grpc else "GET") + literal(":scheme", "http") + literal(":path", path)
    headers += literal(":authority", "localhost")
    if grpc:
        headers += literal("content-type", "application/grpc") + literal("te", "trailers")
    data = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + frame(1, 4 if grpc else 5, 1, headers)
    s.sendall(data + (frame(0, 1, 1, REQUEST) if grpc else b"") + frame(4, 1, 0, b""))
    buffer = b""
    while True:
        more = s.recv(4096)
        if not more:
            raise RuntimeError("the server closed the connection")
        buffer += more
        rest = buffer
        while len(rest) >= 9:
            size = int.from_bytes(rest[:3], "big")
            if rest[3] in (0, 1) and rest[4] & 1 and len(rest) >= 9 + size:
                return s
            rest = rest[9 + size:]


def memory_per_connection(server, count, grpc):
    warm = [one_call(server.port, grpc) for _ in range(10)]
    before = server.rss_kib()
    held = [one_call(server.port, grpc) for _ in range(count)]
    grown = server.rss_kib() - before
    for s in warm + held:
        s.close()
    return grown / count


def measure(calls, repeats, connections):
    result = {"calls": calls, "repeats": repeats, "shapes": [], "idle_connections": connections}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        request_file = folder / "request"
        request_file.write_bytes(REQUEST)
        ours, theirs = start_mrpc(), start_nghttpd(folder)
        try:
            for c, m in SHAPES:
                a, b = [], []
                for _ in range(repeats):
                    a.append(load(ours, calls, c, m, True, str(request_file)))
                    b.append(load(theirs, calls, c, m, False, None))
                a, b = statistics.median(a), statistics.median(b)
                result["shapes"].append({"connections": c, "streams": m, "mrpc_us": a, "nghttpd_us": b, "ratio": a / b})
            result["mrpc_rss_kib"], result["nghttpd_rss_kib"] = ours.rss_kib(), theirs.rss_kib()
            result["mrpc_idle_kib"] = memory_per_connection(ours, connections, True)
            result["nghttpd_idle_kib"] = memory_per_connection(theirs, connections, False)
        finally:
            ours.stop()
            theirs.stop()
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=50000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--smoke", action="store_true", help="small, only to show that it works")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.calls, arguments.repeats, arguments.connections = 2000, 1, 50
    result = measure(arguments.calls, arguments.repeats, arguments.connections)
    print(f"{'conn x streams':>14} {'mrpc us/call':>13} {'nghttpd us/call':>16} {'ratio':>6}")
    for shape in result["shapes"]:
        label = f"{shape['connections']} x {shape['streams']}"
        print(f"{label:>14} {shape['mrpc_us']:13.2f} {shape['nghttpd_us']:16.2f} {shape['ratio']:6.2f}")
    print(f"idle connection after one call: mrpc {result['mrpc_idle_kib']:.1f} KiB, nghttpd {result['nghttpd_idle_kib']:.1f} KiB")
    print(f"RSS after the load: mrpc {result['mrpc_rss_kib']} KiB, nghttpd {result['nghttpd_rss_kib']} KiB")
    out = ROOT / "build/bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "runtime.json").write_text(json.dumps(result, indent=2) + "\n")


main()
