#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Install playwright-core and axe-core at the versions of package-lock.json into build/interop/page. The browser is Debian's.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
dir=$root/build/interop/page
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
