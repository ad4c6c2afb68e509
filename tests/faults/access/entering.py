# SPDX-License-Identifier: Apache-2.0
"""Who gets in, by the real server with access.mode token (rows A01, A03 to A05, A09 and A10 of
faults.md)."""
import contextlib
import http.client
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc
from grpc_status import rpc_status
from google.rpc import error_details_pb2
from mltrainer.admin.v1 import admin_pb2, admin_pb2_grpc
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

from cases import CASES, case, main, wait_until
from closed import DENIED, NOBODYS, UNAUTHENTICATED, bearer, closed, code_of, mltctl
from server import Server, program
from tls_server import tls_server


def get(server, path, token=None):
    connection = http.client.HTTPConnection(server.address, timeout=30)
    connection.request("GET", path, headers={"authorization": f"Bearer {token}"} if token else {})
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


@case
def A01_what_is_no_valid_token_is_told_so_and_no_more(it):
    revoked = it.make("gone", "viewer")
    it.revoke(revoked.token.token_id)
    words = set()
    for metadata in (bearer(NOBODYS), bearer(revoked.secret), bearer("x"), bearer(it.root[:-1]), bearer(it.root + "A"),
                     [("authorization", "Basic cm9vdDpyb290")], [("authorization", it.root)], [("authorization", "")],
                     bearer(it.root) + bearer(it.root)):
        try:
            it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=metadata)
            raise AssertionError(f"{metadata} was let in")
        except grpc.RpcError as error:
            assert error.code() == UNAUTHENTICATED, (metadata, error)
            words.add(error.details())
    assert words == {"the credentials are not valid"}, words
    assert code_of(lambda: it.registry.ListServices(registry_pb2.ListServicesRequest())) == UNAUTHENTICATED
    it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(it.root))
    it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=[("authorization", f"bearer  {it.root}")])


@case
def A01_the_web_asks_too(it):
    viewer, service = it.make("v", "viewer").secret, it.make("a", "anyone").secret
    for path in ("/metrics", "/v1/http_sd"):
        assert [get(it.server, path, token) for token in (None, NOBODYS, service, viewer)] == [401, 401, 403, 200], path
    assert [get(it.server, path) for path in ("/healthz", "/", "/page/page.js")] == [200, 200, 200]
    connection = http.client.HTTPConnection(it.server.address, timeout=30)
    answers = []
    for token in (None, viewer):
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        connection.request("POST", "/mltrainer.registry.v1.RegistryService/ListServices", "{}", headers)
        response = connection.getresponse()
        answers.append((response.status, json.loads(response.read()).get("code")))
    connection.close()
    assert answers == [(401, "unauthenticated"), (200, None)], answers


ROLES = ("anyone", "viewer", "service", "trainer", "operator", "admin")


@contextlib.contextmanager
def policy_file(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "policy.yaml")
        path.write_text(text)
        yield path


@case
def A03_a_policy_that_says_nothing_or_nonsense_starts_no_server():
    for text, why in (("", "empty"), ("roles: [", "well-formed"), ("rolls: {}\n", '"rolls"'),
                      ("roles:\n  a: {allow: [everything]}\n", '"everything"'), ("identities: {tls/a: [king]}\n", '"king"')):
        with policy_file(text) as path, tempfile.TemporaryDirectory() as data:
            for more in (["--check"], ["--data-dir", data, "--listen", "127.0.0.1:0"]):
                done = subprocess.run([program(), "--access-mode", "token", "--access-policy", path, *more], capture_output=True, text=True, timeout=60)
                assert done.returncode == 2 and why in done.stderr and str(path) in done.stderr, (text, more, done)


@case
def A03_a_policy_that_nobody_asks_starts_no_server():
    with policy_file("roles:\n  odd: {allow: [read]}\n") as path, tempfile.TemporaryDirectory() as data:
        for more in (["--check"], ["--data-dir", data, "--listen", "127.0.0.1:0"]):
            done = subprocess.run([program(), "--access-policy", path, *more], capture_output=True, text=True, timeout=60)
            assert done.returncode == 2 and "access.mode" in done.stderr, done


