#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Check the page's types and build its bundle: build.sh [FOLDER], else server/web/dist, which is committed and which the C
# build embeds. Tools and libraries at the versions of package-lock.json, in build/web. Same sources, same bytes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$(realpath -m "${1:-$here/dist}")
dir=$root/build/web
mkdir -p "$dir" "$out"
exec 9>"$dir/lock"
flock 9
if ! cmp -s "$here/package-lock.json" "$dir/installed"; then
  rm -f "$dir/installed"
  cp "$here/package.json" "$here/package-lock.json" "$dir"
  (cd "$dir" && npm ci --silent --no-audit --no-fund >&2)
  cp "$here/package-lock.json" "$dir/installed"
fi
rm -rf "$dir/src"
cp -r "$here/src" "$here/tsconfig.json" "$dir"
mkdir -p "$dir/src/gen"
(cd "$root/proto" && protoc -I . -I external --plugin=protoc-gen-es="$dir/node_modules/.bin/protoc-gen-es" --es_out="$dir/src/gen" \
  --es_opt=target=dts,json_types=true,import_extension=none mltrainer/{admin,diagram,execution,registry}/v1/*.proto)
cd "$dir"
node_modules/.bin/tsc --project tsconfig.json >&2
node_modules/.bin/esbuild src/page.tsx --bundle --minify --format=esm --target=es2022 --jsx=automatic --jsx-import-source=preact \
  --legal-comments=none --log-level=warning --outdir="$out" >&2
cp "$here/index.html" "$here/icon.svg" "$out"
