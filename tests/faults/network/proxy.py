# SPDX-License-Identifier: Apache-2.0
"""A network that behaves badly, between a client and a server on loopback: latency, jitter, slow links, any splitting of
bytes, silence in one direction or both, resets and half-closed connections. Where the kernel has no sch_netem this does it.

    with Proxy(server.port, up=Weather(delay_s=0.2)) as proxy:
        channel = grpc.insecure_channel(f"127.0.0.1:{proxy.port}")
"""
import random
import selectors
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field

CHUNK = 16384


@dataclass
class Weather:
    """What happens to bytes that go one way."""
    delay_s: float = 0
    jitter_s: float = 0            # up to so much more, in order still: TCP hides loss and reordering as lateness
    stall_every: int = 0           # one piece in so many waits stall_s more: a lost segment, sent again
    stall_s: float = 0.2
    bytes_per_s: float = 0         # 0: as fast as it goes
    piece: int = CHUNK             # at most so many bytes at once; 1: a segment a byte
    drop_after: int = -1           # from that byte on nothing arrives, and nobody is told
    reset_after: int = -1          # there the connection is reset, both ways
    finish_after: int = -1         # there this way ends (FIN), the other goes on
    dice: random.Random = field(default_factory=lambda: random.Random(7))


class Lane:
    """Bytes from one socket to the other."""

    def __init__(self, source, sink, weather):
        self.source, self.sink, self.weather = source, sink, weather
        self.queue, self.queued, self.passed, self.pieces = deque(), 0, 0, 0
        self.free_at, self.ended, self.finished = 0, False, False

    def take(self, now):
        data = self.source.recv(CHUNK)
        if not data:
            self.ended = True
            self.queue.append((self.due(now, 0), b""))
        at = 0
        while at < len(data):
            piece = data[at:at + self.weather.piece]
            self.queue.append((self.due(now, len(piece)), piece))
            self.queued += len(piece)
            at += len(piece)

    def due(self, now, size):
        weather = self.weather
        late = weather.delay_s + weather.dice.uniform(0, weather.jitter_s)
        self.pieces += 1
        if weather.stall_every and self.pieces % weather.stall_every == 0:
            late += weather.stall_s
        at = max(now + late, self.free_at)
        self.free_at = at + (size / weather.bytes_per_s if weather.bytes_per_s else 0)
        return self.free_at

    def deliver(self, now):
        """Send what is due. Returns "reset" when the connection is to be cut."""
        while self.queue and self.queue[0][0] <= now:
            data = self.queue[0][1]
            limit = max(self.weather.reset_after, self.weather.finish_after, self.weather.drop_after)
            if limit >= 0 and self.passed + len(data) > limit:
                data = data[:limit - self.passed]
            if data:
                sent = self.sink.send(data)
                self.passed += sent
                if sent < len(self.queue[0][1]) and sent < len(data):
                    self.queue[0] = (now, self.queue[0][1][sent:])
                    self.queued -= sent
                    return None
            if limit >= 0 and self.passed >= limit:
                return self.end_here()
            self.queued -= len(self.queue[0][1])
            if not self.queue.popleft()[1]:
                self.finish()
        return None

    def end_here(self):
        self.queue.clear()
        if self.weather.reset_after >= 0:
            return "reset"
        if self.weather.finish_after >= 0:
            self.finish()
        self.weather = Weather(drop_after=self.passed)
        self.queued = 0
        return None

    def finish(self):
        if not self.finished:
            self.finished = True
            self.sink.shutdown(socket.SHUT_WR)


class Connection(threading.Thread):
    def __init__(self, proxy, client):
        super().__init__(daemon=True)
        self.proxy, self.client, self.lost = proxy, client, threading.Event()
        self.server = socket.create_connection(("127.0.0.1", proxy.server_port))
        for one in (self.client, self.server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.setblocking(False)
        self.lanes = [Lane(self.client, self.server, proxy.up()), Lane(self.server, self.client, proxy.down())]

    def run(self):
        try:
            while not self.proxy.closing.is_set() and not all(lane.finished for lane in self.lanes):
                if not self.step():
                    break
        except OSError:
            pass
        self.close()

    def step(self):
        now = time.monotonic()
        with selectors.DefaultSelector() as selector:
            for lane in self.lanes:
                if not lane.ended and lane.queued < 1 << 20 and not self.silent():
                    selector.register(lane.source, selectors.EVENT_READ, lane)
            nexts = [lane.queue[0][0] for lane in self.lanes if lane.queue]
            wait_s = max(0, min(nexts) - now) if nexts else 0.05
            if not selector.get_map():
                time.sleep(min(wait_s, 0.05))
            for key, _ in selector.select(min(wait_s, 0.05)) if selector.get_map() else ():
                key.data.take(time.monotonic())
        if self.silent():
            return True
        for lane in self.lanes:
            try:
                if lane.deliver(time.monotonic()) == "reset":
                    self.reset()
                    return False
            except BlockingIOError:
                time.sleep(0.001)
        return True

    def silent(self):
        return self.proxy.silent.is_set() or self.lost.is_set()

    def reset(self):
        for one in (self.client, self.server):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self):
        self.client.close()
        self.server.close()


class Proxy:
    def __init__(self, server_port, up=Weather, down=Weather):
        """@up and @down make the weather of each new connection; a Weather alone is good for one."""
        self.server_port = server_port
        self.up = up if callable(up) else lambda: up
        self.down = down if callable(down) else lambda: down
        self.closing, self.silent = threading.Event(), threading.Event()
        self.connections = []

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                connection = Connection(self, client)
            except OSError:
                return
            self.connections.append(connection)
            connection.start()

    def go_silent(self):
        """From now on nothing passes, and nobody is told: a cable that was pulled."""
        self.silent.set()

    def forget(self):
        """What a NAT does that forgets: on the connections that there are nothing passes any more, others come about.
        Returns how many there are."""
        connections = list(self.connections)
        for connection in connections:
            connection.lost.set()
        return len(connections)

    def passed_bytes(self):
        return sum(lane.passed for connection in self.connections for lane in connection.lanes)

    def __exit__(self, *_):
        self.closing.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            connection.join(5)
