#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build.sh LANGUAGE: build docs/guide/examples/LANGUAGE, on the stubs of gen/languages, in build/languages/examples, and
# print the command that runs it. Built again when it, the stubs or a .proto change.
set -euo pipefail
language=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
dir=$root/build/languages/examples/$language
mkdir -p "$root/build/languages/examples"
exec 9>"$root/build/languages/$language.lock"
flock 9
case $language in
  python) PYTHON=$("$here/../../support/python/setup.sh" | tail -1); export PYTHON; command="$PYTHON $dir/example.py" ;;
  go) "$here/../go/build.sh"; export PATH=$PATH:$root/build/interop/go/bin GOTOOLCHAIN=local GOFLAGS=-buildvcs=false; command=$dir/example ;;
  node) command="node $dir/example.js" ;;
  java) command="java -XX:TieredStopAtLevel=1 -cp $dir/target/*:$dir/target/dependency/* Example" ;;
  rust) command=$root/build/languages/rust/debug/example ;;
esac
key=$( (cd "$root" && find "gen/languages" "docs/guide/examples/$language" proto/mltrainer -type f -not -path '*/node_modules/*' -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum; echo "$command ${MLT_LONG:-}") | sha256sum)
if [ "$(cat "$dir/key" 2>/dev/null)" != "$key" ]; then
  rm -rf "$dir"
  cp -r "$root/docs/guide/examples/$language" "$dir"
  cd "$dir"
  case $language in
    python) "$root/gen/languages/make" python ;;
    go) "$root/gen/languages/make" go; go build -o example . ;;
    node) "$root/gen/languages/make" node; npm ci --silent --no-audit --no-fund; npx tsc ;;
    java) mvn -q -B -Dstyle.color=never -f "$root/gen/languages/java" install; mvn -q -B -Dstyle.color=never package ;;
    rust) CARGO_TARGET_DIR=$root/build/languages/rust cargo build --quiet --locked ${MLT_LONG:+--features tls} ;;
  esac >&2
  echo "$key" >"$dir/key"
fi
echo "$command"
