# SPDX-License-Identifier: Apache-2.0
"""Ways to the server: unix sockets, TLS, no server, a server that does not answer."""
import os
import signal
import socket
import tempfile
import time

from cases import case, wait_until
from mltctl import DEADLINE_EXCEEDED, FAILED, UNAVAILABLE, USAGE, Mltctl
from server import Server
from tls_server import make_certificates, tls_server


@case
def a_unix_socket_is_an_address():
    with tempfile.TemporaryDirectory() as folder:
        path = f"unix:{folder}/socket"
        with Server("--listen", path):
            assert Mltctl(path)("server", "info") != ""


@case
def no_server_is_said_with_the_way_out():
    text = Mltctl("127.0.0.1:1").error("registry", "ls", code=UNAVAILABLE)
    assert "connect to 127.0.0.1:1" in text and "MLTRAINER_SERVER" in text
    assert "nosuch.invalid" in Mltctl("nosuch.invalid:1").error("registry", "ls", code=UNAVAILABLE)
    Mltctl("unix:/nonexistent/socket").error("registry", "ls", code=UNAVAILABLE)
    Mltctl("not an address").error("registry", "ls", code=USAGE)


@case
def a_silent_server_costs_no_more_than_the_timeout():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        ctl = Mltctl(f"127.0.0.1:{silent.getsockname()[1]}")
        text = ctl.error("--timeout", "0.5", "registry", "ls", code=DEADLINE_EXCEEDED)
        assert 0.4 < time.monotonic() - began < 60, text


@case
def tls_is_verified():
    with tls_server() as (server, folder):
        assert Mltctl(server.address, "--tls-ca", f"{folder}/ca.pem")("server", "info") != ""
        by_variable = Mltctl(server.address)
        by_variable.environment["MLTRAINER_CA"] = f"{folder}/ca.pem"
        assert by_variable("server", "info") != ""
        Mltctl(server.address, "--tls").error("server", "info", code=UNAVAILABLE)
        Mltctl(server.address).error("server", "info", code=UNAVAILABLE)
        Mltctl(server.address, "--tls-ca", f"{folder}/ca.pem", "--tls-server-name", "other").error("server", "info",
                                                                                                   code=UNAVAILABLE)
        Mltctl(server.address, "--tls-ca", f"{folder}/nosuch.pem").error("server", "info", code=FAILED)


@case
def a_client_certificate_is_asked_for():
    with tls_server("--tls-client-ca", "{}/ca.pem") as (server, folder):
        Mltctl(server.address, "--tls-ca", f"{folder}/ca.pem").error("server", "info", code=UNAVAILABLE)
        ours = ("--tls-ca", f"{folder}/ca.pem", "--tls-certificate", f"{folder}/client.pem", "--tls-key", f"{folder}/client.key")
        assert Mltctl(server.address, *ours)("server", "info") != ""


@case
def certificates_are_read_again_on_reload():
    with tls_server() as (server, folder):
        ctl = Mltctl(server.address, "--tls-ca", f"{folder}/ca.pem")
        ctl("server", "info")
        make_certificates(folder)
        ctl.error("server", "info", code=UNAVAILABLE)
        os.kill(server.pid, signal.SIGHUP)
        wait_until(lambda: ctl.run("server", "info").returncode == 0, "the new certificate is served")
