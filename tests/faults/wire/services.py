# SPDX-License-Identifier: Apache-2.0
"""What is well-formed gRPC and still no good: data, models, jobs, pictures and targets that nobody should accept. A stock
client sends it; each gets the code and, where a field is at fault, google.rpc.BadRequest that names it."""
import hashlib
import os

import grpc
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from mltrainer.diagram.v1 import diagram_pb2, diagram_pb2_grpc
from mltrainer.execution.v1 import (dataset_pb2, execution_pb2_grpc, job_pb2, model_pb2, predict_pb2,
                                    table_pb2)
from mltrainer.registry.v1 import registry_pb2, registry_pb2_grpc
from cases import wait_until
from rows import row

Code = grpc.StatusCode
HOUR = duration_pb2.Duration(seconds=3600)


class Stubs:
    def __init__(self, server):
        self.channel = grpc.insecure_channel(server.address)
        self.execution = execution_pb2_grpc.ExecutionServiceStub(self.channel)
        self.registry = registry_pb2_grpc.RegistryServiceStub(self.channel)
        self.diagram = diagram_pb2_grpc.DiagramServiceStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.channel.close()


def refused(code, call, text="", field=None):
    """The call fails with @code; its message has @text, its BadRequest names @field."""
    try:
        reply = call()
    except grpc.RpcError as error:
        assert error.code() == code and text in error.details(), f"{error.code()}: {error.details()!r}, not {code}: {text!r}"
        if field is not None:
            bad_request = error_details_pb2.BadRequest()
            assert rpc_status.from_call(error).details[0].Unpack(bad_request), error
            assert bad_request.field_violations[0].field == field, bad_request
        return
    raise AssertionError(f"not refused: {reply}")


def upload(stubs, name, chunks, **header):
    def messages():
        yield dataset_pb2.UploadDatasetRequest(header=dataset_pb2.UploadDatasetHeader(name=name, **header))
        for chunk in chunks:
            yield dataset_pb2.UploadDatasetRequest(chunk=chunk)
    return stubs.execution.UploadDataset(messages(), timeout=120)


def warm_up(server):
    """Every worker works once, so that its process and pipes are there before anything is counted."""
    table = table_pb2.Table(columns=[table_pb2.Column(name="close", doubles=table_pb2.DoubleValues(values=range(300)))])
    with Stubs(server) as stubs:
        workers = stubs.execution.GetEngine(job_pb2.GetEngineRequest(), timeout=60).workers
        request = predict_pb2.ComputeRequest(model="rsi", data=table_pb2.DataReference(table=table))
        for call in [stubs.execution.Compute.future(request, timeout=120) for _ in range(8 * workers)]:
            call.result()
        drawing = diagram_pb2.Drawing(view="system-overview")
        stubs.diagram.Render(diagram_pb2.RenderRequest(drawing=drawing), timeout=120)


def blocks(size_bytes, block=b"x" * 65536):
    for _ in range(0, size_bytes, len(block)):
        yield block


@row("CSV_ragged_rows_name_their_line")
def ragged(server):
    with Stubs(server) as stubs:
        refused(Code.INVALID_ARGUMENT, lambda: upload(stubs, "ragged", [b"a,b,c\n1,2,3\n4,5\n6,7,8\n"]), "line 3")
        refused(Code.INVALID_ARGUMENT, lambda: upload(stubs, "ragged", [b"a,b\n1,2\n3,4,5\n"]), "line 3")


@row("CSV_a_text_where_a_number_must_be_names_line_and_column")
def not_a_number(server):
    required = [dataset_pb2.ColumnRequirement(name="close", type=table_pb2.COLUMN_TYPE_DOUBLE)]
    with Stubs(server) as stubs:
        refused(Code.INVALID_ARGUMENT, lambda: upload(stubs, "words", [b"day,close\n1,2.5\n2,much\n"], columns=required), "line 3")
        refused(Code.INVALID_ARGUMENT, lambda: upload(stubs, "words", [b"day,open\n1,2.5\n"], columns=required), "close")
        made = upload(stubs, "words", [b"day,close\n1,2.5\n2,much\n"]).dataset      # nobody said that they are numbers
        assert [column.type for column in made.columns] == [table_pb2.COLUMN_TYPE_INTEGER, table_pb2.COLUMN_TYPE_TEXT]
        data = table_pb2.DataReference(dataset="words")
        train = job_pb2.TrainSpec(model="ridge", data=data)
        train.selection.target_column, train.selection.feature_columns[:] = "day", ["close"]
        submit = job_pb2.SubmitJobRequest(spec=job_pb2.JobSpec(train=train))
        refused(Code.INVALID_ARGUMENT, lambda: stubs.execution.SubmitJob(submit, timeout=60), "close")
        # A text as target is for the model to judge: the job fails, and says why.
        train.selection.target_column, train.selection.feature_columns[:] = "close", ["day"]
        submit = job_pb2.SubmitJobRequest(spec=job_pb2.JobSpec(train=train))
        job = stubs.execution.SubmitJob(submit, timeout=60).job.id
        last = list(stubs.execution.WatchJob(job_pb2.WatchJobRequest(id=job), timeout=120))[-1].job
        assert last.state == job_pb2.JOB_STATE_FAILED and last.failure.code == 3 and "close" in last.failure.message, last


