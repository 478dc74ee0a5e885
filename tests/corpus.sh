#!/bin/sh
# The long form of what the tests do with rendered messages: python's email and GMime read COUNT (3000) random messages, and
# some with two attachments of 100 MiB; SpamAssassin looks at all that it reads in the tests at a few of. Takes minutes, and
# about 2 GB of memory and of disk.
# usage: sh tests/corpus.sh [COUNT]
set -eu
cd "$(dirname "$0")/.."
count=${1:-3000}
sh tests/tools/setup.sh build readers
folder=build/corpus
mkdir -p $folder
flags='-std=c++17 -O2'
# shellcheck disable=SC2046,SC2086  # the flags are meant to be split
{
  ${CXX:-g++} $flags -Iinclude tests/integration/message_corpus.cpp -o $folder/message_corpus -pthread
  ${CXX:-g++} $flags tests/integration/gmime_reader.cpp -o $folder/gmime_reader $(pkg-config --cflags --libs gmime-3.0)
}
export PYTHONDONTWRITEBYTECODE=1
check="python3 tests/integration/message_corpus_check.py $folder/message_corpus --gmime $folder/gmime_reader"
$check --count "$count"
$check --count 3 --large 104857600
perl tests/integration/spamassassin_check.pl $folder/message_corpus "$count"
