#!/bin/sh
# Runs every fuzzer for SECONDS (20) under the address and undefined behaviour sanitizers: by libFuzzer where clang++ is,
# else by a driver of our own with g++. Prints the executions of each and of all; what is found stays in build/fuzz/NAME.
# FUZZERS names some of them only, JOBS is how many run at a time (1), LENGTH the longest input in bytes (4096).
# usage: sh tests/fuzz.sh [SECONDS]
set -u
cd "$(dirname "$0")/fuzz" || exit 1
seconds=${1:-20}
build=../../build/fuzz
sanitizers=address,undefined

Fuzz() {
  name=$1
  rm -rf "$build/$name/log" "$build/$name/failed"
  mkdir -p "$build/$name/corpus"
  compiler="${CXX:-g++} -fsanitize=$sanitizers"
  driver=driver.cpp
  if command -v clang++ >/dev/null; then
    compiler="clang++ -fsanitize=fuzzer,$sanitizers"
    driver=
  fi
  # shellcheck disable=SC2086  # the compiler has options, and the driver may be none
  $compiler -std=c++17 -O1 -g -fno-sanitize-recover=all -I ../../include "$name.cpp" $driver -o "$build/$name/run" || return 1
  if [ -z "$driver" ]; then
    "$build/$name/run" -max_total_time="$seconds" -max_len="${LENGTH:-4096}" -timeout=10 -print_final_stats=1 -verbosity=0 \
      -artifact_prefix="$build/$name/" "$build/$name/corpus" "corpus/$name" 2>"$build/$name/log"
  else
    here=$PWD
    (cd "$build/$name" && ./run "$here/corpus/$name" "$seconds") >"$build/$name/log" 2>&1
  fi
}

# How many inputs the fuzzer NAME ran, as libFuzzer or our driver tells.
Executions() {
  sed -n 's/.*number_of_executed_units: *//p; s/ executions, nothing found//p' "$build/$1/log"
}

if [ "${2:-}" ]; then
  if Fuzz "$2"; then
    echo "$2: $(Executions "$2") executions"
  else
    touch "$build/$2/failed"
    grep -E 'does not hold|ERROR|runtime error' "$build/$2/log" 2>/dev/null
    echo "$2: FAILED"
  fi
  exit 0
fi

names=${FUZZERS:-$(for file in *.cpp; do [ "$file" = driver.cpp ] || echo "${file%.cpp}"; done)}
echo "$names" | tr ' ' '\n' | xargs -P "${JOBS:-1}" -I NAME sh ../fuzz.sh "$seconds" NAME
total=0
failed=0
for name in $names; do
  [ ! -e "$build/$name/failed" ] || failed=1
  count=$(Executions "$name")
  total=$((total + ${count:-0}))
done
echo "all: $total executions, $([ $failed = 0 ] && echo 'nothing found' || echo 'FAILED')"
exit $failed