@row("CSV_a_million_columns")
def million_columns(server):
    header = b",".join(b"c%d" % i for i in range(1_000_000)) + b"\n"
    chunks = [header[at:at + 65536] for at in range(0, len(header), 65536)]
    with Stubs(server) as stubs:
        refused(Code.RESOURCE_EXHAUSTED, lambda: upload(stubs, "wide", chunks))
        header = b",".join(b"c%d" % i for i in range(5000)) + b"\n"
        refused(Code.RESOURCE_EXHAUSTED, lambda: upload(stubs, "wide", [header]), "4096")


@row("CSV_a_row_without_end")
def endless_row(server):
    with Stubs(server) as stubs:
        refused(Code.RESOURCE_EXHAUSTED, lambda: upload(stubs, "long", [b"a,b\n", *blocks(8 << 20)]))
        refused(Code.RESOURCE_EXHAUSTED, lambda: upload(stubs, "quoted", [b'a,b\n"', *blocks(8 << 20)]))


@row("CSV_bytes_that_are_no_text")
def no_text(server):
    with Stubs(server) as stubs:
        for data in (b"a,b\n\xff\xfe,1\n", b"a,b\n1,\0\n", b'a,b\n"open,1\n', b"", b"a,a\n1,2\n", b"\x89PNG\r\n\x1a\n\0\0\0"):
            refused(Code.INVALID_ARGUMENT, lambda: upload(stubs, "bytes", [data] if data else []))


@row("CSV_uploads_that_are_not_what_they_say")
def dishonest_uploads(server):
    data = b"a,b\n1,2\n"
    with Stubs(server) as stubs:
        other = hashlib.sha256(b"other").hexdigest()
        refused(Code.DATA_LOSS, lambda: upload(stubs, "hash", [data], sha256=other))
        refused(Code.INVALID_ARGUMENT, lambda: upload(stubs, "../../etc/passwd", [data]), field="header.name")
        chunk, header = dataset_pb2.UploadDatasetRequest(chunk=data), dataset_pb2.UploadDatasetHeader(name="twice")
        refused(Code.INVALID_ARGUMENT, lambda: stubs.execution.UploadDataset(iter([chunk]), timeout=60))
        twice = dataset_pb2.UploadDatasetRequest(header=header)
        refused(Code.INVALID_ARGUMENT, lambda: stubs.execution.UploadDataset(iter([twice, chunk, twice]), timeout=60))
        refused(Code.INVALID_ARGUMENT, lambda: stubs.execution.UploadDataset(iter([]), timeout=60))
        refused(Code.NOT_FOUND, lambda: stubs.execution.GetDataset(dataset_pb2.GetDatasetRequest(dataset="hash"), timeout=60))


@row("X_an_unknown_model_is_not_found")
def unknown_model(server):
    table = table_pb2.Table(columns=[table_pb2.Column(name="close", doubles=table_pb2.DoubleValues(values=[1, 2, 3]))])
    data = table_pb2.DataReference(table=table)
    with Stubs(server) as stubs:
        refused(Code.NOT_FOUND, lambda: stubs.execution.GetModel(model_pb2.GetModelRequest(id="rigde"), timeout=60), "ridge")
        compute = predict_pb2.ComputeRequest(model="no.such.model", data=data)
        refused(Code.NOT_FOUND, lambda: stubs.execution.Compute(compute, timeout=60))
        train = job_pb2.TrainSpec(model="no.such.model", data=data)
        train.selection.target_column = "close"
        submit = job_pb2.SubmitJobRequest(spec=job_pb2.JobSpec(train=train))
        refused(Code.NOT_FOUND, lambda: stubs.execution.SubmitJob(submit, timeout=60))
        refused(Code.NOT_FOUND, lambda: stubs.execution.GetJob(job_pb2.GetJobRequest(id="no-such-job"), timeout=60))