@case
def A03_on_a_reload_the_last_good_policy_stays():
    """And one that takes a right away ends streams."""
    with policy_file("roles:\n  odd: {allow: [read]}\n") as path, closed("--access-policy", str(path)) as it:
        odd = it.make("odd", "odd").secret

        def reload():
            results = it.admin.Reload(admin_pb2.ReloadRequest(), metadata=bearer(it.root)).results
            return next(result for result in results if result.name == "policy")

        watch = it.registry.Watch(registry_pb2.WatchRequest(), metadata=bearer(odd))
        next(watch)
        path.write_text("roles:\n  odd: {allow: [reed]}\n")
        failed = reload()
        assert not failed.applied and '"reed"' in failed.message, failed
        it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(odd))
        assert watch.is_active()
        path.write_text("roles:\n  odd: {allow: [work]}\n")
        assert reload().applied
        assert code_of(lambda: it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(odd))) == DENIED
        assert code_of(lambda: list(watch)) == UNAUTHENTICATED


@case
def A04_certificates_have_the_roles_of_the_policy_and_what_is_denied_is_denied():
    text = """
roles:
  quiet: {deny: [mltrainer.registry.v1.RegistryService/ListServices]}
identities:
  tls/client: [viewer, quiet]
"""
    with policy_file(text) as path, tls_server("--tls-client-ca", "{}/ca.pem", "--access-mode", "token", "--access-policy",
                                               str(path)) as (server, folder):
        authority, key, chain = (Path(folder, name).read_bytes() for name in ("ca.pem", "client.key", "client.pem"))
        with grpc.secure_channel(server.address, grpc.ssl_channel_credentials(authority, key, chain)) as channel:
            registry = registry_pb2_grpc.RegistryServiceStub(channel)
            registry.GetRegistryInfo(registry_pb2.GetRegistryInfoRequest())
            assert code_of(lambda: registry.ListServices(registry_pb2.ListServicesRequest())) == DENIED
            key = registry_pb2.InstanceKey(service="a", id="b")
            assert code_of(lambda: registry.Deregister(registry_pb2.DeregisterRequest(key=key))) == DENIED
            path.write_text("identities: {tls/client: [viewer]}\n")
            os.kill(server.pid, signal.SIGHUP)
            wait_until(lambda: code_of(lambda: registry.ListServices(registry_pb2.ListServicesRequest())) == grpc.StatusCode.OK,
                       "the new policy is in force")


@case
def A05_who_tries_tokens_is_slowed_and_who_has_one_is_not():
    with closed() as it:
        seen = []

        def slowed():
            try:
                it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(NOBODYS))
            except grpc.RpcError as error:
                seen.append(error.code())
                return error if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED else None
        last = wait_until(slowed, "it to be slowed")
        assert seen[:20] == [UNAUTHENTICATED] * 20 and set(seen[20:-1]) <= {UNAUTHENTICATED}, seen
        retry = error_details_pb2.RetryInfo()
        assert rpc_status.from_call(last).details[0].Unpack(retry) and retry.retry_delay.ToMilliseconds() > 0
        it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(it.root))


@case
def A09_streams_of_a_revoked_token_end(it):
    mine, others = it.make("mine", "viewer"), it.make("others", "viewer")
    streams = [it.registry.Watch(registry_pb2.WatchRequest(), metadata=bearer(token.secret)) for token in (mine, mine, others)]
    for stream in streams:
        next(stream)
    assert it.revoke(mine.token.token_id).HasField("revoke_time")
    for stream in streams[:2]:
        assert code_of(lambda: list(stream)) == UNAUTHENTICATED, stream
    assert streams[2].is_active()
    streams[2].cancel()
    assert code_of(lambda: it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(mine.secret))) == UNAUTHENTICATED


@case
def A09_who_may_not_make_tokens_makes_none(it):
    for role in set(ROLES) - {"admin"}:
        token = it.make(f"maker-{role}", role).secret
        assert code_of(lambda: it.make("more", "admin", by=token)) == DENIED, role
        assert code_of(lambda: it.make("same", role, by=token)) == DENIED, role


@case
def A09_nobody_gives_what_he_has_not():
    policy = "roles:\n  maker: {allow: [read, mltrainer.admin.v1.AdminService/CreateToken]}\n"
    with policy_file(policy) as path, closed("--access-policy", str(path)) as it:
        maker = it.make("maker", "maker").secret
        for roles in (["admin"], ["trainer"], ["viewer", "operator"]):
            assert code_of(lambda: it.make("maker", *roles, by=maker)) == DENIED, roles
        assert code_of(lambda: it.make("somebody-else", "viewer", by=maker)) == DENIED
        viewer = it.make("maker", "viewer", by=maker).secret
        it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(viewer))


