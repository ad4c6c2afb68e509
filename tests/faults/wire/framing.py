# SPDX-License-Identifier: Apache-2.0
"""Rows G and P: gRPC framing, metadata, protobuf."""
import base64
import gzip
import struct
import time
import zlib

from peer import CANCEL, CHECK, DATA, END_STREAM, PROTOCOL_ERROR, RST_STREAM, SERVING, Peer, frame, message
from rows import row

DISCOVER = "/mltrainer.registry.v1.RegistryService/Discover"
REGISTER = "/mltrainer.registry.v1.RegistryService/Register"
HEARTBEATS = "/mltrainer.registry.v1.RegistryService/HeartbeatStream"
WATCH = "/mltrainer.registry.v1.RegistryService/Watch"
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
RECEIVE_LIMIT = 4 << 20


def varint(value):
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def fails(peer, code, *arguments, **request):
    """The call fails with @code and the connection goes on."""
    stream = peer.call(*arguments, **request)
    assert stream.code == code, f"{stream} instead of {code}"
    assert peer.call(CHECK).code == "OK"
    return stream


@row("G01_a_prefix_of_4_GiB_is_refused_at_once")
def four_gigabytes(server):
    for size in (0xffffffff, RECEIVE_LIMIT + 1):
        with Peer(server.port) as peer:
            before = server.rss_bytes()
            number = peer.open(CHECK)
            peer.send(frame(DATA, 0, number, struct.pack(">BI", 0, size)))
            stream = peer.wait(number)
            assert stream.code == "RESOURCE_EXHAUSTED", stream   # though the message never comes
            assert server.rss_bytes() - before < 16 << 20
            assert peer.call(CHECK).messages() == [SERVING]


@row("G02_announced_bytes_take_no_memory")
def announced_only(server):
    before, peers = server.rss_bytes(), [Peer(server.port) for _ in range(20)]
    for peer in peers:
        for _ in range(90):
            number = peer.open(CHECK)
            peer.send(frame(DATA, 0, number, struct.pack(">BI", 0, RECEIVE_LIMIT) + b"x"))
    assert all(peer.ping() for peer in peers)
    assert server.rss_bytes() - before < 64 << 20, server.rss_bytes() - before    # 1,800 streams announced 7.5 GB
    for peer in peers:
        peer.socket.close()


@row("G03_a_message_cut_at_each_byte")
def cut_messages(server):
    body = message(field(1, b"abc"))
    with Peer(server.port) as peer:
        for length in range(1, len(body)):
            fails(peer, "INTERNAL", CHECK, [body[:length]])


@row("G04_no_message_and_two_messages_for_a_unary_call")
def cardinality(server):
    with Peer(server.port) as peer:
        for body in (b"", message(b"") * 2):
            fails(peer, "UNIMPLEMENTED", CHECK, [body])
        number = peer.open(CHECK, end=True)
        assert peer.wait(number).code == "UNIMPLEMENTED", peer.stream(number)


@row("G05_boundaries_of_frames_mean_nothing")
def boundaries(server):
    body = message(field(1, b""))
    with Peer(server.port) as peer:
        for cut in range(len(body) + 1):
            number = peer.open(CHECK)
            peer.send(frame(DATA, 0, number, body[:cut]) + frame(DATA, END_STREAM, number, body[cut:]))
            assert peer.wait(number).messages() == [SERVING], cut
        number = peer.open(REFLECTION)
        peer.data(number, message(field(7, b"")) * 3, end=True)
        assert len(peer.wait(number).messages()) == 3


@row("G06_compressed_without_an_encoding")
def flag_without_encoding(server):
    with Peer(server.port) as peer:
        for extra in ((), [("grpc-encoding", "identity")]):
            fails(peer, "INTERNAL", CHECK, [message(gzip.compress(b""), 1)], extra=extra)


@row("G07_unknown_encoding")
def unknown_encoding(server):
    with Peer(server.port) as peer:
        stream = fails(peer, "UNIMPLEMENTED", CHECK, [message(b"x", 1)], extra=[("grpc-encoding", "foo")])
        accepted = dict(stream.headers + (stream.trailers or [])).get("grpc-accept-encoding", "")
        assert "gzip" in accepted and "foo" not in accepted, stream


