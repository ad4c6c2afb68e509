#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fetch Triton's perf_analyzer and print its path. It wants CUDA's library, of which it calls nothing here: no_cuda.c
# takes its place.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$here/../../../../build/interop/perf_analyzer
python=$(PIP_NO_DEPS=1 "$here/../../../support/venv.sh" "$dir" "$here/requirements.txt")
cc -shared -fPIC -Wl,-soname,libcudart.so.12 -Wl,--version-script,"$here/no_cuda.map" -o "$dir/libcudart.so.12" "$here/no_cuda.c"
echo "$(dirname "$python")/perf_analyzer"