@case
def A10_the_first_secret_makes_one_token():
    with Server("--access-mode", "token") as server:
        file = Path(server.data_dir, "bootstrap-token")
        secret = file.read_text().strip()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        code, _, error = mltctl(server, file, "registry", "ls")
        assert code == 64 + 7 and "bootstrap has no right" in error, error
        code, _, error = mltctl(server, file, "token", "create", "ada", "--role", "trainer")
        assert code == 64 + 9 and "the first token" in error, error
        kept = Path(server.data_dir, "root.token")
        code, text, error = mltctl(server, file, "token", "create", "root", "--role", "admin", "--to", kept)
        assert code == 0 and stat.S_IMODE(kept.stat().st_mode) == 0o600, error
        assert kept.read_text().strip() not in text
        assert not file.exists(), "the file of the first secret is still there"
        kept_secret = Path(server.data_dir, "again")
        kept_secret.write_text(secret)
        code, _, error = mltctl(server, kept_secret, "token", "create", "root", "--role", "admin")
        assert code == 64 + 16, error
        code, text, _ = mltctl(server, kept, "token", "ls")
        assert code == 0 and text.count("valid") == 1 and "root" in text, text
        server.terminate()
        server.start()  # there is somebody who may make tokens: no second way in
        assert not file.exists()
        code, text, _ = mltctl(server, kept, "token", "revoke", text.splitlines()[1].split()[0])
        assert code == 0 and "revoked" in text, text
        server.terminate()
        server.start()  # and now there is nobody
        assert file.exists() and file.read_text().strip() != secret


@case
def A10_of_many_at_once_one_uses_it():
    with Server("--access-mode", "token") as server, grpc.insecure_channel(server.address) as channel:
        secret = Path(server.data_dir, "bootstrap-token").read_text().strip()
        create = admin_pb2_grpc.AdminServiceStub(channel).CreateToken
        request = admin_pb2.CreateTokenRequest(identity="root", roles=["admin"])
        calls = [create.future(request, metadata=bearer(secret)) for _ in range(16)]
        codes = [call.code() for call in calls]
        assert codes.count(grpc.StatusCode.OK) == 1 and set(codes) == {grpc.StatusCode.OK, UNAUTHENTICATED}, codes


@case
def what_a_token_may_not_be_is_named(it):
    for wrong, field in ((dict(identity=""), "identity"), (dict(identity="a b"), "identity"), (dict(identity="x" * 129), "identity"),
                         (dict(roles=[]), "roles"), (dict(roles=["king"]), "roles"), (dict(roles=["bootstrap"]), "roles"),
                         (dict(roles=["viewer"] * 17), "roles"), (dict(description="x" * 257), "description"),
                         (dict(request_id="a/b"), "request_id"), (dict(lifetime={"seconds": 59}), "lifetime"),
                         (dict(lifetime={"seconds": 60, "nanos": 1}), "lifetime"), (dict(lifetime={"seconds": 1 << 40}), "lifetime")):
        request = admin_pb2.CreateTokenRequest(**{"identity": "ada", "roles": ["viewer"], **wrong})
        try:
            it.admin.CreateToken(request, metadata=bearer(it.root))
            raise AssertionError(f"{wrong} was taken")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and error.details().startswith(field), error
    first = it.make("ada", "viewer", request_id="once", lifetime={"seconds": 60})
    assert first.token.expire_time.seconds - first.token.create_time.seconds == 60
    assert code_of(lambda: it.make("ada", "viewer", request_id="once")) == grpc.StatusCode.ALREADY_EXISTS
    assert code_of(lambda: it.revoke("0" * 16)) == grpc.StatusCode.NOT_FOUND
    assert code_of(lambda: it.revoke("nonsense")) == grpc.StatusCode.INVALID_ARGUMENT


@case
def without_the_mode_all_are_let_in_but_a_bad_token_is_told():
    with Server() as server, grpc.insecure_channel(server.address) as channel:
        registry = registry_pb2_grpc.RegistryServiceStub(channel)
        registry.ListServices(registry_pb2.ListServicesRequest())
        assert not Path(server.data_dir, "bootstrap-token").exists()
        assert code_of(lambda: registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(NOBODYS))) == UNAUTHENTICATED
        token = admin_pb2_grpc.AdminServiceStub(channel).CreateToken(admin_pb2.CreateTokenRequest(identity="ada", roles=["viewer"]))
        registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(token.secret))


ROWS = [word.lower() for word in sys.argv[1:]]
if ROWS:
    CASES[:] = [function for function in CASES if function.__name__.lower().startswith(tuple(ROWS))]
    sys.argv[1:] = []
if CASES:
    main("access", setup=closed)
