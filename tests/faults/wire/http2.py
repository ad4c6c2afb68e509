# SPDX-License-Identifier: Apache-2.0
"""Rows H: TCP and HTTP/2."""
import os
import random
import select
import socket
import struct
import subprocess
import time

from peer import (ACK, CANCEL, CHECK, COMPRESSION_ERROR, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM,
                  FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, GOAWAY, HEADERS, PADDED, PATIENCE_S, PING, PREFACE, PRIORITY, PROTOCOL_ERROR,
                  PUSH_PROMISE, REFUSED_STREAM, RST_STREAM, SERVING, SETTINGS, STREAM_CLOSED, WATCH_HEALTH, WINDOW_UPDATE,
                  Peer, frame, message, settings)
from rows import row

HANDSHAKE_S, LATE_S = 10, 60     # it comes late where others have the cores, but it comes
PARTS = 1000    # frames a write when a flood is read by its sender


def closes_with(peer, *codes, timeout_s=PATIENCE_S):
    assert peer.wait_closed(timeout_s), f"the connection stayed open, goaway {peer.goaway}"
    assert peer.goaway and peer.goaway[0] in codes, f"GOAWAY {peer.goaway} instead of one of {codes}"


def flood(peer, count, make):
    """@count frames, reading between the writes; stops when the server hangs up."""
    for at in range(0, count, PARTS):
        if not peer.send(b"".join(make(i) for i in range(at, min(count, at + PARTS)))):
            return


