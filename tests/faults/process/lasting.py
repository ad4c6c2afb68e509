# SPDX-License-Identifier: Apache-2.0
"""What shows only after a while, or in another time: plugins that are loaded anew under load, the year 2038, and
what a server has grown by (rows X18, O12, O16). lasting.py [ROW…] runs the rows named. MLT_LONG: a soak of 10 minutes
instead of 10 s; MLT_SOAK_S: of so many seconds."""
import glob
import os
import sys
import threading
import time

import grpc
from google.protobuf import duration_pb2
from mltrainer.execution.v1 import execution_pb2_grpc, job_pb2, model_pb2, table_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

import cases
from cases import Skip, case, wait_until
from server import Server

S = job_pb2.JobState
SOAK_S = float(os.environ.get("MLT_SOAK_S", 600 if os.environ.get("MLT_LONG") else 10))
MIB = 1 << 20


class Client:
    def __init__(self, server):
        self.channel = grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)])
        self.execution = execution_pb2_grpc.ExecutionServiceStub(self.channel)
        self.registry = registry_pb2_grpc.RegistryServiceStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def submit(self):
        table = table_pb2.Table(columns=[table_pb2.Column(name="close", doubles=table_pb2.DoubleValues(values=[1, 2, 3, 2] * 20))])
        spec = job_pb2.JobSpec(compute=job_pb2.ComputeSpec(model="rsi", data=table_pb2.DataReference(table=table)))
        return self.execution.SubmitJob(job_pb2.SubmitJobRequest(spec=spec), timeout=60).job.id

    def end(self, job):
        """The state that its last event tells."""
        *_, last = self.execution.WatchJob(job_pb2.WatchJobRequest(id=job), timeout=120)
        return last.event.state.to

    def churn(self, number):
        """An instance that comes, is renewed and goes."""
        key = registry_pb2.InstanceKey(service="lasting", id=f"i{number}")
        instance = registry_pb2.Instance(key=key, endpoints=[registry_pb2.Endpoint(address="127.0.0.1", port=1000)],
                                         lease_ttl=duration_pb2.Duration(seconds=60))
        self.registry.Register(registry_pb2.RegisterRequest(instance=instance), timeout=60)
        self.registry.Heartbeat(registry_pb2.HeartbeatRequest(key=key), timeout=60)
        self.registry.Deregister(registry_pb2.DeregisterRequest(key=key), timeout=60)


@case
def x18_plugins_are_loaded_anew_under_load():
    """Jobs go on while the catalog is read and the plugins are looked at anew; those that run keep theirs."""
    with Server("--log-level", "error") as server, Client(server) as client:
        jobs, stop, broken = [], threading.Event(), []

        def reload():
            try:
                while not stop.is_set():
                    client.execution.ReloadPlugins(model_pb2.ReloadPluginsRequest(), timeout=60)
            except Exception as error:
                broken.append(error)

        thread = threading.Thread(target=reload)
        thread.start()
        for _ in range(10):
            some = [client.submit() for _ in range(10)]
            assert [client.end(job) for job in some] == [S.JOB_STATE_SUCCEEDED] * 10
            jobs += some
        stop.set()
        thread.join()
        assert not broken, broken
        assert len(set(jobs)) == 100


@case
def o12_jobs_over_the_end_of_32_bits_in_another_time_zone():
    libraries = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not libraries:
        raise Skip("no libfaketime")
    # Nepal is 5:45 ahead: two seconds before 2^31
    environment = {"LD_PRELOAD": libraries[0], "FAKETIME": "@2038-01-19 08:59:06", "DONT_FAKE_MONOTONIC": "1", "TZ": "Asia/Kathmandu"}
    with Server("--log-level", "error", environment=environment) as server, Client(server) as client:
        def created(job):
            return client.execution.GetJob(job_pb2.GetJobRequest(id=job), timeout=60).job.create_time.seconds
        first = client.submit()
        assert client.end(first) == S.JOB_STATE_SUCCEEDED and abs(created(first) - 2**31) < 3600, created(first)
        last = wait_until(lambda: created(job := client.submit()) > 2**31 and job, "the turn", 60)
        assert client.end(last) == S.JOB_STATE_SUCCEEDED
        assert client.execution.GetJob(job_pb2.GetJobRequest(id=last), timeout=60).job.end_time.seconds > 2**31


@case
def o16_a_server_does_not_grow():
    """Jobs and instances come and go; once warm, memory stays where it is, and descriptors do."""
    with Server("--log-level", "error", "--retention-jobs", "100", "--retention-interval", "1s") as server, Client(server) as client:
        def rounds(seconds, least):
            end, number = time.monotonic() + seconds, 0
            while time.monotonic() < end or number < least:
                assert client.end(client.submit()) == S.JOB_STATE_SUCCEEDED
                client.churn(number)
                number += 1
            return number

        warm = rounds(SOAK_S * 0.4, 150)   # more than are kept
        before, files = server.rss_bytes(), server.fd_count()
        done = rounds(SOAK_S * 0.6, 150)
        grown = server.rss_bytes() - before
        print(f"  {warm} rounds, then {done}: {grown / MIB:.2f} MiB more")
        # An allocator's own slack, and 1 MiB an hour; a leak of 1 KiB a round would be told.
        assert grown < 4 * MIB + SOAK_S / 3600 * MIB, f"{grown} bytes in {done} rounds"
        wait_until(lambda: server.fd_count() <= files + 4, f"descriptors back at {files}")


ROWS = [word.lower() for word in sys.argv[1:]]
if ROWS:
    cases.CASES[:] = [function for function in cases.CASES if function.__name__.startswith(tuple(ROWS))]
    sys.argv[1:] = []
cases.main("lasting")
