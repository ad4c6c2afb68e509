# SPDX-License-Identifier: Apache-2.0
"""Triton's Python client, unchanged, against the server."""
import contextlib
import queue
import re
import subprocess
import sys

import numpy
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

from cases import case, main
from server import ROOT
from trained import INPUTS, Trained

MATRIX = [[1, 1, 1], [1, 2, 3]]
EXPECTED = [6, 14]
ANSWER_S = 30


def matrix(datatype="FP64"):
    tensor = triton.InferInput("rows", [2, 3], datatype)
    tensor.set_data_from_numpy(numpy.array(MATRIX, dtype=triton.triton_to_np_dtype(datatype)))
    return [tensor]


def columns(names=INPUTS):
    tensors = []
    for i, name in enumerate(names):
        tensors.append(triton.InferInput(name, [2, 1], "FP64"))
        tensors[-1].set_data_from_numpy(numpy.array([[row[i]] for row in MATRIX], dtype=numpy.float64))
    return tensors


def close(result):
    numpy.testing.assert_allclose(result.as_numpy("prediction"), EXPECTED, rtol=1e-9)


def guides_program():
    return re.search(r"^```python\n(.*?)^```$", (ROOT / "docs/guide/inference.md").read_text(), re.M | re.S)[1]


@case
def the_guides_program_runs(client):
    done = subprocess.run([sys.executable, "-c", guides_program().replace("127.0.0.1:50051", client.server_address)], text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    numpy.testing.assert_allclose([float(number) for number in done.stdout.strip(" []\n").split()], EXPECTED)


def fails(status, call):
    try:
        call()
    except InferenceServerException as error:
        assert error.status() == f"StatusCode.{status}", error
        return error.message()
    raise AssertionError(f"it did not fail with {status}")


@case
def server_and_models_are_described(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("line") and client.is_model_ready("line", "2")
    assert not client.is_model_ready("line", "3") and not client.is_model_ready("nobody")
    assert client.get_server_metadata().name == "mltrainerd"
    metadata = client.get_model_metadata("line")
    assert [tensor.name for tensor in metadata.inputs] == INPUTS and list(metadata.versions) == ["1", "2"], metadata
    config = client.get_model_config("line").config
    assert [tensor.name for tensor in config.input] == INPUTS and config.max_batch_size == 0, config
    index = client.get_model_repository_index().models
    assert [(model.name, model.version, model.state) for model in index] == [("line", "1", "READY"), ("line", "2", "READY")]
    fails("NOT_FOUND", lambda: client.get_model_metadata("nobody"))


@case
def tensors_of_every_type_and_shape(client):
    for datatype in ("FP64", "FP32", "INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16", "UINT8"):
        close(client.infer("line", matrix(datatype)))
    result = client.infer("line", columns(), model_version="1", request_id="seven",
                          outputs=[triton.InferRequestedOutput("prediction"), triton.InferRequestedOutput("row")])
    close(result)
    assert list(result.as_numpy("row")) == [0, 1]
    assert (result.get_response().id, result.get_response().model_version) == ("seven", "1")


@case
def what_is_wrong_is_said(client):
    assert 'no column "x2"' in fails("INVALID_ARGUMENT", lambda: client.infer("line", columns(INPUTS[:2])))
    assert "nothing" in fails("INVALID_ARGUMENT", lambda: client.infer(
        "line", columns(), outputs=[triton.InferRequestedOutput("nothing")]))
    fails("NOT_FOUND", lambda: client.infer("nobody", columns()))
    fails("NOT_FOUND", lambda: client.infer("line", columns(), model_version="9"))
    wide = triton.InferInput("rows", [1, 2], "FP32")
    wide.set_data_from_numpy(numpy.ones((1, 2), dtype=numpy.float32))
    assert "3 inputs" in fails("INVALID_ARGUMENT", lambda: client.infer("line", [wide]))


@case
def failed_request_leaves_the_stream_alive(client):
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for number, name in enumerate(["line", "nobody", "line", "line"]):
        client.async_stream_infer(name, matrix(), request_id=str(number))
        result, error = answers.get(timeout=ANSWER_S)
        if name == "nobody":
            assert "nobody" in error.message(), error
        else:
            assert error is None, error
            close(result)
            assert result.get_response().id == str(number)
    client.stop_stream()


@case
def stream_of_many_requests_takes_no_more_than_one(client):
    """A call of this server may take a mebibyte, and each of these requests takes some kilobytes."""
    answers = queue.Queue()
    client.start_stream(lambda result, error: answers.put((result, error)))
    for number in range(600):
        client.async_stream_infer("line", matrix(), request_id=str(number))
        result, error = answers.get(timeout=ANSWER_S)
        assert error is None and result.get_response().id == str(number), (number, error)
    client.stop_stream()


@case
def unloaded_model_is_not_served(client):
    client.unload_model("line")
    assert not client.is_model_ready("line")
    fails("UNAVAILABLE", lambda: client.infer("line", matrix()))
    assert client.get_model_repository_index().models[0].state == "UNAVAILABLE"
    client.load_model("line")
    close(client.infer("line", matrix()))
    fails("NOT_FOUND", lambda: client.load_model("nobody"))


@case
def statistics_count_what_was_inferred(client):
    before = client.get_inference_statistics("line").model_stats[0]
    for _ in range(3):
        close(client.infer("line", matrix()))
    after = client.get_inference_statistics("line").model_stats[0]
    assert after.inference_count == before.inference_count + 3 == after.execution_count, after
    assert after.last_inference > 1.7e12, "not in ms since 1970"
    stats, earlier = after.inference_stats, before.inference_stats
    assert stats.success.ns > earlier.success.ns
    parts = [stats.queue, stats.compute_input, stats.compute_infer, stats.compute_output]
    assert all(part.count == stats.success.count == after.execution_count for part in parts), after
    assert sum(part.ns for part in parts) <= stats.success.ns, after
    batch, = after.batch_stats
    assert batch.batch_size == 1 and batch.compute_infer == stats.compute_infer, batch


@case
def what_perf_analyzer_reads_is_there(client):
    """Its parser of the model (client_backend/triton): from metadata and configuration; then statistics before and after."""
    config = client.get_model_config("line", as_json=True)["config"]
    assert int(config.get("max_batch_size", 0)) == 0 and not {"sequence_batching", "dynamic_batching", "ensemble_scheduling",
                                                              "model_transaction_policy"} & config.keys(), config
    metadata = client.get_model_metadata("line", as_json=True)
    for described, configured in zip(metadata["inputs"], config["input"], strict=True):
        assert described["name"] == configured["name"] and described["datatype"] == "FP64", described
        assert described["shape"] == configured["dims"] == ["-1"], (described, configured)
    assert metadata["outputs"][0]["name"] == config["output"][0]["name"] == "prediction"
    names = {model["name"] for model in client.get_inference_statistics(as_json=True)["model_stats"]}
    assert "line" in names
    fails("NOT_FOUND", lambda: client.get_inference_statistics("nobody"))


@contextlib.contextmanager
def connected():
    with Trained("--limits-decoded-message", "1MiB") as server, triton.InferenceServerClient(server.address) as client:
        client.server_address = server.address
        yield client


main("inference/triton", connected)
