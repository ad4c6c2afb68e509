# SPDX-License-Identifier: Apache-2.0
"""A call that asks for it is followed through the server and drawn as a sequence."""
import re
import secrets
import xml.etree.ElementTree as ElementTree

import grpc
from cases import case, wait_until
from client import HOLD_S, Watch, pb, refused
from mltrainer.registry.v1 import registry_pb2

TEXT = "{http://www.w3.org/2000/svg}text"


def texts(client, view):
    root = ElementTree.fromstring(client.render(view=view).content)
    return ["".join(element.itertext()) for element in root.iter(TEXT)]


@case
def a_sampled_call_is_a_sequence(client):
    trace = secrets.token_hex(16)
    key = registry_pb2.InstanceKey(service="traced", id="one")
    made = registry_pb2.Instance(key=key, endpoints=[registry_pb2.Endpoint(protocol="grpc", address="127.0.0.1", port=1)])
    client.registry.Register(registry_pb2.RegisterRequest(instance=made), timeout=HOLD_S,
                             metadata=[("traceparent", f"00-{trace}-{secrets.token_hex(8)}-01")])
    # The client may have its answer before the server has noted that it was sent.
    wait_until(lambda: any(text.startswith("OK, ") for text in texts(client, f"call:{trace}")), "the call has ended")
    shown = texts(client, f"call:{trace}")
    for part in ("Client", "Interceptors", "RegistryService", "Registry", "Store", "RegistryService/Register", "commit", "answer"):
        assert part in shown, (part, shown)
    mermaid = client.render(view=f"call:{trace}", format=pb.FORMAT_MERMAID).content.decode()
    assert mermaid.startswith("sequenceDiagram\n") and re.search(r"->>i1: Register<br/>\d+\.\d\d ms", mermaid), mermaid
    keys = {element.get("data-key") for element in ElementTree.fromstring(client.render(view="calls").content).iter()}
    assert f"call:{trace}" in keys
    client.deregister("traced", "one")


@case
def a_call_that_fails_is_followed_to_its_status(client):
    trace = secrets.token_hex(16)
    key = registry_pb2.InstanceKey(service="traced", id="nobody")
    refused(grpc.StatusCode.NOT_FOUND, lambda: client.registry.GetInstance(
        registry_pb2.GetInstanceRequest(key=key), timeout=HOLD_S,
        metadata=[("traceparent", f"00-{trace}-{secrets.token_hex(8)}-01")]))
    wait_until(lambda: "NOT_FOUND" in texts(client, f"call:{trace}"), "the call has ended")


@case
def calls_and_a_call_are_watched(client):
    """A call is in both views from its beginning, and its end changes them, by itself."""
    trace = secrets.token_hex(16)

    def seen(watch, what):
        return watch.wait(lambda messages: [m for m in messages if what in m.picture.content.decode()
                                            or [c for c in m.patch.items if what in c.detail]], what)
    with Watch(client, "calls") as calls:
        calls.wait(lambda messages: messages, "a picture")
        followed = client.registry.Watch(registry_pb2.WatchRequest(), timeout=HOLD_S,
                                         metadata=[("traceparent", f"00-{trace}-{secrets.token_hex(8)}-01")])
        seen(calls, f"call:{trace}")
        seen(calls, "under way")
        with Watch(client, f"call:{trace}") as call:
            seen(call, "under way")
            assert "CANCELLED" not in call.messages[-1].picture.content.decode()
            followed.cancel()
            seen(call, "CANCELLED")
            seen(calls, "CANCELLED")
    views = {view.id: view for view in client.diagram.ListViews(pb.ListViewsRequest(), timeout=HOLD_S).views}
    assert views["calls"].live and views["call"].live


@case
def what_is_not_kept_is_not_found(client):
    for argument in ("0" * 32, "x", "slow" * 30):
        assert "calls" in client.refused(grpc.StatusCode.NOT_FOUND, view=f"call:{argument}")
