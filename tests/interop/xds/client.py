# SPDX-License-Identifier: Apache-2.0
"""grpcio as a client of xds:///. Reads lines "TARGET COUNT SECONDS" and answers each with a line of JSON: how many of
COUNT calls each backend answered, and how many ended with which code. The same line protocol as go/xds and node/xds.mjs.
"""
import collections
import json
import sys

import grpc

import helloworld_pb2
import helloworld_pb2_grpc

channels = {}
for line in sys.stdin:
    target, count, seconds = line.split()
    if target not in channels:
        channels[target] = grpc.insecure_channel(target)
    greeter = helloworld_pb2_grpc.GreeterStub(channels[target])
    seen = collections.Counter()
    for _ in range(int(count)):
        try:
            seen[greeter.SayHello(helloworld_pb2.HelloRequest(name="x"), timeout=float(seconds)).message] += 1
        except grpc.RpcError as error:
            seen[error.code().name] += 1
    print(json.dumps(seen), flush=True)
