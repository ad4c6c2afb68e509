# SPDX-License-Identifier: Apache-2.0
"""Each job that was accepted ends once, whoever is killed meanwhile: its workers, or the server in each of its states
(rows X08, X14). ledger.py [ROW…] runs the rows named. MLT_LONG: 10 minutes of killed workers instead of 5 s."""
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import grpc
from google.protobuf import duration_pb2
from mltrainer.admin.v1 import admin_pb2, admin_pb2_grpc
from mltrainer.execution.v1 import execution_pb2_grpc, job_pb2, table_pb2

import cases
from cases import case, wait_until
from server import Server, program
from workers import workers

BUILD = program().parents[1]
SECONDS = 600 if os.environ.get("MLT_LONG") else 5
ATTEMPTS, AHEAD = 4, 30
S = job_pb2.JobState
ENDS = (S.JOB_STATE_SUCCEEDED, S.JOB_STATE_FAILED, S.JOB_STATE_CANCELLED, S.JOB_STATE_TIMED_OUT, S.JOB_STATE_INTERRUPTED,
        S.JOB_STATE_SKIPPED)


class Zoo:
    """A folder with the zoo's plugin, its animals as models, and a launcher that gives each worker the ledger."""
    ANIMALS = ("echoes", "listens", "aborts", "blocks_signals", "signs")

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mlt-ledger-"))
        plugins, models, launcher = self.folder / "plugins", self.folder / "models/zoo", self.folder / "launcher"
        plugins.mkdir()
        models.mkdir(parents=True)
        shutil.copy(BUILD / "tests/zoo/zoo.so", plugins / "libmltrainer_zoo.so")
        for animal in self.ANIMALS:
            (models / f"{animal}.yaml").write_text(
                f"id: {animal}\nfamily: zoo\nalgorithm: {animal}\ntask: indicator\ndescription: Misbehaves.\nengine: none\n"
                "deterministic: false\ninputs: {target: none, features: any}\n")
        os.mkfifo(self.folder / "ledger")
        launcher.write_text(f"#!/bin/sh\nexec {BUILD}/bin/mltrainer-worker \"$@\" 9>{self.folder}/ledger\n")
        launcher.chmod(0o755)
        self.ledger = os.open(self.folder / "ledger", os.O_RDWR | os.O_NONBLOCK)
        self.arguments = ["--execution-plugins-dir", str(plugins), "--execution-models-dir", str(self.folder / "models"),
                          "--execution-worker", str(launcher), "--execution-quarantine", "0", "--log-level", "error"]
        return self

    def __exit__(self, *_):
        os.close(self.ledger)
        shutil.rmtree(self.folder, ignore_errors=True)


class Client:
    def __init__(self, server):
        self.channel = grpc.insecure_channel(server.address, [("grpc.use_local_subchannel_pool", 1)])
        self.stub = execution_pb2_grpc.ExecutionServiceStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def submit(self, animal, number=0, depends_on=(), timeout_s=0, **retry):
        table = table_pb2.Table(columns=[table_pb2.Column(name="x", doubles=table_pb2.DoubleValues(values=[number]))])
        backoff = duration_pb2.Duration()
        backoff.FromMilliseconds(retry.pop("backoff_ms", 10))
        spec = job_pb2.JobSpec(compute=job_pb2.ComputeSpec(model=animal, data=table_pb2.DataReference(table=table)),
                               depends_on=depends_on, retry=job_pb2.RetryPolicy(backoff=backoff, **retry))
        if timeout_s:
            spec.timeout.FromSeconds(timeout_s)
        return self.stub.SubmitJob(job_pb2.SubmitJobRequest(spec=spec), timeout=60).job.id

    def job(self, id):
        return self.stub.GetJob(job_pb2.GetJobRequest(id=id), timeout=60).job

    def await_state(self, id, *states):
        return wait_until(lambda: (job := self.job(id)).state in states and job, f"{id} in {states}", 120)

    def await_available(self):
        wait_until(lambda: self.stub.GetEngine(job_pb2.GetEngineRequest(), timeout=60).models_available == len(Zoo.ANIMALS),
                   "the zoo to be open", 60)

    def cancel(self, id):
        self.stub.CancelJob(job_pb2.CancelJobRequest(id=id), timeout=60)

    def end(self, id):
        """The job when it has ended, which its events say once, last, and without a gap."""
        events = [reply.event for reply in self.stub.WatchJob(job_pb2.WatchJobRequest(id=id), timeout=120)]
        sequence = [event.sequence for event in events]
        assert sequence == list(range(1, len(events) + 1)), f"{id}: events {sequence}"
        changes = [event.state for event in events if event.HasField("state")]
        ends = [change.to for change in changes if change.to in ENDS]
        assert len(ends) == 1 and changes[-1].to == ends[0], f"{id}: ends {ends}"
        assert all(a.to == getattr(b, "from") for a, b in zip(changes, changes[1:])), changes
        job = self.job(id)
        assert job.state == ends[0] and job.last_sequence == len(events), job
        return job


