#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Build the generated Go client, one that speaks Connect, grpcurl and grpc-go's own interop programs, at the versions of go.mod and go.sum (all of which Go 1.19, Debian 12's,
# can build), into build/interop/go/bin. Stubs: protoc-gen-go and protoc-gen-go-grpc, from proto/ as it is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
dir=$root/build/interop/go
export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9
key=$( (cd "$here" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        cd "$root/proto" && find mltrainer -name '*.proto' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        go version) | sha256sum)
[ "$(cat "$dir/key" 2>/dev/null)" = "$key" ] && exit 0
rm -rf "$dir/src" "$dir/key"
mkdir -p "$dir/bin"
cp -r "$here" "$dir/src"
cd "$dir/src"
go build -o "$dir/bin/" google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc \
  github.com/fullstorydev/grpcurl/cmd/grpcurl

# Our files have no go_package: where Go's packages lie is the Go user's affair, said by M options.
module=mltrainer/tests/interop
options=()
mapfile -t protos < <(cd "$root/proto" && find mltrainer -name '*.proto' | LC_ALL=C sort)
for proto in "${protos[@]}"; do
  IFS=/ read -r _ service version _ <<<"$proto"
  for plugin in go go-grpc; do
    options+=("--${plugin}_opt=M$proto=$module/gen/$service/$version;$service$version")
  done
done
protoc -I"$root/proto" --plugin="$dir/bin/protoc-gen-go" --plugin="$dir/bin/protoc-gen-go-grpc" "${options[@]}" \
  --go_out=. --go_opt=module=$module --go-grpc_out=. --go-grpc_opt=module=$module "${protos[@]}"
go build -o "$dir/bin/" ./client
go build -o "$dir/bin/" ./connect
go build -o "$dir/bin/interop-xds" ./xds
go build -o "$dir/bin/interop-compression" ./compression
go build -o "$dir/bin/interop-client" google.golang.org/grpc/interop/client
go build -o "$dir/bin/interop-server" google.golang.org/grpc/interop/server
echo "$key" >"$dir/key"