def raw(port, data, wait_s=PATIENCE_S):
    """What the server says to these bytes until it hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait_s) as s:
        s.sendall(data)
        answer = b""
        try:
            while some := s.recv(65536):
                answer += some
        except ConnectionError:
            pass    # hung up with our bytes unread
        return answer


def wait_hung_up(s, limit_s):
    """Seconds until the server hangs up."""
    began = time.monotonic()
    s.settimeout(limit_s)
    try:
        while s.recv(65536):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - began


@row("H01_silent_connections_are_closed", patient=True)
def silent(server):
    sockets = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    began = time.monotonic()
    for s in sockets:
        wait_hung_up(s, HANDSHAKE_S + LATE_S)
        s.close()
    assert time.monotonic() - began > HANDSHAKE_S - 1, time.monotonic() - began


def drip(s, data, pause_s):
    """A byte after the other; True once the other side has hung up."""
    try:
        for byte in data:
            s.sendall(bytes([byte]))
            while select.select([s], [], [], pause_s)[0]:
                if not s.recv(65536):
                    return True
    except ConnectionError:
        return True
    return False


@row("H02_a_preface_in_drops_meets_one_deadline", patient=True)
def preface_in_drops(server):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        assert drip(s, PREFACE, 4), "it waits for the whole of it"   # 24 bytes take 96 s
        assert time.monotonic() - began > HANDSHAKE_S - 1, time.monotonic() - began


def http1(server, head, body=b""):
    """The status of the answer to an HTTP/1.1 request; nothing may follow the answer."""
    answer = raw(server.port, head.replace(b"\n", b"\r\n") + b"\r\n" + body)
    assert answer.startswith(b"HTTP/1.1 "), answer
    head, _, body = answer.partition(b"\r\n\r\n")
    length = [line for line in head.split(b"\r\n") if line.startswith(b"content-length: ")]
    assert length and int(length[0].split()[1]) == len(body), answer
    return int(answer[9:12])


@row("H03_http1_is_served_on_the_same_port")
def http1_is_served(server):
    assert http1(server, b"GET /healthz HTTP/1.1\nHost: localhost\nConnection: close\n") == 200
    assert http1(server, b"GET /healthz HTTP/1.0\nHost: 127.0.0.1\n") == 200
    assert http1(server, b"GET / HTTP/1.1\nHost: localhost\nConnection: close\n") == 200
    assert http1(server, b"GET /nothing HTTP/1.1\nHost: localhost\nConnection: close\n") == 405
    with Peer(server.port) as peer:
        peer.call(CHECK)


@row("H03_http1_that_two_readers_read_differently_is_refused")
def http1_smuggling(server):
    host, post = b"Host: localhost\n", b"POST /healthz HTTP/1.1\nHost: localhost\n"
    for head, status in (
        (post + b"Content-Length: 3\nTransfer-Encoding: chunked\n", 400),
        (post + b"Content-Length: 3\nContent-Length: 4\n", 400),
        (post + b"Content-Length: 3, 3\n", 400),
        (post + b"Content-Length : 3\n", 400),
        (post + b"Transfer-Encoding: xchunked\n", 501),
        (b"GET /healthz HTTP/1.1\n" + host + host, 400),
        (b"GET /healthz HTTP/1.1\n", 400),
        (b"GET /healthz HTTP/1.1\n" + host + b"X: 1\n 2\n", 400),
        (b"GET /healthz HTTP/1.1\n" + host + b"X: " + b"x" * 20_000 + b"\n", 431),
        (b"GET /healthz HTTP/3.0\n" + host, 505),
    ):
        assert http1(server, head) == status, head
    assert raw(server.port, b"GET /healthz HTTP/1.1\nHost: localhost\n\n").startswith(b"HTTP/1.1 400 ")
    chunk = post + b"Transfer-Encoding: chunked\n"
    assert http1(server, chunk, b"3 \r\nabc\r\n0\r\n\r\n") in (400, 405)


@row("H03_http1_in_drops_meets_one_deadline", patient=True)
def http1_in_drops(server):
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port)) as s:
        assert drip(s, b"GET /healthz HTTP/1.1\r\nHost", 4), "it waits for the whole of it"
        assert time.monotonic() - began > HANDSHAKE_S - 1, time.monotonic() - began


@row("H03_pages_of_others_do_not_reach_the_server")
def foreign_pages(server):
    def get(more, path=b"/healthz", method=b"GET"):
        return http1(server, method + b" " + path + b" HTTP/1.1\nConnection: close\n" + more)
    own = b"localhost:%d" % server.port
    assert get(b"Host: rebound.example\n") == 421
    assert get(b"Host: rebound.example:%d\nOrigin: http://rebound.example:%d\n" % (server.port, server.port)) == 421
    assert get(b"Host: " + own + b"\nOrigin: http://other.example\n") == 403
    assert get(b"Host: " + own + b"\nOrigin: null\n") == 403
    form = b"Host: " + own + b"\nOrigin: http://other.example\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 0\n"
    assert get(form, b"/mltrainer.admin.v1.AdminService/Drain", b"POST") == 403
    assert get(b"Host: " + own + b"\nOrigin: http://" + own + b"\n") == 200


@row("H03_tls_to_the_clear_port_is_closed")
def tls_to_clear(server):
    hello = bytes.fromhex("16030100c8010000c40303") + os.urandom(32) + b"\0" * 157
    assert raw(server.port, hello) == b""


@row("H03_garbage_is_closed")
def garbage(server):
    source = random.Random(3)
    for size in (1, 23, 24, 25, 1000, 100_000):
        answer = raw(server.port, b"\xff" + source.randbytes(size))
        assert len(answer) < 1024, answer


@row("H04_the_first_frame_is_settings")
def first_frame(server):
    with Peer(server.port, preface=False) as peer:
        peer.send(PREFACE + frame(PING, 0, 0, b"\0" * 8))
        closes_with(peer, PROTOCOL_ERROR)


@row("H05_settings_are_acknowledged_in_time", patient=True)
def no_settings_ack(server):
    with Peer(server.port, ack=False) as peer:
        began = time.monotonic()
        peer.call(CHECK)    # calls are served meanwhile
        assert peer.wait_closed(HANDSHAKE_S + LATE_S) and HANDSHAKE_S - 1 < time.monotonic() - began, peer.goaway


@row("H06_rapid_reset_of_a_reading_peer", rejected=True)
def rapid_reset(server):
    with Peer(server.port) as peer:
        assert peer.call(CHECK).code == "OK"
        for first in range(3, 40_003, 200):
            block = [frame(HEADERS, END_HEADERS, number, peer.encoder.encode(peer.request_fields(CHECK), huffman=False)) +
                     frame(RST_STREAM, 0, number, struct.pack(">I", CANCEL)) for number in range(first, first + 200, 2)]
            if not peer.send(b"".join(block)):
                break
        closes_with(peer, ENHANCE_YOUR_CALM)


@row("H06_rapid_reset_of_a_peer_that_does_not_read", rejected=True)
def rapid_reset_unread(server):
    with Peer(server.port) as peer:
        peer.call(CHECK)
        fields = peer.request_fields(CHECK)
        peer.send_unread(b"".join(frame(HEADERS, END_HEADERS, number, peer.encoder.encode(fields, huffman=False)) +
                                  frame(RST_STREAM, 0, number, struct.pack(">I", CANCEL)) for number in range(3, 40_003, 2)))
        peer.wait_closed()
        assert peer.closed


def made_to_reset(server, provoke):
    """@provoke(peer, number) gives frames that make the server reset the stream; it must lose patience."""
    with Peer(server.port) as peer:
        peer.call(CHECK)
        for number in range(3, 2003, 2):
            if not peer.send(provoke(peer, number)):
                break
            stream = peer.stream(number)
            peer.read_until(lambda: stream.reset is not None, PATIENCE_S)
        closes_with(peer, ENHANCE_YOUR_CALM)


@row("H07_resets_provoked_by_a_window_overflow", rejected=True)
def made_you_reset(server):
    def provoke(peer, number):
        block = peer.encoder.encode(peer.request_fields(CHECK), huffman=False)
        return frame(HEADERS, END_HEADERS, number, block) + frame(WINDOW_UPDATE, 0, number, struct.pack(">I", 0x7fffffff))

    made_to_reset(server, provoke)


@row("H07_resets_provoked_by_bad_headers", rejected=True)
def made_you_reset_headers(server):
    def provoke(peer, number):
        fields = peer.request_fields(CHECK, [("connection", "close")])
        return frame(HEADERS, END_HEADERS | END_STREAM, number, peer.encoder.encode(fields, huffman=False))

    made_to_reset(server, provoke)


@row("H07_resets_provoked_by_more_data_than_content_length", rejected=True)
def made_you_reset_length(server):
    def provoke(peer, number):
        fields = peer.request_fields(CHECK, [("content-length", "1")])
        return frame(HEADERS, END_HEADERS, number, peer.encoder.encode(fields, huffman=False)) + \
            frame(DATA, END_STREAM, number, message(b""))

    made_to_reset(server, provoke)


@row("H08_frames_that_no_stream_may_have", rejected=True)
def illegal_on_a_stream(server):
    attacks = {
        "window update of nothing": lambda n: frame(WINDOW_UPDATE, 0, n, b"\0\0\0\0"),
        "data after the end": lambda n: frame(DATA, END_STREAM, n, message(b"")) * 2,
        "headers after the end": lambda n: frame(DATA, END_STREAM, n, message(b"")) + frame(HEADERS, END_HEADERS, n, b"\x82"),
    }
    for name, attack in attacks.items():
        with Peer(server.port) as peer:
            number = peer.open(WATCH_HEALTH)
            peer.send(attack(number))
            stream = peer.stream(number)
            peer.read_until(lambda: peer.closed or stream.reset is not None, PATIENCE_S)
            assert peer.goaway or stream.reset is not None, name


@row("H08_priorities_mean_nothing_here")
def odd_priorities(server):
    with Peer(server.port) as peer:      # the server said SETTINGS_NO_RFC7540_PRIORITIES
        number = peer.open(WATCH_HEALTH)
        peer.send(frame(PRIORITY, 0, number, struct.pack(">IB", number, 1)) + frame(PRIORITY, 0, number, b"\0\0\0"))
        peer.read_until(lambda: peer.closed, 0.5)
        assert peer.goaway or peer.call(CHECK).code == "OK"


@row("H09_continuation_flood", rejected=True)
def continuation_flood(server):
    with Peer(server.port) as peer:
        block = peer.encoder.encode(peer.request_fields(CHECK), huffman=False)
        peer.send(frame(HEADERS, END_STREAM, 1, block) + frame(CONTINUATION, 0, 1) * 100_000)
        assert peer.wait_closed(), "it listens to CONTINUATION for ever"


@row("H10_a_header_block_is_not_interrupted")
def interrupted_block(server):
    with Peer(server.port) as peer:
        block = peer.encoder.encode(peer.request_fields(CHECK), huffman=False)
        peer.send(frame(HEADERS, END_STREAM, 1, block) + frame(PING, 0, 0, b"\0" * 8))
        closes_with(peer, PROTOCOL_ERROR)


@row("H10_a_header_block_ends_in_time", patient=True)
def unfinished_block(server):
    with Peer(server.port) as peer:
        peer.call(CHECK)
        began = time.monotonic()
        block = peer.encoder.encode(peer.request_fields(CHECK), huffman=False)
        peer.send(frame(HEADERS, END_STREAM, 3, block))
        assert peer.wait_closed(HANDSHAKE_S + LATE_S) and HANDSHAKE_S - 1 < time.monotonic() - began, peer.goaway


@row("H11_an_hpack_bomb_costs_its_stream", rejected=True)
def hpack_bomb(server):
    with Peer(server.port) as peer:
        # One entry of nearly 4 kB in the table, then named again with a byte each time: 32 MB of headers in 12 kB.
        fields = peer.request_fields(CHECK) + [("bomb", "x" * 4000)] * 8000
        block, cpu = peer.encoder.encode(fields, huffman=False), server.cpu_s()
        assert len(block) < 16384
        peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
        peer.next_stream = 3
        stream = peer.wait(1)
        assert stream.over and stream.code != "OK", stream
        assert server.cpu_s() - cpu < 5
        assert peer.call(CHECK).code == "OK", "HPACK's state is lost"


@row("H12_one_huge_header", rejected=True)
def huge_header(server):
    with Peer(server.port) as peer:
        block = peer.encoder.encode(peer.request_fields(CHECK, [("x-huge", "y" * 60_000)]), huffman=False)
        parts = [block[at:at + 16384] for at in range(0, len(block), 16384)]
        peer.send(frame(HEADERS, END_STREAM, 1, parts[0]) + b"".join(frame(CONTINUATION, 0, 1, p) for p in parts[1:-1]) +
                  frame(CONTINUATION, END_HEADERS, 1, parts[-1]))
        stream = peer.wait(1)
        assert peer.closed or stream.code != "OK", stream


@row("H12_a_thousand_small_headers", rejected=True)
def many_headers(server):
    with Peer(server.port) as peer:
        number = peer.open(CHECK, [(f"x-{i}", "1") for i in range(1000)], end=True)
        stream = peer.wait(number)
        assert stream.over and stream.code != "OK", stream
        assert peer.call(CHECK).code == "OK", "HPACK's state is lost"


@row("H12_hpack_junk_ends_the_connection", rejected=True)
def hpack_junk(server):
    for block in (b"\xff\xff\xff\xff\xff\xff\xff\x7f", b"\xc0\xff", b"\x00\x8f" + b"\xff" * 15, b"\x3f\xff\xff\xff\x7f"):
        with Peer(server.port) as peer:
            peer.send(frame(HEADERS, END_HEADERS | END_STREAM, 1, block))
            closes_with(peer, COMPRESSION_ERROR)


@row("H13_ping_flood_of_a_reading_peer", rejected=True)
def ping_flood(server):
    with Peer(server.port) as peer:
        flood(peer, 50_000, lambda i: frame(PING, 0, 0, struct.pack(">Q", i)))
        closes_with(peer, ENHANCE_YOUR_CALM)
        assert peer.goaway[1] == b"too_many_pings", peer.goaway


@row("H13_ping_flood_of_a_peer_that_does_not_read", rejected=True)
def ping_flood_unread(server):
    with Peer(server.port) as peer:
        peer.send_unread(frame(PING, 0, 0, b"\0" * 8) * 50_000)
        assert peer.wait_closed()


@row("H14_settings_flood", rejected=True)
def settings_flood(server):
    with Peer(server.port) as peer:
        flood(peer, 50_000, lambda i: settings([(3, 100 + i % 2)]))
        closes_with(peer, ENHANCE_YOUR_CALM)


@row("H14_more_settings_than_there_are")
def many_settings(server):
    with Peer(server.port) as peer:
        peer.send(settings([(0xf000 + i, 1) for i in range(2000)]))
        assert peer.wait_closed()


@row("H15_empty_data_flood", rejected=True)
def empty_data(server):
    with Peer(server.port) as peer:
        number = peer.open(CHECK)
        flood(peer, 50_000, lambda i: frame(DATA, 0, number))
        closes_with(peer, ENHANCE_YOUR_CALM)


@row("H15_a_message_in_frames_of_one_byte_costs_its_size")
def one_byte_frames(server):
    with Peer(server.port) as peer:
        before = server.rss_bytes()
        number = peer.open(CHECK)
        body = message(b"\x0a" + b"\xa0\x9c\x01" + b"s" * 20_000)    # a service of 20,000 bytes
        for at in range(0, len(body), 1000):
            peer.send(b"".join(frame(DATA, 0, number, body[i:i + 1]) for i in range(at, min(at + 1000, len(body)))))
        peer.send(frame(DATA, END_STREAM, number))
        assert peer.wait(number).code == "NOT_FOUND", peer.stream(number)
        assert server.rss_bytes() - before < 16 << 20


@row("H16_priority_flood", rejected=True)
def priority_flood(server):
    with Peer(server.port) as peer:
        flood(peer, 50_000, lambda i: frame(PRIORITY, 0, 2 * i + 1, struct.pack(">IB", 0, i % 256)))
        assert peer.wait_closed(2) and peer.goaway[0] == ENHANCE_YOUR_CALM or peer.call(CHECK).code == "OK"


@row("H17_frames_of_unknown_types_are_ignored")
def unknown_frames(server):
    with Peer(server.port) as peer:
        flood(peer, 50_000, lambda i: frame(0x77, 0xff, i % 7, b"what"))
        assert peer.call(CHECK).messages() == [SERVING]


@row("H18_window_update_flood", rejected=True)
def window_updates(server):
    with Peer(server.port) as peer:
        flood(peer, 50_000, lambda i: frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)))
        closes_with(peer, ENHANCE_YOUR_CALM)


@row("H19_connection_window_overflow", rejected=True)
def window_overflow(server):
    with Peer(server.port) as peer:
        peer.send(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 0x7fffffff)))
        closes_with(peer, FLOW_CONTROL_ERROR)


@row("H20_replies_wait_for_a_window_of_nothing")
def zero_window(server):
    with Peer(server.port, values=[(4, 0)]) as peer:
        before = server.rss_bytes()
        numbers = [peer.open(CHECK) for _ in range(100)]
        for number in numbers:
            peer.data(number, message(b""), end=True)
        assert peer.ping() and not any(peer.stream(number).data for number in numbers)
        assert server.rss_bytes() - before < 16 << 20
        peer.send(settings([(4, 65535)]))
        for number in numbers:
            assert peer.wait(number).messages() == [SERVING]


@row("H21_a_peer_that_never_reads_is_not_answered_for_ever")
def never_reads(server):
    with Peer(server.port, receive_buffer=4096) as peer:
        before, fields = server.rss_bytes(), peer.request_fields("/no.such.Service/Method")
        for at in range(0, 100_000, 200):
            block = b"".join(frame(HEADERS, END_HEADERS | END_STREAM, number, peer.encoder.encode(fields, huffman=False))
                             for number in range(at + 1, at + 201, 2))
            if not peer.send_unread(block):
                break
        assert server.rss_bytes() - before < 16 << 20


@row("H22_windows_that_change_all_the_time", rejected=True)
def window_storm(server):
    with Peer(server.port) as peer:
        for _ in range(100):
            peer.open(WATCH_HEALTH)
        cpu = server.cpu_s()
        flood(peer, 20_000, lambda i: settings([(4, 65535 if i % 2 else 1)]))
        closes_with(peer, ENHANCE_YOUR_CALM)
        assert server.cpu_s() - cpu < 5


@row("H23_illegal_settings", rejected=True)
def illegal_settings(server):
    for key, value, code in ((4, 0x80000000, FLOW_CONTROL_ERROR), (5, 16383, PROTOCOL_ERROR), (5, 1 << 24, PROTOCOL_ERROR),
                             (2, 2, PROTOCOL_ERROR)):
        with Peer(server.port, values=[(key, value)]) as peer:
            closes_with(peer, code)


@row("H24_frames_too_long_and_padding_too_wide", rejected=True)
def frame_sizes(server):
    with Peer(server.port) as peer:
        peer.open(CHECK)
        peer.send(frame(DATA, 0, 1, b"x" * 16385))
        closes_with(peer, FRAME_SIZE_ERROR)
    with Peer(server.port) as peer:
        peer.open(CHECK)
        peer.send(frame(DATA, PADDED, 1, b"\x05" + b"xxxx"))
        closes_with(peer, PROTOCOL_ERROR)


@row("H25_stream_ids_are_odd_and_grow", rejected=True)
def stream_ids(server):
    for numbers in ((2,), (5, 3), (0,)):
        with Peer(server.port) as peer:
            for number in numbers:
                block = peer.encoder.encode(peer.request_fields(WATCH_HEALTH), huffman=False)
                peer.send(frame(HEADERS, END_HEADERS, number, block))
            assert peer.wait_closed() and peer.goaway[0] in (PROTOCOL_ERROR, STREAM_CLOSED), (numbers, peer.goaway)


@row("H26_more_streams_than_allowed_are_refused_first", rejected=True)
def too_many_streams(server):
    with Peer(server.port, ack=False) as peer:      # our SETTINGS are not acknowledged: it may not know the limit
        numbers = [peer.open(WATCH_HEALTH, end=False) for _ in range(101)]
        assert peer.wait(numbers[100]).reset == REFUSED_STREAM, peer.stream(numbers[100])


@row("H26_more_streams_than_allowed_end_the_connection_then", rejected=True)
def too_many_streams_acknowledged(server):
    with Peer(server.port) as peer:
        peer.call(CHECK)                             # by now they are acknowledged
        numbers = [peer.open(WATCH_HEALTH, end=False) for _ in range(101)]
        stream = peer.stream(numbers[100])
        peer.read_until(lambda: peer.closed or stream.reset is not None, PATIENCE_S)
        assert stream.reset == REFUSED_STREAM or peer.goaway[0] == PROTOCOL_ERROR, (stream, peer.goaway)


@row("H27_push_promise_and_reset_of_idle_streams", rejected=True)
def frames_of_servers(server):
    with Peer(server.port) as peer:
        peer.open(WATCH_HEALTH)
        peer.send(frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) + b"\x82"))
        closes_with(peer, PROTOCOL_ERROR)
    with Peer(server.port) as peer:
        peer.send(frame(RST_STREAM, 0, 99, struct.pack(">I", CANCEL)))
        closes_with(peer, PROTOCOL_ERROR)


@row("H28_the_http2_library_is_the_mended_one")
def patched(server):
    """CVE-2026-27135 is mended in a Debian revision that nghttp2_version() does not show."""
    query = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libnghttp2-14"], capture_output=True, text=True)
    if query.returncode == 0:   # elsewhere the distribution answers for it
        compared = ["dpkg", "--compare-versions", query.stdout, "ge", "1.52.0-1+deb12u3"]
        assert subprocess.run(compared).returncode == 0, f"libnghttp2-14 is {query.stdout}, before 1.52.0-1+deb12u3"


@row("H29_connections_cut_at_every_byte")
def cut_everywhere(server):
    with Peer(server.port, preface=False) as example:
        block = example.encoder.encode(example.request_fields(CHECK), huffman=False)
    session = PREFACE + settings([]) + frame(SETTINGS, ACK, 0) + frame(HEADERS, END_HEADERS, 1, block) + \
        frame(DATA, END_STREAM, 1, message(b"\x0a\x03abc")) + frame(PING, 0, 0, b"\0" * 8) + frame(GOAWAY, 0, 0, b"\0" * 8)
    for at in range(len(session)):
        s = socket.create_connection(("127.0.0.1", server.port))
        s.sendall(session[:at])
        if at % 2:      # RST instead of FIN
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()


@row("H30_random_bytes_after_the_preface")
def random_frames(server):
    source = random.Random(30)
    for _ in range(300):
        s = socket.create_connection(("127.0.0.1", server.port))
        try:
            s.sendall(PREFACE + settings([]))
            for _ in range(20):
                s.sendall(frame(source.randrange(12), source.randrange(256), source.choice([0, 1, 1, 3, 5]),
                                source.randbytes(source.choice([0, 4, 8, 5, 40, 500]))))
        except ConnectionError:
            pass
        s.close()
