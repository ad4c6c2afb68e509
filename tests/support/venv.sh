#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# venv.sh DIR REQUIREMENTS: a Python environment in DIR with what the file pins, made once and again when the file
# changes. Prints the path of its python. Exit 77 with the reason when it cannot be made (no venv module, no network).
set -euo pipefail
dir=$1 requirements=$2
stamp=$dir/requirements.installed

mkdir -p "$dir"
exec 9>"$dir/lock"
flock 9 # ctest -j may ask twice
if ! cmp -s "$requirements" "$stamp"; then
  rm -rf "$dir/venv" "$stamp"
  if ! python3 -m venv "$dir/venv" >"$dir/log" 2>&1; then
    echo "skip: python3 -m venv: $(tail -1 "$dir/log")" >&2
    exit 77
  fi
  if ! "$dir/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$requirements" >"$dir/log" 2>&1; then
    if grep -qiE 'hash|No matching distribution' "$dir/log" && ! grep -qiE 'connection|resolve|timed out|retry' "$dir/log"; then
      cat "$dir/log" >&2
      exit 1
    fi
    echo "skip: pip install: $(tail -1 "$dir/log")" >&2
    exit 77
  fi
  cp "$requirements" "$stamp"
fi
echo "$dir/venv/bin/python"
