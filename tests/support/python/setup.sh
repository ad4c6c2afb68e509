#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Make a Python environment with grpcio, h2 and stubs of our API (by grpc_tools.protoc, from proto/ as it is), and print
# the path of its python; `import server` (tests/support/server.py) works there too. Kept in build/interop/python until
# the requirements or a .proto change. Exit 77 with the reason when it cannot be made here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
dir=$root/build/interop/python
mkdir -p "$dir"
python=$("$here/../venv.sh" "$dir" "$here/requirements.txt")

exec 9>"$dir/stubs.lock"
flock 9
key=$( (cd "$root/proto" && find mltrainer external/helloworld.proto -name '*.proto' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        sha256sum <"$here/requirements.txt"; echo "$root") | sha256sum)
if [ "$(cat "$dir/stubs.key" 2>/dev/null)" != "$key" ]; then
  rm -rf "$dir/stubs" "$dir/stubs.key"
  mkdir -p "$dir/stubs"
  cd "$root/proto"
  mapfile -t protos < <(find mltrainer -name '*.proto' | LC_ALL=C sort)
  "$python" -m grpc_tools.protoc -Iexternal -I. --python_out="$dir/stubs" --grpc_python_out="$dir/stubs" "${protos[@]}" \
    helloworld.proto >&2
  site=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
  printf '%s\n%s\n' "$dir/stubs" "$root/tests/support" >"$site/mltrainer_tests.pth"
  echo "$key" >"$dir/stubs.key"
fi
echo "$python"
