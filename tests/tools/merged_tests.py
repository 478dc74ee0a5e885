#!/usr/bin/env python3
"""Puts several test files into one source, which compiles in a tenth of the time of all of them.

The includes of all files stand first, then each file in a namespace of its own. It is a unity build of the header's users,
too.
usage: merged_tests.py TEST... -- OUTPUT...      (as many sources as outputs are named)
"""

import pathlib
import re
import sys

# What cannot stand in a namespace: such a file keeps its own names, one in a source.
UNWRAPPED = re.compile(r'^(namespace (smtpoll|doctest|std)\b|extern "C"|\[*void\* operator |template <>)', re.MULTILINE)

STRUCTURE = re.compile(r'\s*#\s*(include|if|ifdef|ifndef|elif|else|endif)\b')


def is_unwrapped(file):
    return bool(UNWRAPPED.search(file.read_text(encoding='utf-8')))


def merged(files):
    """A source that has the tests of all `files`."""
    lines = []
    for file in files:
        lines += [line for line in file.read_text(encoding='utf-8').splitlines() if STRUCTURE.match(line)]
    for file in files:
        name = re.sub(r'[^a-z0-9]', '_', file.stem)
        lines += [f'#include "{file}"'] if is_unwrapped(file) else [f'namespace {name} {{', f'#include "{file}"', '}']
    return '\n'.join(lines) + '\n'


def split(files, count):
    """`files` in `count` parts of about the same length."""
    parts = [[0, []] for _ in range(count)]
    for file in sorted((file for file in files if not is_unwrapped(file)), key=lambda file: -file.stat().st_size):
        part = min(parts, key=lambda part: part[0])
        part[0] += file.stat().st_size
        part[1].append(file)
    alone = [file for file in files if is_unwrapped(file)]
    assert len(alone) <= count, alone
    for part, file in zip(parts, alone):
        part[1].append(file)
    return [sorted(part[1]) for part in parts]


def write_if_new(path, text):
    if not path.exists() or path.read_text(encoding='utf-8') != text:
        path.write_text(text, encoding='utf-8')


def main():
    names = sys.argv[1:]
    middle = names.index('--')
    outputs = [pathlib.Path(name) for name in names[middle + 1:]]
    files = [pathlib.Path(name).resolve() for name in names[:middle]]
    for output, part in zip(outputs, split(files, len(outputs))):
        output.write_text(merged(part), encoding='utf-8')


if __name__ == '__main__':
    main()
