#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Make a Python environment with the clients of inference servers, and print the path of its python. Apart from the other
# tests' one: it has versions of its own, and only what requirements.txt names.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
PIP_NO_DEPS=1 exec "$here/../../support/venv.sh" "$here/../../../build/interop/inference" "$here/requirements.txt"
