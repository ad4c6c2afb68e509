# SPDX-License-Identifier: Apache-2.0
"""The clients of the kserve package, unchanged, against the server: the generated one, whose messages differ from Triton's,
with typed contents; and InferenceGRPCClient. The package's own __init__ files are left out, and modules that only its
servers use are empty here."""
import asyncio
import contextlib
import logging
import sys
import types
from pathlib import Path

site = next(Path(path) for path in sys.path if (Path(path) / "kserve").is_dir())
for name in ("kserve", "kserve.protocol", "kserve.protocol.grpc"):
    package = sys.modules[name] = types.ModuleType(name)
    package.__path__ = [str(site / name.replace(".", "/"))]

for name, members in {"fastapi": (), "fastapi.responses": ("JSONResponse",), "cloudevents": (), "psutil": (),
                      "cloudevents.conversion": ("to_binary", "to_structured"), "cloudevents.http": ("CloudEvent",),
                      "pandas": ("DataFrame", "Series")}.items():
    module = sys.modules[name] = types.ModuleType(name)
    for member in members:
        setattr(module, member, type(member, (), {}))

import grpc  # noqa: E402
import numpy  # noqa: E402
from kserve.inference_client import InferenceGRPCClient  # noqa: E402
from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages  # noqa: E402
from kserve.protocol.grpc import grpc_predict_v2_pb2_grpc  # noqa: E402

from cases import case, main  # noqa: E402
from kserve.protocol.infer_type import InferInput, InferRequest  # noqa: E402
from trained import INPUTS, Trained  # noqa: E402

CALL_S = 30
logging.disable(logging.CRITICAL)  # it logs each call that fails


def request(model, **contents):
    """Two rows: a tensor for each input, both of the same typed contents."""
    tensor = messages.ModelInferRequest.InferInputTensor
    field = next(iter(contents))
    datatype = {"fp64_contents": "FP64", "fp32_contents": "FP32", "int64_contents": "INT64", "int_contents": "INT32"}[field]
    return messages.ModelInferRequest(model_name=model, id="k", inputs=[
        tensor(name=name, datatype=datatype, shape=[2], contents=messages.InferTensorContents(**contents)) for name in INPUTS])


@case
def describes_and_infers_with_typed_contents(stub):
    assert stub.ServerLive(messages.ServerLiveRequest(), timeout=CALL_S).live
    assert stub.ServerReady(messages.ServerReadyRequest(), timeout=CALL_S).ready
    assert stub.ModelReady(messages.ModelReadyRequest(name="line"), timeout=CALL_S).ready
    assert len(stub.ModelMetadata(messages.ModelMetadataRequest(name="line"), timeout=CALL_S).inputs) == 3
    for field in ("fp64_contents", "fp32_contents", "int64_contents", "int_contents"):
        answer = stub.ModelInfer(request("line", **{field: [1, 2]}), timeout=CALL_S)
        assert answer.id == "k" and answer.outputs[0].datatype == "FP64", answer
        numpy.testing.assert_allclose(numpy.frombuffer(answer.raw_output_contents[0]), [6, 12], rtol=1e-9)


@case
def loads_and_unloads_by_its_own_request(stub):
    gone = stub.RepositoryModelUnload(messages.RepositoryModelUnloadRequest(model_name="line"), timeout=CALL_S)
    assert gone.model_name == "line" and gone.isUnloaded, gone
    try:
        stub.ModelInfer(request("line", fp64_contents=[1, 2]), timeout=CALL_S)
        raise AssertionError("an unloaded model infers")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAVAILABLE, error
    back = stub.RepositoryModelLoad(messages.RepositoryModelLoadRequest(model_name="line"), timeout=CALL_S)
    assert back.model_name == "line" and back.isLoaded, back
    assert stub.ModelReady(messages.ModelReadyRequest(name="line"), timeout=CALL_S).ready


def tensors(values, raw):
    """An input a column; raw or typed contents, as the client's user likes."""
    inputs = []
    for i, name in enumerate(INPUTS):
        inputs.append(InferInput(name, [len(values)], "FP64"))
        inputs[-1].set_data_from_numpy(numpy.array([row[i] for row in values], dtype=numpy.float64), binary_data=raw)
    return inputs


@case
def its_own_client_asks_and_infers(stub):
    async def talk():
        async with InferenceGRPCClient(stub.address, timeout=CALL_S) as client:
            assert await client.is_server_live() and await client.is_server_ready() and await client.is_model_ready("line")
            assert not await client.is_model_ready("nobody")
            for raw in (True, False):
                asked = InferRequest("line", tensors([[1, 1, 1], [1, 2, 3]], raw), request_id="own")
                answer = await client.infer(asked, timeout=CALL_S)
                assert answer.id == "own" and answer.model_name == "line", answer
                output = next(o for o in answer.outputs if o.name == "prediction")
                numpy.testing.assert_allclose(output.as_numpy(), [6, 14], rtol=1e-9)
            try:
                await client.infer(InferRequest("nobody", tensors([[1, 1, 1]], True)), timeout=CALL_S)
                raise AssertionError("nobody infers")
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.NOT_FOUND, error
    asyncio.run(talk())


@contextlib.contextmanager
def connected():
    with Trained() as server, grpc.insecure_channel(server.address) as channel:
        stub = grpc_predict_v2_pb2_grpc.GRPCInferenceServiceStub(channel)
        stub.address = server.address
        yield stub


main("inference/kserve", connected)
