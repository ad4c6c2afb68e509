#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# spread_example.sh SERVER CLIENT: the guide's resolver finds two servers, and the one that is left when the other ends.
set -euo pipefail
exec {one}< <(exec "$1" 127.0.0.1:0 1)
one_pid=$!
exec {two}< <(exec "$1" 127.0.0.1:0 1)
two_pid=$!
trap 'kill "$one_pid" "$two_pid" 2>/dev/null || true' EXIT
read -r _ first <&"$one"
read -r _ second <&"$two"
coproc client { exec "$2" world; }
answers() { # COUNT: so many greetings
  for _ in $(seq "$1"); do
    read -r -t 50 answer <&"${client[0]}"
    [ "$answer" = world ]
  done
}
echo "$first,$second" >&"${client[1]}"
answers 2
kill "$one_pid"
read -r -t 50 _ <&"$one" || true # its end
echo "$second" >&"${client[1]}"
answers 1
echo "$first,$second" >&"${client[1]}"
answers 2
