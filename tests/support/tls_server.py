# SPDX-License-Identifier: Apache-2.0
"""A mltrainerd with TLS, and certificates made for it."""
import contextlib
import subprocess
import tempfile
from pathlib import Path

from server import Server


def make_certificates(folder, clients=("client",)):
    """An authority, a server for localhost and clients with a name each, by openssl; files in @folder."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=ca",
            "-keyout", "ca.key", "-out", "ca.pem")
    names = {"server": "subjectAltName=DNS:localhost,IP:127.0.0.1", **{name: f"subjectAltName=DNS:{name}" for name in clients}}
    for name, extension in names.items():
        Path(folder, f"{name}.ext").write_text(extension + "\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout",
                f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-extfile", f"{name}.ext", "-out", f"{name}.pem")


@contextlib.contextmanager
def tls_server(*more, clients=("client",)):
    with tempfile.TemporaryDirectory() as folder:
        make_certificates(folder, clients)
        options = ["--tls-certificate", f"{folder}/server.pem", "--tls-key", f"{folder}/server.key"]
        options += [option.format(folder) for option in more]
        with Server(*options) as server:
            yield server, folder
