#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# hello_example.sh SERVER CLIENT: the guide's example says hello to a server, and says what is wrong without one.
set -euo pipefail
coproc server { exec "$1" 127.0.0.1:0 1; }
pid=$server_PID # bash forgets it when the server ends
trap 'kill "$pid" 2>/dev/null || true' EXIT
read -r _ address <&"${server[0]}"
[ "$("$2" "$address" world)" = world ]
kill "$pid"
wait "$pid" || true
code=0
text=$("$2" "$address" world 2>&1) || code=$?
[ "$code" = 14 ]
[ "$text" = "UNAVAILABLE: connect to $address: Connection refused" ]
