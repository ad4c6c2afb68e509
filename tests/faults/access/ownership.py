# SPDX-License-Identifier: Apache-2.0
"""Who may change what, by the real server: each method that changes something is called by another identity than the
owner's, refused, and then called by the owner (rows A02 and R07 of faults.md). The methods are those of the descriptors:
a new one that is in no list here fails.

Beside these, names: a dataset or an artifact gets versions from whom its name belongs to.
"""
import contextlib
import os
import sqlite3
import struct
import sys
import tempfile
import zlib
from pathlib import Path

import grpc
import grpc_tools.protoc  # noqa: F401  (lets grpc compile a .proto as it is imported)
from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2
from mltrainer.admin.v1 import admin_pb2
from mltrainer.diagram.v1 import diagram_pb2
from mltrainer.execution.v1 import (artifact_pb2, dataset_pb2, execution_pb2, execution_pb2_grpc, features_pb2, job_pb2,
                                    pipeline_pb2, table_pb2)
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

import cases
from cases import case, wait_until
from server import ROOT, Server
from tls_server import tls_server

sys.path.insert(0, str(ROOT / "proto/external"))
inference_pb2, inference_pb2_grpc = grpc.protos_and_services("inference/grpc_service.proto")

# What changes nothing that somebody owns.
READS = {
    "mltrainer.execution.v1.ExecutionService/PredictStream", "mltrainer.diagram.v1.DiagramService/*",
    "inference.GRPCInferenceService/ServerLive", "inference.GRPCInferenceService/ServerReady",
    "inference.GRPCInferenceService/ServerMetadata", "inference.GRPCInferenceService/ModelReady",
    "inference.GRPCInferenceService/ModelMetadata", "inference.GRPCInferenceService/ModelInfer",
    "inference.GRPCInferenceService/ModelStreamInfer", "inference.GRPCInferenceService/ModelConfig",
    "inference.GRPCInferenceService/ModelStatistics", "inference.GRPCInferenceService/RepositoryIndex",
}
# What belongs to the server: by right alone.
BY_RIGHT = {"mltrainer.execution.v1.ExecutionService/ReloadPlugins", "mltrainer.admin.v1.AdminService/*"}

ATTEMPTS = {}


def attempt(service):
    """The function calls that method of @service as somebody, on what alice has made."""
    def keep(function):
        name = "".join(word.capitalize() for word in function.__name__.split("_"))
        ATTEMPTS[f"{service.full_name}/{name}"] = function
        return function
    return keep


EXECUTION = execution_pb2.DESCRIPTOR.services_by_name["ExecutionService"]
REGISTRY = registry_pb2.DESCRIPTOR.services_by_name["RegistryService"]
INFERENCE = inference_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]


class Person:
    """Channels of one identity, and what it does in a few words."""

    def __init__(self, channel):
        self.execution = execution_pb2_grpc.ExecutionServiceStub(channel)
        self.registry = registry_pb2_grpc.RegistryServiceStub(channel)
        self.inference = inference_pb2_grpc.GRPCInferenceServiceStub(channel)

    def upload(self, name, text="x,y\n1,2\n2,4\n3,6\n4,8\n"):
        header = dataset_pb2.UploadDatasetHeader(name=name, format=dataset_pb2.DATASET_FORMAT_CSV)
        return self.execution.UploadDataset(iter((dataset_pb2.UploadDatasetRequest(header=header),
                                                  dataset_pb2.UploadDatasetRequest(chunk=text.encode())))).dataset

    def train(self, name, seed=0):
        return self.execution.SubmitJob(job_pb2.SubmitJobRequest(spec=training(name, seed))).job

    def artifact(self, name, seed=0):
        job = self.train(name, seed)
        last = list(self.execution.WatchJob(job_pb2.WatchJobRequest(id=job.id)))[-1].job
        assert last.state == job_pb2.JOB_STATE_SUCCEEDED, last
        return last


