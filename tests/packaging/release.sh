#!/bin/sh
# Makes of this tree what other projects fetch, the same bytes for the same files: the archive, the single header, and for
# meson and CMake a file to copy that says where they are and what their SHA-256 is.
# usage: sh tests/packaging/release.sh FOLDER URL
#   FOLDER   where all of it goes: smtpoll-VERSION.tar.gz, smtpoll.hpp, smtpoll.wrap, smtpoll.cmake
#   URL      where FOLDER's files will be found
set -eu
[ $# = 2 ] || { sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
url=$2

version=$(python3 "$root/single_include/amalgamate.py" --version)
name=smtpoll-$version
hash_of() { sha256sum "$1" | cut -c 1-64; }

git -C "$root" ls-files -z |
  tar -c -C "$root" --null -T - --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=go=rX \
    --transform "s|^|$name/|" | gzip -n >"$folder/$name.tar.gz"
cp "$root/single_include/smtpoll/smtpoll.hpp" "$folder/smtpoll.hpp"

cat >"$folder/smtpoll.wrap" <<WRAP
# Belongs into subprojects/; then dependency('smtpoll') finds it.
[wrap-file]
directory = $name
source_url = $url/$name.tar.gz
source_filename = $name.tar.gz
source_hash = $(hash_of "$folder/$name.tar.gz")

[provide]
dependency_names = smtpoll
WRAP

cat >"$folder/smtpoll.cmake" <<CMAKE
# include(smtpoll.cmake) fetches the single header of smtpoll $version and gives the target smtpoll::smtpoll.
include(FetchContent)
FetchContent_Declare(smtpoll
  URL "$url/smtpoll.hpp"
  URL_HASH SHA256=$(hash_of "$folder/smtpoll.hpp")
  DOWNLOAD_NO_EXTRACT TRUE
  SOURCE_DIR "\${CMAKE_BINARY_DIR}/_deps/smtpoll-include/smtpoll")
FetchContent_MakeAvailable(smtpoll)
find_package(Threads REQUIRED)
add_library(smtpoll INTERFACE)
add_library(smtpoll::smtpoll ALIAS smtpoll)
target_include_directories(smtpoll SYSTEM INTERFACE "\${CMAKE_BINARY_DIR}/_deps/smtpoll-include")
target_compile_features(smtpoll INTERFACE cxx_std_17)
target_link_libraries(smtpoll INTERFACE
  Threads::Threads \$<\$<PLATFORM_ID:Windows>:ws2_32> \$<\$<PLATFORM_ID:Windows>:iphlpapi>)
CMAKE
