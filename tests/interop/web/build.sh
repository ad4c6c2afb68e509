#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Install connect and Google's grpc-web, gRPC-Web clients of browsers and Node, at the versions of package-lock.json into build/interop/web; make the
# descriptors of our API for it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
dir=$root/build/interop/web
mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9
if ! cmp -s "$here/package-lock.json" "$dir/installed"; then
  rm -f "$dir/installed"
  cp "$here/package.json" "$here/package-lock.json" "$dir"
  (cd "$dir" && npm ci --silent --no-audit --no-fund >&2)
  cp "$here/package-lock.json" "$dir/installed"
fi
cp "$here"/*.mjs "$dir"
protos=$(cd "$root/proto" && ls mltrainer/*/v1/*.proto external/grpc/health/v1/health.proto external/google/rpc/{status,error_details}.proto)
(cd "$root/proto" && protoc -I . -I external --include_imports --descriptor_set_out="$dir/api.binpb" ${protos//external\//})