def training(name, seed=0):
    table = table_pb2.Table(columns=[table_pb2.Column(name=column, doubles=table_pb2.DoubleValues(values=range(seed, seed + 50)))
                                     for column in ("x", "y")])
    return job_pb2.JobSpec(train=job_pb2.TrainSpec(model="ridge", artifact_name=name, data=table_pb2.DataReference(table=table),
                                                   selection=features_pb2.ColumnSelection(target_column="y")))


# ---- Execution: alice has the dataset "prices", the artifact "model" with two versions and the alias "live", a job, a
# pipeline, and the schedule "nightly" ----

@attempt(EXECUTION)
def upload_dataset(who, world):
    who.upload("prices", "x,y\n9,9\n")


@attempt(EXECUTION)
def submit_job(who, world):
    who.train("model")


@attempt(EXECUTION)
def cancel_job(who, world):
    who.execution.CancelJob(job_pb2.CancelJobRequest(id=world.job))


@attempt(EXECUTION)
def submit_pipeline(who, world):
    task = pipeline_pb2.PipelineTask(key="a", spec=training("model"))
    who.execution.SubmitPipeline(pipeline_pb2.SubmitPipelineRequest(spec=pipeline_pb2.PipelineSpec(tasks=[task])))


@attempt(EXECUTION)
def cancel_pipeline(who, world):
    who.execution.CancelPipeline(pipeline_pb2.CancelPipelineRequest(id=world.pipeline))


@attempt(EXECUTION)
def create_schedule(who, world):
    who.execution.CreateSchedule(pipeline_pb2.CreateScheduleRequest(schedule=pipeline_pb2.Schedule(
        name="another", cron="0 3 * * *", job=training("model"), paused=True)))


@attempt(EXECUTION)
def update_schedule(who, world):
    who.execution.UpdateSchedule(pipeline_pb2.UpdateScheduleRequest(
        schedule=pipeline_pb2.Schedule(name="nightly", cron="0 4 * * *"), update_mask=field_mask_pb2.FieldMask(paths=["cron"])))


@attempt(EXECUTION)
def delete_schedule(who, world):
    who.execution.DeleteSchedule(pipeline_pb2.DeleteScheduleRequest(name="nightly"))


@attempt(EXECUTION)
def import_artifact(who, world):
    header = artifact_pb2.ImportArtifactHeader(name="model")
    who.execution.ImportArtifact(iter((artifact_pb2.ImportArtifactRequest(header=header),
                                       artifact_pb2.ImportArtifactRequest(chunk=world.container))))


@attempt(EXECUTION)
def set_alias(who, world):
    who.execution.SetAlias(artifact_pb2.SetAliasRequest(name="model", alias="live", version=1))


@attempt(EXECUTION)
def delete_alias(who, world):
    who.execution.DeleteAlias(artifact_pb2.DeleteAliasRequest(name="model", alias="live"))


@attempt(EXECUTION)
def delete_artifact(who, world):
    who.execution.DeleteArtifact(artifact_pb2.DeleteArtifactRequest(artifact="model@1"))


@attempt(EXECUTION)
def delete_dataset(who, world):
    who.execution.DeleteDataset(dataset_pb2.DeleteDatasetRequest(dataset="prices"))


@attempt(INFERENCE)
def repository_model_unload(who, world):
    who.inference.RepositoryModelUnload(inference_pb2.RepositoryModelUnloadRequest(model_name="model"))


@attempt(INFERENCE)
def repository_model_load(who, world):
    who.inference.RepositoryModelLoad(inference_pb2.RepositoryModelLoadRequest(model_name="model"))


# ---- Registry: alice has the instance "prices/a" ----

KEY = registry_pb2.InstanceKey(service="prices", id="a")


def instance(port=7000):
    return registry_pb2.Instance(key=KEY, endpoints=[registry_pb2.Endpoint(address="127.0.0.1", port=port)],
                                 lease_ttl=duration_pb2.Duration(seconds=60))


@attempt(REGISTRY)
def register(who, world):
    who.registry.Register(registry_pb2.RegisterRequest(instance=instance(7001)))


@attempt(REGISTRY)
def heartbeat(who, world):
    who.registry.Heartbeat(registry_pb2.HeartbeatRequest(key=KEY))


