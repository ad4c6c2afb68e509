# SPDX-License-Identifier: Apache-2.0
"""mlTrainer from Python.

    example.py keep SERVICE ID ADDRESS PORT   register an instance and keep it registered, until SIGINT or SIGTERM
    example.py train FILE.csv TARGET          upload, train, follow the job, predict the last row
    example.py watch SERVICE                  tell each change of a service's instances

The server is MLTRAINER_SERVER (127.0.0.1:50051), over TLS if MLTRAINER_CA names a file of certificates; MLTRAINER_TOKEN is sent.
"""
import os
import random
import signal
import sys
import threading
import uuid

import grpc
from google.protobuf import duration_pb2
from mltrainer.execution.v1 import dataset_pb2, execution_pb2_grpc, features_pb2, job_pb2, predict_pb2, table_pb2
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc

TOKEN = [("authorization", f"Bearer {os.environ['MLTRAINER_TOKEN']}")] if "MLTRAINER_TOKEN" in os.environ else []
CALL_S, JOB_S = 10, 300


def connect():
    server = os.environ.get("MLTRAINER_SERVER", "127.0.0.1:50051")
    if "MLTRAINER_CA" not in os.environ:
        return grpc.insecure_channel(server)
    with open(os.environ["MLTRAINER_CA"], "rb") as certificates:
        return grpc.secure_channel(server, grpc.ssl_channel_credentials(certificates.read()))


def keep(channel, service, instance_id, address, port):
    registry, leave = registry_pb2_grpc.RegistryServiceStub(channel), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leave.set())
    instance = registry_pb2.Instance(
        key=registry_pb2.InstanceKey(service=service, id=instance_id),
        endpoints=[registry_pb2.Endpoint(address=address, port=int(port))],
        lease_ttl=duration_pb2.Duration(seconds=10))

    def heartbeats(registered):
        heartbeat = registry_pb2.HeartbeatRequest(key=instance.key, incarnation=registered.instance.incarnation)
        while not leave.is_set():
            yield registry_pb2.HeartbeatStreamRequest(heartbeat=heartbeat, expire_on_disconnect=True)
            leave.wait(registered.heartbeat_interval.ToTimedelta().total_seconds())

    while not leave.is_set():  # a restart, an outage, a deregistration by somebody else: register again
        try:
            registered = registry.Register(registry_pb2.RegisterRequest(instance=instance), timeout=CALL_S, metadata=TOKEN)
            print(f"registered {service}/{instance_id}, incarnation {registered.instance.incarnation}", flush=True)
            for answer in registry.HeartbeatStream(heartbeats(registered), metadata=TOKEN):
                if answer.code != 0:
                    print(f"lost: {answer.text}", flush=True)
                    break
        except grpc.RpcError as error:
            print(f"lost: {error.code().name}: {error.details()}", flush=True)
        leave.wait(random.uniform(0.1, 1))
    try:
        registry.Deregister(registry_pb2.DeregisterRequest(key=instance.key), timeout=CALL_S, metadata=TOKEN)
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.NOT_FOUND:  # it may be gone already
            raise
    print(f"deregistered {service}/{instance_id}", flush=True)


def upload(execution, path):
    def messages():
        yield dataset_pb2.UploadDatasetRequest(header=dataset_pb2.UploadDatasetHeader(name="example"))
        with open(path, "rb") as file:
            while chunk := file.read(256 * 1024):
                yield dataset_pb2.UploadDatasetRequest(chunk=chunk)

    dataset = execution.UploadDataset(messages(), timeout=JOB_S, metadata=TOKEN).dataset
    print(f"dataset {dataset.name}@{dataset.version}, {dataset.row_count} rows")
    return table_pb2.DataReference(dataset=f"{dataset.name}@{dataset.version}")


def follow(execution, job_id):
    for message in execution.WatchJob(job_pb2.WatchJobRequest(id=job_id), timeout=JOB_S, metadata=TOKEN):
        if message.event.HasField("progress"):
            print(f"{message.event.progress.fraction:.0%} {message.event.progress.stage}")
        if message.HasField("job"):
            job = message.job
            print(job_pb2.JobState.Name(job.state).removeprefix("JOB_STATE_").lower())
    if job.state != job_pb2.JOB_STATE_SUCCEEDED:
        sys.exit(f"{job.failure}")
    return job.result


def train(channel, path, target):
    execution = execution_pb2_grpc.ExecutionServiceStub(channel)
    data = upload(execution, path)
    spec = job_pb2.JobSpec(train=job_pb2.TrainSpec(model="ridge", data=data, artifact_name="example",
                                                   selection=features_pb2.ColumnSelection(target_column=target)))
    request = job_pb2.SubmitJobRequest(spec=spec, request_id=str(uuid.uuid4()))  # harmless to repeat
    result = follow(execution, execution.SubmitJob(request, timeout=CALL_S, metadata=TOKEN).job.id)
    for metric in result.test_metrics:
        print(f"{metric.name} {metric.value:.6g}")
    request = predict_pb2.PredictRequest(artifact=result.artifact, data=data, last_row_only=True)
    table = execution.Predict(request, timeout=CALL_S, metadata=TOKEN).table
    prediction = next(column for column in table.columns if column.name == "prediction")
    print(f"prediction {prediction.doubles.values[0]:.9g}")


def watch(channel, service):
    def tell(what, instance):
        print(what, instance.key.id, registry_pb2.HealthState.Name(instance.status.state).removeprefix("HEALTH_STATE_").lower(), flush=True)

    registry = registry_pb2_grpc.RegistryServiceStub(channel)
    for message in registry.Watch(registry_pb2.WatchRequest(service=service), metadata=TOKEN):
        for instance in message.snapshot.instances:
            tell("present", instance)
        for change in message.changes.changes:
            tell(registry_pb2.ChangeKind.Name(change.kind).removeprefix("CHANGE_KIND_").lower(), change.instance)


if __name__ == "__main__":
    commands = {"keep": (keep, 4), "train": (train, 2), "watch": (watch, 1)}
    command, count = commands.get((sys.argv + [""])[1], (None, 0))
    if command is None or len(sys.argv) - 2 != count:
        sys.exit(__doc__)
    with connect() as connection:
        command(connection, *sys.argv[2:])
