#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build.sh FOLDER: build the other gRPC servers into FOLDER, and a client of grpc-go: grpc-go at the version of go.mod and
# go.sum, grpc++ as Debian has it, from proto/external/helloworld.proto. What is there and has not changed is left alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
proto=$(cd "$here/../../../proto/external" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
key=$( (cd "$here" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        sha256sum <"$proto/helloworld.proto"; go version; dpkg-query -W libgrpc++-dev) | sha256sum)
[ "$(cat "$out/key" 2>/dev/null)" = "$key" ] && exit 0
rm -rf "$out/src"
cp -r "$here" "$out/src"

cd "$out/src/go"
export GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
go build -o "$out/" google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
import='mltrainer/tests/bench/peers/helloworld'
protoc -I"$proto" --plugin="$out/protoc-gen-go" --plugin="$out/protoc-gen-go-grpc" \
  --go_out=. --go_opt=module=mltrainer/tests/bench/peers,Mhelloworld.proto=$import \
  --go-grpc_out=. --go-grpc_opt=module=mltrainer/tests/bench/peers,Mhelloworld.proto=$import helloworld.proto
go build -o "$out/grpc_go_server" .
go build -o "$out/grpc_go_client" ./client

cd "$out/src/cpp"
protoc -I"$proto" --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" --cpp_out=. --grpc_out=. helloworld.proto
read -ra flags <<<"$(pkg-config --cflags --libs grpc++ protobuf)"
g++ -std=c++17 -O2 -I. -o "$out/grpc_cpp_server" ./*.cc "${flags[@]}"
echo "$key" >"$out/key"
