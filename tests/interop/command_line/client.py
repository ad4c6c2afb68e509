# SPDX-License-Identifier: Apache-2.0
"""Two columns of the matrix: grpcurl and `buf curl`, which know our API by reflection alone.

    client.py grpcurl|buf PROGRAM ADDRESS SERVER_PID
"""
import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback

from google.rpc import error_details_pb2

EFFECT_S, CALL_S = 120, 180
REGISTRY, EXECUTION = "mltrainer.registry.v1.RegistryService", "mltrainer.execution.v1.ExecutionService"
DIAGRAM, ADMIN, HEALTH = "mltrainer.diagram.v1.DiagramService", "mltrainer.admin.v1.AdminService", "grpc.health.v1.Health"


class Grpcurl:
    name = "grpcurl"

    def __init__(self, program, address):
        self.program, self.address = program, address

    def command(self, method, limit_s=None):
        limit = ["-max-time", str(limit_s)] if limit_s else []
        return [self.program, "-plaintext", "-emit-defaults", "-format-error", *limit, "-d", "@", self.address, method]

    def services(self):
        return subprocess.run([self.program, "-plaintext", self.address, "list"], capture_output=True, text=True,
                              timeout=CALL_S, check=True).stdout.split()

    def error(self, text):
        """google.rpc.Status as JSON: code by number, details with their fields."""
        at = text.index("{")
        status = json.loads(text[at:])
        return status["code"], status.get("details", [])

    def violations(self, detail):
        return [violation["field"] for violation in detail["fieldViolations"]]


class Buf:
    name = "buf"
    numbers = {"canceled": 1, "invalid_argument": 3, "deadline_exceeded": 4, "not_found": 5}

    def __init__(self, program, address):
        self.program, self.address = program, address

    def command(self, method, limit_s=None):
        limit = ["--timeout", f"{limit_s}s"] if limit_s else []
        return [self.program, "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--emit-defaults", *limit,
                "-d", "@-", f"http://{self.address}/{method}"]

    def services(self):
        return subprocess.run([self.program, "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--list-services",
                               f"http://{self.address}"], capture_output=True, text=True, timeout=CALL_S,
                              check=True).stdout.split()

    def error(self, text):
        """Connect's form: code by name, details by type, in base64 without padding."""
        at = text.index("{")
        error = json.loads(text[at:])
        return self.numbers[error["code"]], error.get("details", [])

    def violations(self, detail):
        assert detail["type"] == "google.rpc.BadRequest", detail
        value = base64.b64decode(detail["value"] + "=" * (-len(detail["value"]) % 4))
        return [violation.field for violation in error_details_pb2.BadRequest.FromString(value).field_violations]


