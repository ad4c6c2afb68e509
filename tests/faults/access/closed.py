# SPDX-License-Identifier: Apache-2.0
"""A real server that asks who calls, with a token of the role admin, for the tests of this folder."""
import contextlib
import os
import subprocess
from pathlib import Path

import grpc
from mltrainer.admin.v1 import admin_pb2, admin_pb2_grpc
from mltrainer.registry.v1 import registry_pb2_grpc

from server import Server

PROGRAM = Path(os.environ["MLT_BUILD"]) / "bin/mltctl"
UNAUTHENTICATED, DENIED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED
NOBODYS = "mlt_" + "A" * 43


def bearer(token):
    return [("authorization", f"Bearer {token}")]


def mltctl(server, token_file, *arguments):
    done = subprocess.run([PROGRAM, "--server", server.address, "--token-file", token_file, *arguments], capture_output=True,
                          text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def code_of(call):
    """The status of a call that ends by itself."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


class Closed:
    """A server that asks who calls, with a token of the role admin."""

    def __init__(self, server):
        self.server = server
        self.channel = grpc.insecure_channel(server.address)
        self.admin = admin_pb2_grpc.AdminServiceStub(self.channel)
        self.registry = registry_pb2_grpc.RegistryServiceStub(self.channel)
        self.root = self.make("root", "admin", by=Path(server.data_dir, "bootstrap-token").read_text().strip()).secret

    def make(self, identity, *roles, by=None, **more):
        request = admin_pb2.CreateTokenRequest(identity=identity, roles=roles, **more)
        return self.admin.CreateToken(request, metadata=bearer(by or self.root))

    def revoke(self, token_id):
        return self.admin.RevokeToken(admin_pb2.RevokeTokenRequest(token_id=token_id), metadata=bearer(self.root)).token


@contextlib.contextmanager
def closed(*options):
    with Server("--access-mode", "token", *options) as server:
        it = Closed(server)
        yield it
        it.channel.close()
