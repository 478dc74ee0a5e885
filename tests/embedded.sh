#!/bin/sh
# Sends a message from a Cortex-M3 without an operating system, and over lwIP; prints what they need of memory.
# usage: sh tests/embedded.sh [cortex-m3 | lwip]...
set -eu
cd "$(dirname "$0")/.."
sh tests/tools/setup.sh embedded
exec python3 tests/embedded/embedded.py "$@"
