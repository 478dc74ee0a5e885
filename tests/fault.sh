#!/bin/sh
# The fault tests at every call, not only at some as in the test suite: more than 28,000 runs. CXX names the compiler.
# usage: sh tests/fault.sh
set -eu
cd "$(dirname "$0")/.."
sh tests/tools/setup.sh compiler tests tls
mkdir -p build/fault
${CXX:-g++} -std=c++17 -O2 -pthread -I include tests/unit/main.cpp tests/fault/*_test.cpp -o build/fault/fault -lssl -lcrypto
result=0
SMTPOLL_FAULT_STRIDE=1 build/fault/fault >build/fault/said || result=$?
awk '{ print } / runs$/ { runs += $(NF - 1) } END { print runs " runs in all" }' build/fault/said
exit $result