class Ledger(threading.Thread):
    """What the runs wrote: {number: {token: [begins, ends]}}. A pipe keeps what a process wrote before it was killed."""

    def __init__(self, descriptor):
        super().__init__()
        self.descriptor, self.runs, self.rest, self.over = descriptor, {}, b"", threading.Event()

    def run(self):
        while not self.over.wait(0.01):
            self.read()
        self.read()

    def read(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                *lines, self.rest = (self.rest + os.read(self.descriptor, 65536)).split(b"\n")
                for line in lines:
                    what, number, token = line.split()
                    self.runs.setdefault(int(number), {}).setdefault(int(token), [0, 0])[what == b"e"] += 1

    def finish(self):
        self.over.set()
        self.join()
        return self.runs


def kill_workers(server, source, stop):
    while not stop.wait(0.1):
        alive = workers(server)
        with contextlib.suppress(ProcessLookupError):
            if alive:
                os.kill(source.choice(alive), signal.SIGKILL)


def judge(job, runs):
    """@runs: what the ledger says of it."""
    assert all(begins == 1 and ends <= begins for begins, ends in runs.values()), runs
    assert len(runs) <= job.attempt <= ATTEMPTS, (job, runs)
    if job.state == S.JOB_STATE_SUCCEEDED:
        token = [int(metric.value) for metric in job.result.model_metrics if metric.name == "token"]
        assert len(token) == 1 and runs.get(token[0]) == [1, 1], (job, runs)
        return
    assert job.state == S.JOB_STATE_FAILED and job.attempt == ATTEMPTS and job.failure.dead_letter, job
    assert job.failure.signal == "SIGKILL" and job.failure.cause == job_pb2.FAILURE_CAUSE_KILLED, job


@case
def x08_a_ledger_of_jobs_whose_workers_are_killed():
    """A worker dies every 100 ms. The plugin writes down each run; the client, each job that was accepted."""
    seed = int(os.environ.get("MLT_SEED", time.time_ns() % 1_000_000))
    print(f"MLT_SEED={seed}", flush=True)
    keep_all = ("--retention-jobs", "10000000")   # in ten minutes there are more than 100,000
    with Zoo() as zoo, Server("--execution-workers", "3", *keep_all, *zoo.arguments) as server, Client(server) as client:
        client.await_available()
        ledger, stop, accepted, ended = Ledger(zoo.ledger), threading.Event(), {}, 0
        killer = threading.Thread(target=kill_workers, args=(server, random.Random(seed), stop))
        ledger.start()
        killer.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            number = len(accepted)
            accepted[client.submit("signs", number, max_attempts=ATTEMPTS)] = number
            if len(accepted) - ended > AHEAD:
                client.await_state(list(accepted)[ended], *ENDS)
                ended += 1
        stop.set()
        killer.join()
        jobs = {number: client.end(id) for id, number in accepted.items()}
        runs = ledger.finish()
        assert set(runs) <= set(jobs) and len(jobs) == len(accepted), "the ledger knows of jobs that nobody accepted"
        for number, job in jobs.items():
            judge(job, runs.get(number, {}))
        lost = sum(job.attempt > 1 for job in jobs.values())
        print(f"  {len(jobs)} jobs, {lost} of them lost a worker, {sum(map(len, runs.values()))} runs")
        assert lost and any(job.state == S.JOB_STATE_SUCCEEDED for job in jobs.values())


def jobs_in_each_state(client):
    """{id: how it must end}, when there is one in each state, and the name of the one to cancel afterwards."""
    expected = {client.submit("echoes"): S.JOB_STATE_SUCCEEDED, client.submit("aborts", max_attempts=1): S.JOB_STATE_FAILED}
    for id in expected:
        client.end(id)
    waits_long = client.submit("aborts", max_attempts=2, backoff_ms=3_600_000)
    client.await_state(waits_long, S.JOB_STATE_RETRY_WAIT)
    again, spent = client.submit("listens", max_attempts=2), client.submit("listens", max_attempts=1)
    forbidden, late = client.submit("listens", interrupt_on_restart=True), client.submit("listens", timeout_s=3, max_attempts=9)
    for id in (again, spent, forbidden):
        client.await_state(id, S.JOB_STATE_RUNNING)
    held = client.submit("echoes", depends_on=[again])
    expected.update((client.submit("echoes"), S.JOB_STATE_SUCCEEDED) for _ in range(20))   # some of them are being completed
    stubborn = client.submit("blocks_signals", max_attempts=1)
    client.await_state(stubborn, S.JOB_STATE_RUNNING)
    queued = client.submit("echoes")
    follower, withdrawn = client.submit("echoes", depends_on=[queued]), client.submit("echoes")
    client.cancel(withdrawn)
    client.cancel(stubborn)
    expected.update({waits_long: S.JOB_STATE_FAILED, again: S.JOB_STATE_CANCELLED, spent: S.JOB_STATE_INTERRUPTED,
                     forbidden: S.JOB_STATE_INTERRUPTED, late: S.JOB_STATE_TIMED_OUT, held: S.JOB_STATE_SKIPPED,
                     queued: S.JOB_STATE_SUCCEEDED, follower: S.JOB_STATE_SUCCEEDED, stubborn: S.JOB_STATE_CANCELLED})
    either = {withdrawn: (S.JOB_STATE_CANCELLED, S.JOB_STATE_SUCCEEDED)}   # it may have been done before it was withdrawn
    return {**{id: (end,) for id, end in expected.items()}, **either}, again


@case
def x14_the_server_killed_with_a_job_in_each_state():
    """WAITING, QUEUED, RUNNING, CANCELLING, RETRY_WAIT, on the way to an end, ended: kill -9, and each ends once, as it must."""
    with Zoo() as zoo:
        arguments = ["--execution-workers", "5", *zoo.arguments]
        first = Server(*arguments, data_dir=zoo.folder / "data").start()
        with Client(first) as client:
            client.await_available()
            expected, again = jobs_in_each_state(client)
            before = {id: client.job(id) for id in list(expected)[:2]}
            first.kill()
        with Server(*arguments, data_dir=zoo.folder / "data") as second, Client(second) as client:
            client.await_state(again, S.JOB_STATE_RUNNING)
            client.cancel(again)
            for id, ends in expected.items():
                job = client.end(id)
                assert job.state in ends, f"{job} is not one of {ends}"
            assert all(client.job(id) == job for id, job in before.items()), "a job that had ended is another now"
            assert client.job(again).attempt == 2


class Bearer(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    def __init__(self, token):
        self.metadata = [("authorization", f"Bearer {token}")]

    def intercept_unary_unary(self, continuation, details, request):
        return continuation(details._replace(metadata=self.metadata), request)

    intercept_unary_stream = intercept_unary_unary


@contextlib.contextmanager
def person(server, token):
    with Client(server) as client:
        client.channel = grpc.intercept_channel(client.channel, Bearer(token))
        client.stub = execution_pb2_grpc.ExecutionServiceStub(client.channel)
        yield client


def tokens(server, *identities):
    """One for each, by the one-shot secret of a new data folder."""
    with grpc.insecure_channel(server.address) as channel:
        create = admin_pb2_grpc.AdminServiceStub(channel).CreateToken
        secret = (server.data_dir / "bootstrap-token").read_text().strip()
        for identity in ("root", *identities):
            role = "admin" if identity == "root" else "trainer"
            made = create(admin_pb2.CreateTokenRequest(identity=identity, roles=[role]), metadata=[("authorization", f"Bearer {secret}")])
            secret = made.secret if identity == "root" else secret
            if identity != "root":
                yield made.secret


@case
def identities_take_turns_however_much_one_of_them_submits():
    """alice holds all places and has ten jobs that wait; bob's comes after them and goes before them."""
    with Zoo() as zoo, Server("--access-mode", "token", "--execution-workers", "1", *zoo.arguments) as server:
        hers, his = tokens(server, "alice", "bob")
        with person(server, hers) as alice, person(server, his) as bob:
            alice.await_available()
            held = [alice.submit("listens") for _ in range(3)]   # as many as prepare and run with one worker
            for id in held:
                alice.await_state(id, S.JOB_STATE_RUNNING)
            many = [alice.submit("echoes", number) for number in range(10)]
            one = bob.submit("echoes")
            assert {alice.job(id).state for id in many} == {S.JOB_STATE_QUEUED} == {bob.job(one).state}
            for id in held:
                alice.cancel(id)
            first = bob.end(one).start_time.ToNanoseconds()
            later = [alice.end(id) for id in many]
            assert all(job.state == S.JOB_STATE_SUCCEEDED and job.start_time.ToNanoseconds() >= first for job in later), (first, later)


ROWS = [word.lower() for word in sys.argv[1:]]
if ROWS:
    cases.CASES[:] = [function for function in cases.CASES if function.__name__.startswith(tuple(ROWS))]
    sys.argv[1:] = []
cases.main("ledger")
