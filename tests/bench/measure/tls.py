# SPDX-License-Identifier: Apache-2.0
"""Calls over TLS, and what a handshake costs a server, in full and resumed."""
import socket
import ssl

from .table import pick, show

RATIOS = [("mrpc", "nghttpd"), ("mrpc", "grpc-go"), ("mrpc", "grpc++ async")]


def client_context(bench):
    context = ssl.create_default_context(cafile=bench.folder / "certificate.pem")
    context.set_alpn_protocols(["h2"])
    context.set_ecdh_curve(bench.settings["tls"]["curve"])
    return context


def connect(context, port, session=None):
    """A connection whose server has finished its handshake: its first frame, which is SETTINGS, has come."""
    s = context.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname="localhost", session=session)
    s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
    if not s.recv(9):
        raise RuntimeError("the server closed the connection")
    return s


def handshakes(bench, server, resumed):
    context, count, session = client_context(bench), bench.settings["tls"]["handshakes"], None
    for _ in range(5):   # warm up, and fetch a ticket
        s = connect(context, server.port)
        session = s.session
        s.close()
    before, reused = server.cpu_seconds(), 0
    for _ in range(count):
        s = connect(context, server.port, session if resumed else None)
        reused += s.session_reused
        s.close()
    return {"us": (server.cpu_seconds() - before) / count * 1e6, "reused": reused / count}


def measure(bench):
    sides = [side for side in bench.sides if "tls" in side.commands]
    servers = {side.name: side.start("tls") for side in sides}
    settings = bench.settings["tls"]
    try:
        return {
            "calls": bench.interleaved(sides, lambda side: bench.h2load(
                side, servers[side.name], settings["calls"], settings["connections"], settings["streams"], tls=True)),
            "full": bench.interleaved(sides, lambda side: handshakes(bench, servers[side.name], False)),
            "resumed": bench.interleaved(sides, lambda side: handshakes(bench, servers[side.name], True)),
        }
    finally:
        for server in servers.values():
            server.stop()


def report(bench, result):
    settings = bench.settings["tls"]
    show("TLS, us of CPU", [side.name for side in bench.sides], [
        (f"call at {settings['connections']} x {settings['streams']}", pick(result["calls"], "us_per_call"), ".2f"),
        ("full handshake", pick(result["full"], "us"), ".0f"),
        ("resumed handshake", pick(result["resumed"], "us"), ".0f"),
        ("  of them resumed", pick(result["resumed"], "reused"), ".0%"),
    ], RATIOS)