def documents(text):
    """The JSON documents of an output, one after the other."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        document, at = decoder.raw_decode(text, at)
        found.append(document)
    return found


class Cells:
    def __init__(self, tool, pid):
        self.tool, self.pid = tool, pid

    def run(self, method, *messages, limit_s=None):
        text = "".join(json.dumps(message) + "\n" for message in messages or ({},))
        return subprocess.run(self.tool.command(method, limit_s), input=text, capture_output=True, text=True, timeout=CALL_S)

    def call(self, method, *messages):
        done = self.run(method, *messages)
        assert done.returncode == 0, done.stderr
        return documents(done.stdout)

    def fails(self, method, *messages, limit_s=None):
        done = self.run(method, *messages, limit_s=limit_s)
        assert done.returncode != 0, done.stdout
        return self.tool.error(done.stderr)

    def open(self, method):
        return subprocess.Popen(self.tool.command(method), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, start_new_session=True)

    def end(self, process, how):
        """Signal the whole group, as Ctrl-C does: buf is a wrapper around the program that must hear it too."""
        os.killpg(process.pid, how)
        process.wait(CALL_S)
        process.stdin.close()
        process.stdout.close()

    def becomes(self, what, wanted):
        deadline, seen = time.monotonic() + EFFECT_S, None
        while time.monotonic() < deadline:
            seen = what()
            if seen == wanted:
                return
        raise AssertionError(f"{wanted!r} never came, at last {seen!r}")

    def watchers(self):
        return int(self.call(f"{REGISTRY}/GetRegistryInfo")[0]["watcherCount"])

    def active_calls(self):
        """Reflection is a call too: the tool may hold one open meanwhile."""
        return int(self.call(f"{ADMIN}/GetServerInfo")[0]["activeCalls"])

    def key(self, cell, id="a"):
        return {"service": f"{self.tool.name}-{cell}", "id": id}

    def register(self, key, port=8080):
        instance = {"key": key, "endpoints": [{"address": "192.0.2.1", "port": port}], "leaseTtl": "60s"}
        return self.call(f"{REGISTRY}/Register", {"instance": instance})[0]["instance"]

    def reflection(self):
        services = self.tool.services()
        for name in (REGISTRY, EXECUTION, DIAGRAM, ADMIN, HEALTH, "grpc.reflection.v1.ServerReflection"):
            assert name in services, services

    def unary_registry(self):
        made = self.register(self.key("unary"))
        assert made["owner"] == "anonymous" and made["weight"] == 100, made
        found = self.call(f"{REGISTRY}/Discover", {"service": made["key"]["service"]})[0]
        assert [instance["key"]["id"] for instance in found["instances"]] == ["a"], found

    def unary_execution(self):
        model = self.call(f"{EXECUTION}/GetModel", {"id": "ridge"})[0]["model"]
        assert not model["unavailable"] and "alpha" in [parameter["name"] for parameter in model["parameters"]], model

    def unary_diagram(self):
        drawing = {"view": "system-overview", "format": "FORMAT_SVG"}
        picture = self.call(f"{DIAGRAM}/Render", {"drawing": drawing})[0]
        content = base64.b64decode(picture["content"])
        assert content.rstrip().endswith(b"</svg>") and int(picture["info"]["sizeBytes"]) == len(content), picture["info"]

    def unary_admin(self):
        info = self.call(f"{ADMIN}/GetServerInfo")[0]
        assert info["processId"] == self.pid and int(info["activeCalls"]) >= 1, info

    def unary_health(self):
        assert self.call(f"{HEALTH}/Check")[0]["status"] == "SERVING"
        assert self.fails(f"{HEALTH}/Check", {"service": "no.such.Service"})[0] == 5

    def server_streaming(self):
        drawing = {"view": "system-overview", "format": "FORMAT_PNG", "dpi": 300}
        parts = self.call(f"{DIAGRAM}/RenderStream", {"drawing": drawing})
        picture = b"".join(base64.b64decode(part["chunk"]) for part in parts)
        assert len(parts) > 1 and int(parts[0]["info"]["sizeBytes"]) == len(picture), len(parts)
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")

    def client_streaming(self):
        data = ("day,close\n" + "".join(f"2024-01-{1 + i % 28:02},{100 + i / 8}\n" for i in range(2000))).encode()
        messages = [{"header": {"name": f"{self.tool.name}-stream", "sha256": hashlib.sha256(data).hexdigest()}}]
        messages += [{"chunk": base64.b64encode(data[at:at + 777]).decode()} for at in range(0, len(data), 777)]
        dataset = self.call(f"{EXECUTION}/UploadDataset", *messages)[0]["dataset"]
        assert int(dataset["rowCount"]) == 2000 and dataset["sha256"] == hashlib.sha256(data).hexdigest(), dataset

    def bidi_streaming(self):
        self.register(self.key("bidi"))
        answers = self.call(f"{REGISTRY}/HeartbeatStream",
                            *({"heartbeat": {"key": self.key("bidi", id)}} for id in ("a", "absent", "a")))
        assert [(answer["key"]["id"], answer["code"]) for answer in answers] == [("a", 0), ("absent", 5), ("a", 0)], answers

    def cancel(self):
        """The server sees it: the watcher goes, and an instance with a lease of 60 s that hung on the stream goes."""
        watchers, calls = self.watchers(), self.active_calls()
        watch = self.open(f"{REGISTRY}/Watch")
        watch.stdin.write("{}\n")
        watch.stdin.close()
        self.becomes(self.watchers, watchers + 1)
        self.end(watch, signal.SIGINT)
        self.becomes(self.watchers, watchers)

        key = self.key("cancel")
        self.register(key)
        beats = self.open(f"{REGISTRY}/HeartbeatStream")
        beats.stdin.write(json.dumps({"heartbeat": {"key": key}, "expireOnDisconnect": True}) + "\n")
        beats.stdin.flush()
        assert beats.stdout.readline() == "{\n"
        self.end(beats, signal.SIGKILL)     # at SIGINT buf half-closes first, which is no broken stream
        self.becomes(lambda: self.run(f"{REGISTRY}/GetInstance", {"key": key}).returncode != 0, True)
        assert self.fails(f"{REGISTRY}/GetInstance", {"key": key})[0] == 5
        self.becomes(lambda: self.active_calls() <= calls, True)  # one that had just ended was among them

    def deadline(self):
        watchers, began = self.watchers(), time.monotonic()
        assert self.fails(f"{REGISTRY}/Watch", limit_s=5)[0] == 4
        assert time.monotonic() - began > 4
        self.becomes(self.watchers, watchers)

    def error_details(self):
        instance = {"key": self.key("errors"), "endpoints": [{"address": "192.0.2.1", "port": 70000}]}
        code, details = self.fails(f"{REGISTRY}/Register", {"instance": instance})
        assert code == 3 and len(details) == 1, (code, details)
        assert self.tool.violations(details[0]) == ["instance.endpoints[0].port"], details


CELLS = ("reflection unary_registry unary_execution unary_diagram unary_admin unary_health server_streaming "
         "client_streaming bidi_streaming cancel deadline error_details").split()


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored, and so for grpcurl, where a shell began us with "&"
    tool = {"grpcurl": Grpcurl, "buf": Buf}[sys.argv[1]](*sys.argv[2:4])
    cells = Cells(tool, int(sys.argv[4]))
    for name in CELLS:
        try:
            getattr(cells, name)()
            print(f"ok {tool.name}/{name}", flush=True)
        except Exception:
            print(traceback.format_exc(), f"not ok {tool.name}/{name}", sep="", flush=True)


main()