@attempt(REGISTRY)
def heartbeat_stream(who, world):
    call = who.registry.HeartbeatStream(iter([registry_pb2.HeartbeatStreamRequest(heartbeat=registry_pb2.HeartbeatRequest(key=KEY))]))
    raise_code(next(call).code)


@attempt(REGISTRY)
def update_instance(who, world):
    changed = instance()
    changed.weight = 7
    who.registry.UpdateInstance(registry_pb2.UpdateInstanceRequest(
        instance=changed, update_mask=field_mask_pb2.FieldMask(paths=["weight"])))


@attempt(REGISTRY)
def set_operator_state(who, world):
    who.registry.SetOperatorState(registry_pb2.SetOperatorStateRequest(
        key=KEY, operator_state=registry_pb2.OPERATOR_STATE_DRAINING))


@attempt(REGISTRY)
def report_load(who, world):
    who.registry.ReportLoad(iter([registry_pb2.ReportLoadRequest(loads=[registry_pb2.Load(key=KEY)])]))


@attempt(REGISTRY)
def check_now(who, world):
    """There are no checks; who may not ask is not told that."""
    try:
        who.registry.CheckNow(registry_pb2.CheckNowRequest(key=KEY))
    except grpc.RpcError as error:
        raise_code(0 if error.code() == grpc.StatusCode.FAILED_PRECONDITION else error.code().value[0])


@attempt(REGISTRY)
def deregister(who, world):
    who.registry.Deregister(registry_pb2.DeregisterRequest(key=KEY))


# ---- The world ----

class Refused(Exception):
    pass


def raise_code(code):
    if code:
        raise Refused(code)