@row("X_parameters_out_of_range_name_the_parameter")
def bad_parameters(server):
    table = table_pb2.Table(columns=[table_pb2.Column(name="close", doubles=table_pb2.DoubleValues(values=[1, 2, 3]))])
    with Stubs(server) as stubs:
        def compute(**parameters):
            request = predict_pb2.ComputeRequest(model="rsi", data=table_pb2.DataReference(table=table))
            for name, value in parameters.items():
                request.parameters[name].CopyFrom(value)
            return stubs.execution.Compute(request, timeout=60)

        refused(Code.INVALID_ARGUMENT, lambda: compute(period=table_pb2.ParameterValue(integer=-1)), "period")
        refused(Code.INVALID_ARGUMENT, lambda: compute(period=table_pb2.ParameterValue(text="x")), "period")
        refused(Code.INVALID_ARGUMENT, lambda: compute(nonsense=table_pb2.ParameterValue(integer=1)), "nonsense")
        refused(Code.INVALID_ARGUMENT, lambda: compute(period=table_pb2.ParameterValue(number=float("nan"))), "period")


@row("X15_a_client_that_leaves_its_jobs")
def leaves(server):
    """Submits, watches and vanishes: what was accepted still ends once."""
    table = table_pb2.Table(columns=[table_pb2.Column(name="close", doubles=table_pb2.DoubleValues(values=range(300)))])
    spec = job_pb2.JobSpec(compute=job_pb2.ComputeSpec(model="rsi", data=table_pb2.DataReference(table=table)))
    with Stubs(server) as stubs:
        jobs = [stubs.execution.SubmitJob(job_pb2.SubmitJobRequest(spec=spec), timeout=60).job.id for _ in range(20)]
        for job in jobs:
            stubs.execution.WatchJob(job_pb2.WatchJobRequest(id=job))
    with Stubs(server) as stubs:
        for job in jobs:
            events = list(stubs.execution.WatchJob(job_pb2.WatchJobRequest(id=job), timeout=120))
            ends = [event.job.state for event in events if event.job.state >= job_pb2.JOB_STATE_SUCCEEDED]
            assert ends == [job_pb2.JOB_STATE_SUCCEEDED], ends


@row("D01_too_much_to_draw")
def too_much(server):
    spec = "title: big\nnodes:\n" + "".join(f"  - {{id: n{i}, title: n}}\n" for i in range(30_000))
    with Stubs(server) as stubs:
        def draw(text):
            return stubs.diagram.Render(diagram_pb2.RenderRequest(drawing=diagram_pb2.Drawing(spec=text)), timeout=120)

        refused(Code.INVALID_ARGUMENT, lambda: draw(spec))
        refused(Code.INVALID_ARGUMENT, lambda: draw("x" * (3 << 20)))


@row("D02_specs_that_mean_nothing")
def nonsense_specs(server):
    with Stubs(server) as stubs:
        for text in ("", "[", "title: [", "- a\n- b\n", "&a [*a, *a]", "a: &x {b: *x}", "title: x\nnodes: 7\n"):
            drawing = diagram_pb2.Drawing(spec=text)
            refused(Code.INVALID_ARGUMENT, lambda: stubs.diagram.Render(diagram_pb2.RenderRequest(drawing=drawing), timeout=120))
        refused(Code.NOT_FOUND, lambda: stubs.diagram.Render(
            diagram_pb2.RenderRequest(drawing=diagram_pb2.Drawing(view="no-such-view")), timeout=120))


@row("R01_targets_that_the_server_must_not_touch")
def targets(server):
    with Stubs(server) as stubs:
        for address in ("169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0", "2852039166", "0xA9FEA9FE"):
            check = registry_pb2.Check(name="t", tcp=registry_pb2.TcpCheck(
                target=registry_pb2.Endpoint(address=address, port=80)), interval=duration_pb2.Duration(seconds=1), rise=1, fall=1)
            instance = registry_pb2.Instance(key=registry_pb2.InstanceKey(service="r01", id="a"), checks=[check], lease_ttl=HOUR,
                                             endpoints=[registry_pb2.Endpoint(address="192.0.2.1", port=80)])
            try:
                stubs.registry.Register(registry_pb2.RegisterRequest(instance=instance), timeout=60)
            except grpc.RpcError as error:
                assert error.code() == Code.INVALID_ARGUMENT, error
                continue
            # Accepted as a name: then it fails when it is resolved, and says why.
            def status():
                return stubs.registry.GetInstance(registry_pb2.GetInstanceRequest(key=instance.key), timeout=60).instance.status
            wait_until(lambda: status().state == registry_pb2.HEALTH_STATE_UNHEALTHY, f"{address} to fail")
            assert "never allowed" in status().checks[0].text, (address, status())


