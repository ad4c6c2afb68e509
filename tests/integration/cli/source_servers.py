# SPDX-License-Identifier: Apache-2.0
"""What datasets are fetched from, as far as a test needs it: Polygon and FRED in the shape of their recorded answers, and
so much of PostgreSQL's protocol (3.0, extended query) as libpq wants for one SELECT."""
import http.server
import json
import socketserver
import struct
import threading
import urllib.parse

DAY_MS = 86400000
KEY = "k3y-that-must-not-show"


class Interface(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.server.seen.append(self.path)
        if KEY not in (query.get("api_key"), self.headers.get("Authorization", "").removeprefix("Bearer ")):
            return self.answer({"error": "Unknown API Key"}, 401)
        if url.path.startswith("/v2/aggs/ticker/"):
            return self.polygon(url.path.split("/")[4], query)
        return self.fred(query)

    def polygon(self, ticker, query):
        bars = [{"v": 1e6 + i, "vw": 10.25, "o": 10 + i, "c": 10.5, "h": 11, "l": 9.5, "t": (19000 + i) * DAY_MS + 4 * 3600000,
                 "n": 7} for i in range(5)]
        if ticker == "NONE":
            return self.answer({"ticker": ticker, "queryCount": 0, "resultsCount": 0, "status": "OK"})
        if ticker == "LEAD":  # astray
            return self.answer({"results": bars, "next_url": "http://127.0.0.1:1/v2/elsewhere"})
        if ticker == "HTML":
            return self.answer(None)
        if ticker == "MOVED":
            return self.answer({}, 302, Location="http://127.0.0.1:1/")
        if ticker == "BUSY":
            return self.answer({}, 429)
        first = int(query.get("cursor", 0))
        page = {"ticker": ticker, "results": bars[first:first + 2], "status": "OK"}
        if first + 2 < len(bars):
            page["next_url"] = f"http://{self.headers['Host']}/v2/aggs/ticker/{ticker}?cursor={first + 2}"
        self.answer(page)

    def fred(self, query):
        values = ["1.5", ".", "2.25", "-3"]
        offset, rows = int(query["offset"]), 3
        self.answer({"count": len(values), "offset": offset, "limit": rows, "observations": [
            {"date": f"200{i}-01-01", "value": v} for i, v in enumerate(values)][offset:offset + rows]})

    def answer(self, page, status=200, **headers):
        body = b"<html>" if page is None else json.dumps(page).encode()
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Postgres(socketserver.StreamRequestHandler):
    """Rows of (int8, float8, text, bool, date) for any query that begins with SELECT."""
    TYPES = [("id", 20), ("price", 701), ("name", 25), ("open", 16), ("day", 1082)]
    ROWS = [[b"1", b"1.5", b'say "NA", twice', b"t", b"2020-02-29"], [b"-9007199254740993", None, None, b"f", None]]

    def handle(self):
        try:
            self.startup()
            while self.message():
                pass
        except (EOFError, ConnectionError):
            pass

    def read(self, size):
        data = self.rfile.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def say(self, kind, body=b""):
        self.wfile.write(kind + struct.pack(">i", len(body) + 4) + body)

    def startup(self):
        size, code = struct.unpack(">ii", self.read(8))
        self.read(size - 8)
        if code in (80877103, 80877104):  # TLS, GSS: not here
            self.wfile.write(b"N")
            return self.startup()
        self.say(b"R", struct.pack(">i", 0))
        for name, value in ((b"server_version", b"15.0"), (b"client_encoding", b"UTF8"), (b"DateStyle", b"ISO, MDY")):
            self.say(b"S", name + b"\0" + value + b"\0")
        self.say(b"Z", b"I")

    def message(self):
        kind, size = self.read(1), struct.unpack(">i", self.read(4))[0]
        body = self.read(size - 4)
        if kind == b"P":
            self.query = body.split(b"\0")[1]
            self.server.seen.append(self.query.decode())
            self.say(b"1")
        elif kind == b"B":
            self.server.seen.append(body)
            self.say(b"2")
        elif kind == b"D" and self.query.startswith(b"SELECT"):
            fields = b"".join(name.encode() + b"\0" + struct.pack(">ihihih", 0, 0, oid, -1, -1, 0) for name, oid in self.TYPES)
            self.say(b"T", struct.pack(">h", len(self.TYPES)) + fields)
        elif kind == b"D":
            self.say(b"n")
        elif kind == b"E" and self.query.startswith(b"SELECT"):
            for row in self.ROWS:
                self.say(b"D", struct.pack(">h", len(row)) + b"".join(
                    struct.pack(">i", -1) if v is None else struct.pack(">i", len(v)) + v for v in row))
            self.say(b"C", b"SELECT 2\0")
        elif kind == b"E":
            self.say(b"E", b"SERROR\0C25006\0Mcannot execute this in a read-only transaction\0\0")
        elif kind == b"S":
            self.say(b"Z", b"I")
        return kind != b"X"


class Threaded(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.seen = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]