def code_of(call):
    """The status of a call: 0 when it went well."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code().value[0], error.details()
    except Refused as refused:
        return refused.args[0], ""
    return 0, ""


DENIED = grpc.StatusCode.PERMISSION_DENIED.value[0]


class World:
    def __init__(self, alice, bob):
        self.alice, self.bob = alice, bob
        alice.upload("prices")
        alice.artifact("model", 1)
        stream = alice.execution.ExportArtifact(artifact_pb2.ExportArtifactRequest(artifact="model@1"))
        self.container = b"".join(part.chunk for part in stream)
        self.job = alice.artifact("model", 2).id
        alice.execution.SetAlias(artifact_pb2.SetAliasRequest(name="model", alias="live", version=2))
        task = pipeline_pb2.PipelineTask(key="a", spec=training("of_a_pipeline"))
        self.pipeline = alice.execution.SubmitPipeline(pipeline_pb2.SubmitPipelineRequest(
            spec=pipeline_pb2.PipelineSpec(tasks=[task]))).pipeline.id
        alice.execution.CreateSchedule(pipeline_pb2.CreateScheduleRequest(schedule=pipeline_pb2.Schedule(
            name="nightly", cron="0 3 * * *", job=training("nights"), paused=True)))
        alice.registry.Register(registry_pb2.RegisterRequest(instance=instance()))


def person(server, folder, name):
    files = [Path(folder, file).read_bytes() for file in ("ca.pem", f"{name}.key", f"{name}.pem")]
    channel = grpc.secure_channel(server.address, grpc.ssl_channel_credentials(*files),
                                  [("grpc.ssl_target_name_override", "localhost")])
    return Person(channel)


@contextlib.contextmanager
def two_people():
    with tls_server("--tls-client-ca", "{}/ca.pem", clients=("alice", "bob")) as (server, folder):
        yield World(person(server, folder, "alice"), person(server, folder, "bob"))


def mutating():
    for service in (EXECUTION, REGISTRY, INFERENCE, admin_pb2.DESCRIPTOR.services_by_name["AdminService"],
                    diagram_pb2.DESCRIPTOR.services_by_name["DiagramService"]):
        for method in service.methods:
            level = method.GetOptions().idempotency_level
            if level != descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS:
                yield f"{service.full_name}/{method.name}"


def is_in(name, lists):
    return name in lists or name.split("/")[0] + "/*" in lists


@case
def a02_every_method_that_changes_something_is_in_a_list(world):
    missing = [name for name in mutating() if not (name in ATTEMPTS or is_in(name, READS) or is_in(name, BY_RIGHT))]
    assert not missing, f"who may call it? {missing}"
    gone = [name for name in ATTEMPTS if name not in set(mutating())]
    assert not gone, f"no such method: {gone}"


@case
def a02_r07_nobody_but_its_owner_changes_it(world):
    for name, call in ATTEMPTS.items():
        code, text = code_of(lambda: call(world.bob, world))
        assert code == DENIED, f"bob, {name}: {code} {text}"
        assert "alice" in text or not text, f"{name}: {text}"
    for name, call in ATTEMPTS.items():
        code, text = code_of(lambda: call(world.alice, world))
        assert code == 0, f"alice, {name}: {code} {text}"


@case
def everybody_may_read(world):
    jobs = world.bob.execution.ListJobs(job_pb2.ListJobsRequest()).jobs
    assert world.job in [job.id for job in jobs] and {job.owner for job in jobs} == {"tls/alice"}, jobs
    world.bob.execution.GetArtifact(artifact_pb2.GetArtifactRequest(artifact="model@2"))


@case
def a_request_id_is_its_callers(world):
    spec = training("of_bob")
    mine = world.bob.execution.SubmitJob(job_pb2.SubmitJobRequest(spec=spec, request_id="once")).job
    spec = training("of_alice")
    hers = world.alice.execution.SubmitJob(job_pb2.SubmitJobRequest(spec=spec, request_id="once")).job
    assert mine.id != hers.id and (mine.owner, hers.owner) == ("tls/bob", "tls/alice"), (mine, hers)


@case
def who_owns_the_data_may_change_all_of_it():
    """By the unix socket, the server's own account; by TCP, nobody in particular."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"unix:{folder}/socket"
        with Server("--listen", path) as server:
            anonymous, own = Person(grpc.insecure_channel(server.address)), Person(grpc.insecure_channel(path))
            theirs = own.upload("owned")
            assert theirs.owner == f"unix/uid:{os.geteuid()}", theirs.owner
            code, _ = code_of(lambda: anonymous.execution.DeleteDataset(dataset_pb2.DeleteDatasetRequest(dataset="owned")))
            assert code == DENIED, code
            assert anonymous.upload("open").owner == "anonymous"
            own.execution.DeleteDataset(dataset_pb2.DeleteDatasetRequest(dataset="open"))
            own.execution.DeleteDataset(dataset_pb2.DeleteDatasetRequest(dataset="owned"))


@case
def owners_of_an_earlier_version_are_migrated():
    """Its store had bare names."""
    with tempfile.TemporaryDirectory() as outer:
        folder = Path(outer, "data")
        with Server(data_dir=folder) as server:
            Person(grpc.insecure_channel(server.address)).upload("old")
        with contextlib.closing(sqlite3.connect(Path(folder, "mltrainer.db"))) as database, database:
            key = b"execution/dataset/old/0000000001"
            (value, revision), = database.execute("SELECT value, revision FROM entries WHERE key = ?", (key,))
            record = dataset_pb2.Dataset.FromString(value)
            for number, owner in enumerate(("", "uid:4711", "spiffe://here/alice"), 2):
                record.owner, record.version = owner, number
                row = b"execution/dataset/old/%010d" % number, record.SerializeToString()
                total = zlib.crc32(row[1], zlib.crc32(row[0], zlib.crc32(struct.pack("<Q", revision))))
                database.execute("INSERT INTO entries (key, value, revision, sum) VALUES (?, ?, ?, ?)", (*row, revision, total))
            database.execute("DELETE FROM entries WHERE key = ?", (b"execution/owners",))
        with Server(data_dir=folder) as server:
            ask = Person(grpc.insecure_channel(server.address)).execution.GetDataset
            owners = [ask(dataset_pb2.GetDatasetRequest(dataset=f"old@{i}")).dataset.owner for i in range(1, 5)]
            assert owners == ["anonymous", "anonymous", "unix/uid:4711", "tls/spiffe://here/alice"], owners


cases.main("access", two_people)
