# SPDX-License-Identifier: Apache-2.0
"""Bad input on the wire against the real server: faults.py [NAME…] runs the tests whose names begin so."""
import sys
import threading
import time
import traceback

import grpc
from mltrainer.admin.v1 import admin_pb2, admin_pb2_grpc

import http2    # noqa: F401: each module adds its rows
import framing  # noqa: F401
import services
from cases import wait_until
from rows import ROWS
from server import Server
from survival import Survival


def rejected_total(server):
    with grpc.insecure_channel(server.address) as channel:
        return admin_pb2_grpc.AdminServiceStub(channel).GetServerInfo(admin_pb2.GetServerInfoRequest(), timeout=60).rejected


class Report:
    def __init__(self):
        self.lock = threading.Lock()

    def run(self, name, body):
        began = time.monotonic()
        try:
            body()
            text = f"ok wire/{name}"
        except Exception:
            text = f"{traceback.format_exc()}not ok wire/{name}"
        with self.lock:
            print(text, flush=True)
            if time.monotonic() - began > 3:
                print(f"  {name} took {time.monotonic() - began:.1f} s", file=sys.stderr)


def run_alone(server, function, rejected):
    before = rejected_total(server) if rejected else 0
    with Survival(server):
        function(server)
    if rejected:
        wait_until(lambda: rejected_total(server) > before, "the server to count it as rejected")


def run_together(server, report, patient):
    """Those that wait for the server's time limits wait side by side."""
    with Survival(server):
        threads = [threading.Thread(target=report.run, args=(name, lambda function=function: function(server)))
                   for name, function in patient]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def main():
    chosen = [entry for entry in ROWS if not sys.argv[1:] or entry[0].startswith(tuple(sys.argv[1:]))]
    report = Report()

    def everything():
        with Server(environment={"MLTRAINER_LOG_LEVEL": "warn"}) as server:     # not a line for each that is welcome
            services.warm_up(server)
            for name, function, patient, rejected in chosen:
                if not patient:
                    report.run(name, lambda: run_alone(server, function, rejected))
            patient = [(name, function) for name, function, patient, _ in chosen if patient]
            if patient:
                report.run("patient_attacks_are_survived", lambda: run_together(server, report, patient))

    report.run("server_stays_and_stops", everything)


main()