def gzip_of_nothing(mebibytes):
    """One block, that many times: nobody has to compress all of it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(b"\0" * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * mebibytes + packer.flush() + bytes(8)


@row("G08_gzip_bombs_stop_at_the_limit")
def gzip_bombs(server):
    for inflated in (64 << 20, 1 << 30):
        bomb = gzip_of_nothing(inflated >> 20)
        with Peer(server.port) as peer:
            before, cpu = server.rss_bytes(), server.cpu_s()
            fails(peer, "RESOURCE_EXHAUSTED", CHECK, [message(bomb, 1)], extra=[("grpc-encoding", "gzip")])
            assert server.rss_bytes() - before < 16 << 20 and server.cpu_s() - cpu < 5


@row("G09_broken_compression")
def broken_gzip(server):
    good = gzip.compress(field(1, b"a service that is not there"))
    broken = (good[:-9], good[:12], good[:20] + b"\xff\xff" + good[22:], b"", zlib.compress(b"zlib"), good + b"garbage")
    with Peer(server.port) as peer:
        assert peer.call(CHECK, [message(good, 1)], extra=[("grpc-encoding", "gzip")]).code == "NOT_FOUND"
        for data in broken:
            fails(peer, "INTERNAL", CHECK, [message(data, 1)], extra=[("grpc-encoding", "gzip")])


@row("G10_other_flags_than_0_and_1")
def odd_flags(server):
    with Peer(server.port) as peer:
        for flag in (2, 127, 128, 255):
            fails(peer, "INTERNAL", CHECK, [message(b"", flag)])


@row("G11_timeouts_malformed_zero_and_huge")
def timeouts(server):
    with Peer(server.port) as peer:
        for value in ("123456789S", "-1S", "1.5S", "", "S", "1", "1x", "1SS"):
            stream = peer.call(CHECK, extra=[("grpc-timeout", value)])
            assert stream.code == "INTERNAL", (value, stream)
        for value in ("99999999H", "1H", "60000m", "99999999u", "60S"):
            assert peer.call(CHECK, extra=[("grpc-timeout", value)]).code == "OK", value
        assert peer.call(CHECK, extra=[("grpc-timeout", "99999999n")]).code in ("OK", "DEADLINE_EXCEEDED")   # 0.1 s
        assert peer.call(CHECK, extra=[("grpc-timeout", "0n")]).code == "DEADLINE_EXCEEDED"


@row("G11_the_server_itself_keeps_the_deadline")
def own_deadline(server):
    with Peer(server.port) as peer:     # a client that never gives up
        began = time.monotonic()
        number = peer.open(WATCH, extra=[("grpc-timeout", "400m")])
        peer.data(number, message(b""), end=True)
        stream = peer.wait(number)
        assert stream.code == "DEADLINE_EXCEEDED" or stream.reset is not None, stream
        assert time.monotonic() - began > 0.35


@row("G12_binary_metadata")
def binary_metadata(server):
    with Peer(server.port) as peer:
        for value in ("AAA", "AAA=", "AA==", "AAA,BBB", "", base64.b64encode(b"a\0b").decode()):
            assert peer.call(CHECK, extra=[("x-data-bin", value)]).code == "OK", value
        for value in ("!!!", "A", "AA=A"):
            stream = peer.call(CHECK, extra=[("x-data-bin", value)])
            assert stream.over, value           # that stream alone, if at all
            assert peer.call(CHECK).code == "OK", value


@row("G15_methods_and_content_types")
def content_types(server):
    with Peer(server.port) as peer:
        for method in ("GET", "PUT", "get"):
            stream = peer.wait(peer.open(CHECK, method=method, end=True))
            assert stream.http_status == "405" or stream.reset == PROTOCOL_ERROR, (method, stream)
        for kind in ("text/html", "application/grpcx", "application/xml", ""):
            stream = peer.call(CHECK, content_type=kind)
            assert stream.http_status == "415", (kind, stream)
        stream = peer.call(CHECK, content_type="application/json")   # Connect's, and no JSON
        assert stream.http_status == "400" and b'"invalid_argument"' in stream.data, stream
        stream = peer.call(CHECK, drop=("content-type",))
        assert stream.http_status == "415", stream
        for kind in ("application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"):
            assert peer.call(CHECK, content_type=kind).code == "OK", kind


@row("G16_te_is_not_needed_and_not_misused")
def te(server):
    with Peer(server.port) as peer:
        assert peer.call(CHECK, drop=("te",)).code == "OK"
        assert peer.call(CHECK, drop=("te",), extra=[("te", "gzip")]).reset == PROTOCOL_ERROR
        assert peer.call(CHECK).code == "OK"


@row("G17_odd_paths_are_unknown_methods")
def paths(server):
    with Peer(server.port) as peer:
        for path in ("/", "//", "/a", "/a/b/c", "/../x", "/%2e%2e/x", "/grpc.health.v1.Health/", "/grpc.health.v1.Health/check",
                     "/grpc.health.v1.health/Check", "//grpc.health.v1.Health/Check", "/grpc.health.v1.Health//Check",
                     "/grpc.health.v1.Health/Check/", "/grpc.health.v1.Health/Check?x", "/a/" + "b" * 6000, "*"):
            stream = peer.call(path)
            assert stream.code == "UNIMPLEMENTED" or stream.reset == PROTOCOL_ERROR, (path[:50], stream)
        for path in ("grpc.health.v1.Health/Check", "", "\0", "/grpc.health.v1.Health/Check\0"):
            stream = peer.call(path)
            assert stream.code == "UNIMPLEMENTED" or stream.reset == PROTOCOL_ERROR, (path, stream)
        assert peer.call(CHECK).code == "OK"


@row("G18_names_and_fields_that_http2_forbids")
def forbidden_fields(server):
    with Peer(server.port) as peer:
        for extra in ([("connection", "close")], [("Upper-Case", "x")], [("x-line", "a\r\nb")], [("x-nul", "a\0b")],
                      [("transfer-encoding", "chunked")], [(":path", CHECK)], [(":status", "200")]):
            stream = peer.call(CHECK, extra=extra)
            assert stream.over and stream.code != "OK", (extra, stream)
        assert peer.call(CHECK).code == "OK"
        assert peer.call(CHECK, extra=[("grpc-something", "reserved")]).code == "OK"


@row("G21_cancels_at_every_point")
def cancels(server):
    for pause in (0, 0, 0.0001, 0.0005, 0.001, 0.002):
        for path in (CHECK, DISCOVER, WATCH, HEARTBEATS, REFLECTION):
            with Peer(server.port) as peer:
                for _ in range(20):
                    number = peer.open(path)
                    peer.data(number, message(field(2, b"nobody")), end=path != HEARTBEATS)
                    time.sleep(pause)
                    peer.send(frame(RST_STREAM, 0, number, struct.pack(">I", CANCEL)))
                assert peer.call(CHECK).code == "OK"


@row("G23_reflection_of_absurd_names")
def reflection_abuse(server):
    with Peer(server.port) as peer:
        number = peer.open(REFLECTION)
        for body in (field(4, b"x" * 100_000), field(3, b"../../etc/passwd"), field(6, b"y" * 100_000), field(7, b""), b""):
            peer.data(number, message(body))
        peer.data(number, message(field(7, b"")), end=True)
        assert peer.wait(number).over
        assert peer.call(CHECK).code == "OK"


def nested(depth):
    """A Struct in a Value in a Struct …, as deep as told. Reflection and registry have no recursive message, so it comes
    as unknown groups: field 100, wire type 3."""
    return varint(100 << 3 | 3) * depth + varint(100 << 3 | 4) * depth


@row("P01_nesting_34_kB_deep")
def nesting(server):
    with Peer(server.port) as peer:
        assert peer.call(DISCOVER, nested(90) + field(2, b"nobody")).code == "NOT_FOUND"
        body = nested(10_000)
        assert 30_000 < len(body) < 50_000
        for method in (CHECK, DISCOVER, REGISTER):
            fails(peer, "INTERNAL", method, body)
        fails(peer, "INTERNAL", DISCOVER, varint(100 << 3 | 3) * 1_000_000)


@row("P02_messages_of_two_bytes_each_meet_the_budget")
def many_messages(server):
    with Peer(server.port) as peer:
        before = server.rss_bytes()
        instance = field(3, b"") * 1_900_000        # repeated Endpoint, empty
        stream = fails(peer, "RESOURCE_EXHAUSTED", REGISTER, field(1, instance))
        assert "memory" in stream.text, stream.text
        assert server.rss_bytes() - before < 96 << 20


@row("P04_a_message_merged_a_million_times_in_linear_time")
def merged(server):
    with Peer(server.port) as peer:
        cpu = server.cpu_s()
        fails(peer, "INVALID_ARGUMENT", REGISTER, field(1, b"") * 1_000_000)
        assert server.cpu_s() - cpu < 20


@row("P06_text_that_is_no_utf8_or_has_a_nul")
def bad_text(server):
    with Peer(server.port) as peer:
        for name in (b"\xff", b"a\0b", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"caf\xc3"):
            fails(peer, "INTERNAL", DISCOVER, field(2, name))


@row("P07_wrong_wire_types_are_unknown_fields")
def wire_types(server):
    with Peer(server.port) as peer:
        for body in (b"\x10\x05", b"\x15abcd", b"\x11abcdefgh", varint(2 << 3 | 3) + varint(2 << 3 | 4)):
            assert peer.call(DISCOVER, body + field(2, b"nobody")).code == "NOT_FOUND", body
        for body in (b"\x16", b"\x17"):         # wire types that do not exist
            fails(peer, "INTERNAL", DISCOVER, body)


@row("P08_field_number_0_and_long_tags")
def bad_tags(server):
    with Peer(server.port) as peer:
        for body in (b"\x00\x00", b"\x02\x00", b"\x80\x00\x00", b"\xff\xff\xff\xff\xff\x7f\x00"):
            fails(peer, "INTERNAL", DISCOVER, body)


@row("P09_varints_and_lengths_without_end")
def truncated(server):
    whole = field(2, b"nobody") + field(3, field(1, b">=1"))
    with Peer(server.port) as peer:
        for body in (b"\x08" + b"\xff" * 11, b"\x12\xff\xff\xff\xff\x0f", b"\x12" + b"\xff" * 9 + b"\x01", b"\x12\x05a"):
            fails(peer, "INTERNAL", DISCOVER, body)
        for at in range(1, len(whole)):
            assert peer.call(DISCOVER, whole[:at]).code in ("INTERNAL", "NOT_FOUND", "INVALID_ARGUMENT"), at


@row("P12_names_that_look_like_something_else")
def odd_names(server):
    with Peer(server.port) as peer:
        for name in ("../../etc/passwd", "a b", "%s%n%n", "\u202egnp", "x" * 129, "x" * 1_000_000, "a/b", "\n", "'; --"):
            stream = fails(peer, "INVALID_ARGUMENT", DISCOVER, field(2, name.encode()))
            assert any(name == "grpc-status-details-bin" for name, _ in stream.trailers or stream.headers), stream


@row("P13_durations_out_of_range")
def durations(server):
    key = field(1, field(2, b"p13") + field(3, b"a"))
    endpoint = field(3, field(1, b"192.0.2.1") + b"\x10\x50")
    with Peer(server.port) as peer:
        for seconds, nanos in ((-1, 0), (1 << 62, 0), (-(1 << 63), 0), (0, -1), (1, 1_500_000_000), (1, -1), (86_401, 0)):
            ttl = b"\x08" + varint(seconds % (1 << 64)) + b"\x10" + varint(nanos % (1 << 64))
            fails(peer, "INVALID_ARGUMENT", REGISTER, field(1, key + endpoint + field(9, ttl)))
