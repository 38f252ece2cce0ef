#!/bin/sh
# One job of the demo: says where it finds itself, works for a second, ends as it was told to.
kind=$1 number=$2 code=$3
. /etc/os-release
echo "$PRETTY_NAME"
echo "uid $(id -u) in $PWD"
sleep 1
[ "$code" -eq 0 ] || echo "$kind-$number fails on purpose"
exit "$code"
