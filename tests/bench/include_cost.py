#!/usr/bin/env python3
"""Counts the instructions that g++ needs for `#include <smtpoll/smtpoll.hpp>` alone with -O2, and compares them with
those for <string>, <vector> and <functional>: at most twice as many. A count by valgrind, not a clock, so the load of the
machine is nothing to it. Exit code 77, with a word, where there is no valgrind or no g++. usage: include_cost.py
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

from instructions import counted_compiler, skip

ROOT = pathlib.Path(__file__).resolve().parents[2]
STANDARD = '#include <functional>\n#include <string>\n#include <vector>\n'
OURS = '#include <smtpoll/smtpoll.hpp>\n'
MOST = 2.0


def count(compiler, text, folder):
    """Instructions of the compiler proper, the preprocessor included."""
    source = pathlib.Path(folder) / 'source.cpp'
    source.write_text(text, encoding='utf-8')
    arguments = ['-std=c++17', '-O2', '-I', str(ROOT / 'single_include'), '-S', str(source), '-o', os.devnull]
    driver = subprocess.run([compiler, '-###', *arguments], capture_output=True, text=True, check=True)
    proper = [line for line in driver.stderr.splitlines() if '/cc1plus' in line][0].split()
    counted = subprocess.run(['valgrind', '--tool=cachegrind', '--cache-sim=no', '--cachegrind-out-file=' + os.devnull,
                              *[word.strip('"') for word in proper]], capture_output=True, text=True, check=False)
    found = re.search(r'I\s+refs:\s+([\d,]+)', counted.stderr)
    if counted.returncode != 0 or not found:
        sys.exit(f'include_cost: {counted.stderr[-2000:]}')
    return int(found[1].replace(',', ''))


def main():
    compiler = counted_compiler()
    version = subprocess.run([compiler, '--version'], capture_output=True, text=True, check=True).stdout
    if 'Free Software Foundation' not in version:
        skip(f'{compiler} is not g++')
    with tempfile.TemporaryDirectory() as folder:
        ours, standard = count(compiler, OURS, folder), count(compiler, STANDARD, folder)
    print(f'include_cost: {ours:,} instructions for the header, {standard:,} for three standard headers: '
          f'{ours / standard:.2f}, at most {MOST}')
    return 0 if ours <= MOST * standard else 1


if __name__ == '__main__':
    sys.exit(main())
