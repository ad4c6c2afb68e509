# SPDX-License-Identifier: Apache-2.0
"""mltrainerd over TLS: certificates that are replaced, wrong or near their end while it serves (T06 to T08 of faults.md)."""
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from server import Server

PATIENCE_S = 120


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Files:
    """A self-signed certificate for 127.0.0.1 in a folder of its own."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="mlt-tls-")
        self.key = Path(self.folder.name, "key.pem")
        self.certificate = Path(self.folder.name, "cert.pem")
        self.issue()

    def issue(self, days=90):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=t",
                "-days", str(days), "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                "-keyout", f"{self.key}.new", "-out", f"{self.certificate}.new")
        os.chmod(f"{self.key}.new", 0o600)
        os.replace(f"{self.key}.new", self.key)
        os.replace(f"{self.certificate}.new", self.certificate)
        return self.certificate.read_bytes()

    def server(self):
        return Server("--tls-certificate", str(self.certificate), "--tls-key", str(self.key))


def check(channel):
    reply = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=60)
    assert reply.status == health_pb2.HealthCheckResponse.SERVING


def serves(server, root):
    """Does a new connection that trusts this certificate alone get through?"""
    with grpc.secure_channel(server.address, grpc.ssl_channel_credentials(root)) as channel:
        try:
            check(channel)
            return True
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE, error
            return False


def wait_for(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.1)


def t06_a_changed_certificate_is_taken_and_a_stream_goes_on():
    files = Files()
    old = files.certificate.read_bytes()
    with files.server() as server, grpc.secure_channel(server.address, grpc.ssl_channel_credentials(old)) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        next(watch)
        new = files.issue()
        wait_for(lambda: serves(server, new), "the changed files to be read")
        assert not serves(server, old)
        check(channel)
        assert watch.is_active(), "the running stream was dropped"
        newest = files.issue()
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: serves(server, newest), "SIGHUP to be obeyed")
        watch.cancel()


def t07_bad_files_leave_the_old_certificate():
    files = Files()
    root = files.certificate.read_bytes()
    key, certificate = files.key.read_bytes(), files.certificate.read_bytes()
    another = Files()
    other = another.key.read_bytes()
    variants = {
        "a key cut short": lambda: files.key.write_bytes(key[:40]),
        "another key": lambda: files.key.write_bytes(other),
        "no key": lambda: files.key.unlink(),
        "a key that everybody reads": lambda: (files.key.write_bytes(key), os.chmod(files.key, 0o644)),
        "a certificate that is none": lambda: (os.chmod(files.key, 0o600), files.certificate.write_bytes(b"none\n")),
        "no certificate": lambda: files.certificate.unlink(),
    }
    with files.server() as server:
        for name, spoil in variants.items():
            before = server.log_path.read_text().count("Z error ")
            spoil()
            server.process.send_signal(signal.SIGHUP)
            wait_for(lambda: server.log_path.read_text().count("Z error ") > before, f"an error about {name}")
            assert serves(server, root), f"{name}: the old certificate is not served any more"
        files.certificate.write_bytes(certificate)
        assert serves(server, root)


def a_key_that_everybody_reads_is_refused_at_the_start():
    files = Files()
    os.chmod(files.key, 0o644)
    try:
        with files.server():
            raise AssertionError("it started")
    except Exception as error:
        assert "everybody can read this key" in str(error), error


def t08_the_end_of_a_certificate_is_told_in_time():
    files = Files()
    files.issue(days=5)
    with files.server() as server:
        wait_for(lambda: "expires in" in server.log_path.read_text(), "a warning")
        files.issue(days=90)
        wait_for(lambda: "have changed" in server.log_path.read_text(), "the new files to be read")
        assert server.log_path.read_text().count("expires in") == 1


failed = 0
for case in (t06_a_changed_certificate_is_taken_and_a_stream_goes_on, t07_bad_files_leave_the_old_certificate,
             a_key_that_everybody_reads_is_refused_at_the_start, t08_the_end_of_a_certificate_is_told_in_time):
    try:
        case()
        print(f"ok integration/tls/{case.__name__}")
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print(f"not ok integration/tls/{case.__name__}")
        failed = 1
sys.exit(failed)
