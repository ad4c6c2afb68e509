# SPDX-License-Identifier: Apache-2.0
"""Who is at his limit is told which and when to come again, and nobody else notices (quotas of identities: calls, streams,
jobs, schedules, bytes of datasets, instances)."""
import sys

import grpc
from grpc_status import rpc_status
from google.rpc import error_details_pb2
from mltrainer.execution.v1 import dataset_pb2, execution_pb2_grpc, features_pb2, job_pb2, pipeline_pb2, table_pb2
from mltrainer.registry.v1 import registry_pb2

from audit_log import AuditLog
from cases import CASES, case, main, wait_until
from closed import bearer, closed

EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED


def refusal(call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == EXHAUSTED, error
        return error
    raise AssertionError("it was let in")


def retry_ms(error):
    for detail in rpc_status.from_call(error).details:
        retry = error_details_pb2.RetryInfo()
        if detail.Unpack(retry):
            return retry.retry_delay.ToMilliseconds()
    return 0


@case
def streams_of_an_identity():
    with closed("--access-stream-quota", "3") as it:
        ada, eve = (it.make(name, "viewer").secret for name in ("ada", "eve"))

        def watch(token):
            stream = it.registry.Watch(registry_pb2.WatchRequest(), metadata=bearer(token))
            next(stream)
            return stream
        streams = [watch(ada) for _ in range(3)]
        error = refusal(lambda: watch(ada))
        assert error.details() == "access.stream_quota: token/ada has its 3 streams open" and retry_ms(error) > 0, error
        watch(eve).cancel()
        it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(ada))  # no stream
        streams.pop().cancel()

        def again():
            try:
                return bool(streams.append(watch(ada)) or True)
            except grpc.RpcError as error:
                assert error.code() == EXHAUSTED, error
                return False
        wait_until(again, "the server knows that one has ended")
        for stream in streams:
            stream.cancel()
        log = AuditLog(it.server.data_dir)
        wait_until(lambda: any(line["method"].endswith("/Watch") and line["outcome"] == "RESOURCE_EXHAUSTED" and
                               line["who"] == log.hidden("token/ada") for line in log.calls()), "the refusal is written down")


@case
def jobs_of_an_owner():
    """Of a pipeline each task counts."""
    with closed("--execution-job-quota", "2", "--execution-workers", "1") as it:
        execution = execution_pb2_grpc.ExecutionServiceStub(it.channel)
        ada, eve = (it.make(name, "trainer").secret for name in ("ada", "eve"))

        def submit(name):
            token = ada if name == "ada" else eve
            return execution.SubmitJob(job_pb2.SubmitJobRequest(spec=training(name)), metadata=bearer(token)).job.id

        def pipeline(token, count):
            tasks = [pipeline_pb2.PipelineTask(key=f"t{i}", spec=training("ada")) for i in range(count)]
            spec = pipeline_pb2.PipelineSpec(tasks=tasks)
            return execution.SubmitPipeline(pipeline_pb2.SubmitPipelineRequest(spec=spec), metadata=bearer(token))
        error = refusal(lambda: pipeline(ada, 3))
        assert error.details() == "execution.job_quota: token/ada has its 2 jobs that have not ended" and retry_ms(error) > 0, error
        ended = [submit(name) for name in ("ada", "ada", "eve", "eve")]
        for token, own in ((ada, ended[:2]), (eve, ended[2:])):
            for one in own:
                list(execution.WatchJob(job_pb2.WatchJobRequest(id=one), metadata=bearer(token)))
        submit("ada")  # what has ended counts no longer


@case
def schedules_of_an_owner():
    """After a restart those that are there count, were they more than there may be now."""
    with closed("--execution-schedule-quota", "2") as it:
        execution = execution_pb2_grpc.ExecutionServiceStub(it.channel)
        ada, eve = (it.make(name, "trainer").secret for name in ("ada", "eve"))

        def create(token, name):
            schedule = pipeline_pb2.Schedule(name=name, cron="0 0 1 1 *", paused=True, job=training(name))
            execution.CreateSchedule(pipeline_pb2.CreateScheduleRequest(schedule=schedule), metadata=bearer(token))
        create(ada, "a")
        create(ada, "b")
        error = refusal(lambda: create(ada, "c"))
        assert error.details() == "execution.schedule_quota: token/ada has its 2 schedules", error
        create(eve, "c")
        execution.DeleteSchedule(pipeline_pb2.DeleteScheduleRequest(name="a"), metadata=bearer(ada))
        create(ada, "d")


def training(artifact):
    columns = [table_pb2.Column(name=column, doubles=table_pb2.DoubleValues(values=range(50))) for column in ("x", "y")]
    data = table_pb2.DataReference(table=table_pb2.Table(columns=columns))
    selection = features_pb2.ColumnSelection(target_column="y")
    return job_pb2.JobSpec(train=job_pb2.TrainSpec(model="ridge", artifact_name=artifact, data=data, selection=selection))


@case
def bytes_instances_and_calls_of_an_identity():
    with closed("--execution-dataset-quota", "64KiB", "--registry-instance-quota", "2") as it:
        execution = execution_pb2_grpc.ExecutionServiceStub(it.channel)
        ada, eve = (it.make(name, "trainer", "service").secret for name in ("ada", "eve"))

        def upload(token, name, size):
            header = dataset_pb2.UploadDatasetHeader(name=name, format=dataset_pb2.DATASET_FORMAT_CSV)
            text = b"x\n" + b"1\n" * (size // 2)
            execution.UploadDataset(iter((dataset_pb2.UploadDatasetRequest(header=header), dataset_pb2.UploadDatasetRequest(chunk=text))),
                                    metadata=bearer(token))

        def register(token, number):
            instance = registry_pb2.Instance(key=registry_pb2.InstanceKey(service=f"s{number}", id="a"),
                                             endpoints=[registry_pb2.Endpoint(address="127.0.0.1", port=80)])
            it.registry.Register(registry_pb2.RegisterRequest(instance=instance), metadata=bearer(token))
        upload(ada, "first", 60000)
        error = refusal(lambda: upload(ada, "second", 60000))
        assert error.details().startswith("execution.dataset_quota: token/ada has its 65536 bytes of datasets"), error
        upload(eve, "hers", 60000)
        register(ada, 0)
        register(ada, 1)
        error = refusal(lambda: register(ada, 2))
        assert error.details().startswith("registry.instance_quota: token/ada has its 2 instances") and retry_ms(error) > 0, error
        register(eve, 3)


@case
def calls_of_an_identity():
    """However slow this is, it asks faster than once a second."""
    with closed("--rate-limit-calls-per-second", "1", "--rate-limit-burst", "20") as it:
        ada, eve = (it.make(name, "viewer").secret for name in ("ada", "eve"))

        def ask(token):
            it.registry.ListServices(registry_pb2.ListServicesRequest(), metadata=bearer(token))

        def use_up():
            for _ in range(1000):
                ask(ada)
        assert retry_ms(refusal(use_up)) > 0
        ask(eve)


ROWS = [word.lower() for word in sys.argv[1:]]
if ROWS:
    CASES[:] = [function for function in CASES if function.__name__.lower().startswith(tuple(ROWS))]
    sys.argv[1:] = []
if CASES:
    main("quotas")
