#!/bin/sh
# Runs every fuzzer for SECONDS (20) under the address and undefined behaviour sanitizers: by libFuzzer where clang++ is,
# else by a driver of our own with g++. What is found stays in build/fuzz/NAME. FUZZERS names some of them only.
# usage: sh tests/fuzz.sh [SECONDS]
set -u
cd "$(dirname "$0")/fuzz" || exit 1
seconds=${1:-20}
build=../../build/fuzz
all=$(for file in *.cpp; do [ "$file" = driver.cpp ] || echo "${file%.cpp}"; done)
failed=0
sanitizers=address,undefined
if command -v clang++ >/dev/null; then
  compiler="clang++ -fsanitize=fuzzer,$sanitizers"
  driver=
else
  compiler="${CXX:-g++} -fsanitize=$sanitizers"
  driver=driver.cpp
fi

for name in ${FUZZERS:-$all}; do
  mkdir -p "$build/$name/corpus"
  # shellcheck disable=SC2086  # the compiler has options, and the driver may be none
  $compiler -std=c++17 -O1 -g -fno-sanitize-recover=all -I ../../include "$name.cpp" $driver -o "$build/$name/run" ||
    { failed=1; continue; }
  echo "== $name"
  if [ -z "$driver" ]; then
    "$build/$name/run" -max_total_time="$seconds" -max_len=4096 -timeout=10 -print_final_stats=1 -verbosity=0 \
      -artifact_prefix="$build/$name/" "$build/$name/corpus" "corpus/$name" 2>"$build/$name/log"
    result=$?
    grep -E 'number_of_executed_units|does not hold|ERROR|runtime error' "$build/$name/log"
  else
    here=$PWD
    (cd "$build/$name" && ./run "$here/corpus/$name" "$seconds")
    result=$?
  fi
  [ $result = 0 ] || { echo "FAILED: $name"; failed=1; }
done
exit $failed
