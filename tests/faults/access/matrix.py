# SPDX-License-Identifier: Apache-2.0
"""Every method of a real server's own reflection is called by every role: matrix.txt says who may, and of which calls the
audit log has a line (row A02 of faults.md)."""
import sys
from collections import Counter
from pathlib import Path

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from audit_log import AuditLog
from cases import CASES, case, main, wait_until
from closed import DENIED, UNAUTHENTICATED, bearer, closed, code_of

ROLES = (None, "anyone", "viewer", "service", "trainer", "operator", "admin")


def read_matrix():
    """Path -> (a mark a role, whether it changes something)."""
    rows, service = {}, None
    for line in (Path(__file__).parent / "matrix.txt").read_text().splitlines():
        words = line.split()
        if line.startswith(" "):
            assert len(words[1]) == len(ROLES) and set(words[1]) <= {"y", "-"}, line
            rows[f"/{service}/{words[0]}"] = words[1], words[2:] == ["*"]
        elif not line.startswith("#"):
            service = line
    return rows


def methods_of(channel, metadata):
    """Every method that the server has, as its own reflection says."""
    class WithToken(grpc.StreamStreamClientInterceptor):
        def intercept_stream_stream(self, continuation, details, requests):
            return continuation(details._replace(metadata=metadata), requests)
    database = ProtoReflectionDescriptorDatabase(grpc.intercept_channel(channel, WithToken()))
    pool = DescriptorPool(database)
    for name in database.get_services():
        for method in pool.FindServiceByName(name).methods:
            yield f"/{name}/{method.name}"


def assert_audited(server, calls, matrix):
    """One line for each call that was refused, or that may have changed something, and none for another."""
    log, expected = AuditLog(server.data_dir), Counter()
    for path, role, status in calls:
        if status in (DENIED, UNAUTHENTICATED):
            expected["refused", path[1:], role] += 1
        elif matrix[path][1]:
            expected["change", path[1:], role] += 1
    who = {log.hidden(f"token/{role}"): role for role in ROLES[1:]} | {"anonymous": None}

    def seen():
        return Counter((line["kind"], line["method"], who[line["who"]]) for line in log.calls() if line["who"] in who)
    wait_until(lambda: not expected - seen(), "all lines are there")
    assert seen() == expected, (seen() - expected, expected - seen())
    log.assert_whole()


@case
def A02_every_method_asks_every_role():
    """A message that cannot be decoded: who has the right gets as far as that, and nothing happens."""
    matrix, calls, wrong = read_matrix(), [], []
    with closed("--channelz", "--audit-refused-per-second", "1000000") as it:
        tokens = {role: it.make(role, role).secret for role in ROLES[1:]}
        methods = set(methods_of(it.channel, bearer(tokens["anyone"])))
        assert methods == matrix.keys(), ("not in matrix.txt", methods - matrix.keys(), "not there", matrix.keys() - methods)
        for path in sorted(methods):
            call = it.channel.stream_stream(path, request_serializer=None, response_deserializer=None)
            for role, mark in zip(ROLES, matrix[path][0]):
                status = code_of(lambda: list(call(iter([b"\xff\xff\xff"]), timeout=30,
                                                   metadata=bearer(tokens[role]) if role else None)))
                if status == grpc.StatusCode.UNIMPLEMENTED:  # it is nobody's, and nothing is asked
                    continue
                calls.append((path, role, status))
                if (status == (DENIED if role else UNAUTHENTICATED)) == (mark == "y"):
                    wrong.append(f"{path} by {role}: {status.name}")
        assert not wrong, "\n".join(wrong)
        assert_audited(it.server, calls, matrix)


ROWS = [word.lower() for word in sys.argv[1:]]
if ROWS:
    CASES[:] = [function for function in CASES if function.__name__.lower().startswith(tuple(ROWS))]
    sys.argv[1:] = []
if CASES:
    main("access")