@row("R05_no_check_runs_a_program")
def script_checks(server):
    kinds = registry_pb2.Check.DESCRIPTOR.oneofs_by_name["kind"].fields
    assert {field.name for field in kinds} == {"http", "grpc", "tcp", "ttl"}, "a new kind of check: may it run a program?"
    marker = os.path.join(server.data_dir, "r05-was-here")
    script = f"touch {marker}".encode()
    with Stubs(server) as stubs:
        known = {field.number for field in registry_pb2.Check.DESCRIPTOR.fields}
        for number in [number for number in range(1, 41) if number not in known]:
            # A field that the schema has not, as another product's script check would be: a string, and a message with one.
            for payload in (script, bytes([10, len(script)]) + script):
                tag = (number << 3 | 2).to_bytes(1, "big") if number < 16 else bytes([(number << 3 | 2) & 0x7f | 0x80, number >> 4])
                check = registry_pb2.Check.FromString(b"\x0a\x01t" + tag + bytes([len(payload)]) + payload)
                assert len(check.SerializeToString()) > len(script)   # a stock client sends it on
                instance = registry_pb2.Instance(key=registry_pb2.InstanceKey(service="r05", id="a"), checks=[check],
                                                 endpoints=[registry_pb2.Endpoint(address="192.0.2.1", port=80)])
                refused(Code.INVALID_ARGUMENT, lambda: stubs.registry.Register(
                    registry_pb2.RegisterRequest(instance=instance), timeout=60), field="instance.checks[0]")
        for text in (f"$(touch {marker})", f"`touch {marker}`", f"; touch {marker}", f"| touch {marker}"):
            for check in (registry_pb2.Check(name="t", http=registry_pb2.HttpCheck(path=text)),
                          registry_pb2.Check(name="t", http=registry_pb2.HttpCheck(path="/" + text)),
                          registry_pb2.Check(name="t", tcp=registry_pb2.TcpCheck(target=registry_pb2.Endpoint(address=text, port=80)))):
                instance = registry_pb2.Instance(key=registry_pb2.InstanceKey(service="r05", id="a"), checks=[check],
                                                 endpoints=[registry_pb2.Endpoint(address="192.0.2.1", port=80)])
                refused(Code.INVALID_ARGUMENT, lambda: stubs.registry.Register(
                    registry_pb2.RegisterRequest(instance=instance), timeout=60))
    assert not os.path.exists(marker)


@row("R06_metadata_of_ten_megabytes_and_a_thousand_registrations_at_once")
def big_registrations(server):
    with Stubs(server) as stubs:
        instance = registry_pb2.Instance(key=registry_pb2.InstanceKey(service="r06", id="a"), lease_ttl=HOUR,
                                         endpoints=[registry_pb2.Endpoint(address="192.0.2.1", port=80)])
        instance.metadata["k"].text = "x" * (1 << 20)
        refused(Code.INVALID_ARGUMENT, lambda: stubs.registry.Register(
            registry_pb2.RegisterRequest(instance=instance), timeout=60), field="instance.metadata")
        instance.metadata["k"].text = "x" * (10 << 20)
        refused(Code.RESOURCE_EXHAUSTED, lambda: stubs.registry.Register(
            registry_pb2.RegisterRequest(instance=instance), timeout=60))
        instance.ClearField("metadata")
        calls = []
        for i in range(1000):
            instance.key.id = f"i{i}"
            calls.append(stubs.registry.Register.future(registry_pb2.RegisterRequest(instance=instance), timeout=120))
        assert all(call.result().created for call in calls)
        for i in range(1000):
            key = registry_pb2.InstanceKey(service="r06", id=f"i{i}")
            calls[i] = stubs.registry.Deregister.future(registry_pb2.DeregisterRequest(key=key), timeout=120)
        assert all(call.result() for call in calls)
