#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Make Python stubs of grpc.testing, from Debian's grpc-proto, in build/interop/python/testing, and print that folder. Their
# Python package is interop_testing: grpc.testing would hide grpcio's own `grpc`.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
protos=/usr/share/grpc-proto/grpc/testing
out=$root/build/interop/python/testing
python=$("$here/../../support/python/setup.sh")
exec 9>"$root/build/interop/python/testing.lock"
flock 9
key=$(cat "$protos"/{test,messages,empty}.proto "$here/../../support/python/requirements.txt" | sha256sum)
if [ "$(cat "$out/key" 2>/dev/null)" != "$key" ]; then
  rm -rf "$out"
  mkdir -p "$out/interop_testing"
  for name in test messages empty; do
    sed 's|"grpc/testing/|"interop_testing/|' "$protos/$name.proto" >"$out/interop_testing/$name.proto"
  done
  (cd "$out" && "$python" -m grpc_tools.protoc -I. --python_out=. --grpc_python_out=. interop_testing/*.proto)
  echo "$key" >"$out/key"
fi
echo "$out"
