#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Build ghz at the version of go.mod and go.sum into build/interop/tools.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$here/../../../build/interop/tools
mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9
key=$( (cd "$here" && sha256sum go.mod go.sum tools.go; go version) | sha256sum)
[ "$(cat "$dir/key" 2>/dev/null)" = "$key" ] && exit 0
rm -f "$dir/key"
(cd "$here" && GOTOOLCHAIN=local GOFLAGS=-buildvcs=false go build -o "$dir/ghz" github.com/bojand/ghz/cmd/ghz)
echo "$key" >"$dir/key"
