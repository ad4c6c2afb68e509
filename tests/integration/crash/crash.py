# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load, restart, and look for everything that was acknowledged (faults S01, X10, X14, X16).

Each round, clients register and deregister instances, submit jobs and upload datasets as fast as they are answered, and
write down every answer. The server is killed at a moment of chance; the next one, on the same folder, must know all of
it: what was registered is there and what was deregistered is not, each job is there and ends exactly once, the same
request_id still means the same job, each dataset has its bytes. What was sent and not answered may be there or not.

MLT_LONG: 30 rounds instead of 3. MLT_SEED: the seed of a run to repeat.
"""
import hashlib
import os
import random
import shutil
import tempfile
import threading
import time
import traceback
from pathlib import Path

import grpc
from google.protobuf import duration_pb2
from mltrainer.execution.v1 import dataset_pb2, execution_pb2_grpc, job_pb2, table_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc
from cases import wait_until
from server import Server

ROUNDS = 30 if os.environ.get("MLT_LONG") else 3
SEED = int(os.environ.get("MLT_SEED", time.time_ns() % 1_000_000))
LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN)
DONE = (job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_CANCELLED, job_pb2.JOB_STATE_TIMED_OUT,
        job_pb2.JOB_STATE_INTERRUPTED, job_pb2.JOB_STATE_SKIPPED)
NEWEST = 500
JOBS_AHEAD = 100        # more wait than workers can do: the kill finds jobs in every state


class Ledger:
    """What the server acknowledged. An instance on its way out is in neither set until the answer comes."""

    def __init__(self):
        self.lock = threading.Lock()
        self.there, self.gone, self.jobs, self.ended, self.datasets = {}, {}, {}, {}, {}
        self.last_round = False

    def some(self, of):
        """The newest of a dict and a sample of the older ones; in the last round everything."""
        items = list(of.items())
        older = items[:-NEWEST]
        return items if self.last_round else items[-NEWEST:] + random.Random(len(items)).sample(older, min(50, len(older)))

    def has_enough(self, rounds, on_their_way=0):
        """For so many rounds."""
        return (len(self.there) > 50 * rounds + on_their_way and len(self.gone) > 20 * rounds and
                len(self.jobs) > 20 * rounds and len(self.datasets) > 5 * rounds)

    def counts(self):
        return f"{len(self.there)} instances, {len(self.gone)} removed, {len(self.jobs)} jobs, {len(self.datasets)} datasets"


def key(id):
    return registry_pb2.InstanceKey(service="crash", id=id)


def register_and_deregister(stubs, ledger, source, name):
    """A weight of chance in each instance: what comes back must be what was acknowledged last."""
    for number in range(1_000_000):
        id, weight = f"{name}-{number}", source.randrange(1, 65536)
        instance = registry_pb2.Instance(key=key(id), weight=weight, lease_ttl=duration_pb2.Duration(seconds=3600),
                                         endpoints=[registry_pb2.Endpoint(address="192.0.2.1", port=80)])
        stubs.registry.Register(registry_pb2.RegisterRequest(instance=instance), timeout=120)
        with ledger.lock:
            ledger.there[id] = weight
        if source.random() < 0.3:
            with ledger.lock:
                del ledger.there[id]
            stubs.registry.Deregister(registry_pb2.DeregisterRequest(key=key(id)), timeout=120)
            with ledger.lock:
                ledger.gone[id] = True


def job_request(request_id, source):
    rows = source.randrange(50, 400)
    values = table_pb2.DoubleValues(values=[100 + i % 7 for i in range(rows)])
    table = table_pb2.Table(columns=[table_pb2.Column(name="close", doubles=values)])
    spec = job_pb2.JobSpec(compute=job_pb2.ComputeSpec(model="rsi", data=table_pb2.DataReference(table=table)))
    return job_pb2.SubmitJobRequest(spec=spec, request_id=request_id)


def submit_jobs(stubs, ledger, source, name):
    for number in range(1_000_000):
        while len(ledger.jobs) - len(ledger.ended) > JOBS_AHEAD:
            collect_ended(stubs, ledger)
        request = job_request(f"{name}-{number}", source)
        job = stubs.execution.SubmitJob(request, timeout=120).job.id
        with ledger.lock:
            ledger.jobs[job] = request


def collect_ended(stubs, ledger):
    for state in DONE:
        for job in stubs.execution.ListJobs(job_pb2.ListJobsRequest(states=[state], page_size=1000), timeout=120).jobs:
            with ledger.lock:
                if job.id in ledger.jobs:
                    ledger.ended[job.id] = job.state


def upload_datasets(stubs, ledger, source, name):
    for number in range(1_000_000):
        id = f"{name}-{number}"
        data = "a,b\n" + "".join(f"{i},{source.random()}\n" for i in range(source.randrange(1, 2000)))
        header = dataset_pb2.UploadDatasetHeader(name=id)
        messages = [dataset_pb2.UploadDatasetRequest(header=header), dataset_pb2.UploadDatasetRequest(chunk=data.encode())]
        stubs.execution.UploadDataset(iter(messages), timeout=120)
        with ledger.lock:
            ledger.datasets[id] = hashlib.sha256(data.encode()).hexdigest()


class Stubs:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
        self.registry = registry_pb2_grpc.RegistryServiceStub(self.channel)
        self.execution = execution_pb2_grpc.ExecutionServiceStub(self.channel)


def work(address, ledger, task, source, name, failures):
    """Until the server is gone; any other end is a failure."""
    stubs = Stubs(address)
    try:
        task(stubs, ledger, source, name)
    except grpc.RpcError as error:
        if error.code() not in LOST:
            failures.append(error)
    except Exception as error:
        failures.append(error)
    finally:
        stubs.channel.close()


def load_and_kill(server, ledger, source, round):
    failures, threads = [], []
    for task, count in ((register_and_deregister, 3), (submit_jobs, 2), (upload_datasets, 1)):
        for i in range(count):
            arguments = (server.address, ledger, task, random.Random(source.random()), f"{task.__name__}-{round}-{i}", failures)
            threads.append(threading.Thread(target=work, args=arguments))
    for thread in threads:
        thread.start()
    time.sleep(source.uniform(0.3, 1.5))
    wait_until(lambda: ledger.has_enough(round + 1, 10) or failures, "enough to be at stake")
    server.assert_same_process()
    server.kill()
    for thread in threads:
        thread.join()
    assert not failures, failures


def session_members(session):
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            members.append(stat.parent.name)
    return members


def workers_end_with_their_server(server):
    wait_until(lambda: not session_members(server.pid), "its workers to end")


def registrations_survive(stubs, ledger):
    found, token = {}, ""
    while True:
        page = stubs.registry.ListInstances(
            registry_pb2.ListInstancesRequest(service="crash", page_size=1000, page_token=token), timeout=120)
        found.update((instance.key.id, instance.weight) for instance in page.instances)
        token = page.next_page_token
        if not token:
            break
    wrong = [id for id, weight in ledger.there.items() if found.get(id) != weight]
    assert not wrong, f"{len(wrong)} of {len(ledger.there)} registrations are lost or changed: {wrong[:5]}"


def deregistrations_survive(stubs, ledger):
    for id, _ in ledger.some(ledger.gone):
        try:
            stubs.registry.GetInstance(registry_pb2.GetInstanceRequest(key=key(id)), timeout=120)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND, error
            continue
        raise AssertionError(f"{id} was deregistered, and is there")


def jobs_survive_and_end_once(stubs, ledger):
    for job, _ in ledger.some(ledger.jobs):
        events = list(stubs.execution.WatchJob(job_pb2.WatchJobRequest(id=job), timeout=120))
        sequence = [event.event.sequence for event in events]
        assert sequence == list(range(1, len(events) + 1)), f"{job}: events {sequence}"
        ends = [event.event.state.to for event in events if event.event.state.to in DONE]
        assert ends == [job_pb2.JOB_STATE_SUCCEEDED], f"{job}: {ends}"
        if job in ledger.ended:
            assert ledger.ended[job] == ends[0], f"{job} had ended otherwise"
        ledger.ended[job] = ends[0]


def request_ids_survive(stubs, ledger):
    for job, request in random.Random(SEED).sample(sorted(ledger.jobs.items()), min(50, len(ledger.jobs))):
        reply = stubs.execution.SubmitJob(request, timeout=120)
        assert reply.already_existed and reply.job.id == job, f"{request.request_id} was {job}, is {reply.job.id}"


def datasets_survive(stubs, ledger):
    for id, sha256 in ledger.some(ledger.datasets):
        found = stubs.execution.GetDataset(dataset_pb2.GetDatasetRequest(dataset=id), timeout=120).dataset
        assert found.sha256 == sha256, f"{id} has other bytes"
        rows = stubs.execution.PreviewDataset(dataset_pb2.PreviewDatasetRequest(dataset=id), timeout=120)
        assert rows.table.columns[0].name == "a"


CHECKS = (registrations_survive, deregistrations_survive, jobs_survive_and_end_once, request_ids_survive, datasets_survive)


def run_rounds(folder, ledger, source, outcomes):
    for round in range(ROUNDS):
        server = Server(data_dir=folder / "data", environment={"MLTRAINER_LOG_LEVEL": "warn"}).start()
        load_and_kill(server, ledger, source, round)
        ledger.last_round = round == ROUNDS - 1
        attempt(outcomes, workers_end_with_their_server, server)
        print(f"round {round + 1}: {ledger.counts()} acknowledged", flush=True)
        with Server(data_dir=folder / "data") as again:
            stubs = Stubs(again.address)
            for check in CHECKS:
                attempt(outcomes, check, stubs, ledger)
            stubs.channel.close()


def attempt(outcomes, check, *arguments):
    try:
        check(*arguments)
        outcomes.setdefault(check.__name__, True)
    except Exception:
        traceback.print_exc()
        outcomes[check.__name__] = False


def main():
    print(f"MLT_SEED={SEED}", flush=True)
    ledger, outcomes, folder = Ledger(), {}, Path(tempfile.mkdtemp(prefix="mlt-crash-"))
    attempt(outcomes, run_rounds, folder, ledger, random.Random(SEED), outcomes)
    attempt(outcomes, enough_was_at_stake, ledger)
    for name, passed in sorted(outcomes.items()):
        print(("ok " if passed else "not ok ") + f"crash/{name}")
    shutil.rmtree(folder, ignore_errors=True)


def enough_was_at_stake(ledger):
    """A test that acknowledged little has shown little."""
    assert ledger.has_enough(ROUNDS), ledger.counts()


main()
