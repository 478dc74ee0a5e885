#!/bin/sh
# Builds and runs the unit and session tests for Windows (under Wine), other processors (under QEMU) and with the flags that
# people compile with, installs the compilers that are missing, and prints one row of a table for each.
# usage: sh tests/matrix.sh [--quick] [--list] [--readme] [--jobs N] [TARGET...]      (--help tells the rest)
# The folder .cache/matrix keeps what is made, so that a second run compiles only what changed.
set -u
cd "$(dirname "$0")/.." || exit 1
exec python3 tests/matrix/matrix.py "$@"
