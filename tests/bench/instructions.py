#!/usr/bin/env python3
"""Counts the instructions of fixed works with valgrind and compares them with the counts in instructions.json.

A count does not depend on the load of the machine, but on the compiler, the C library and the processor's vector
instructions: where these are others than those of the stored counts, nothing is compared (exit code 77, with a word).
`--update` stores what was counted. usage: instructions.py [--update] [--program FILE]
"""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
STORED = HERE / 'instructions.json'
WORKS = ['data', 'bdat', 'base64', 'parts', 'replies']
MOST_GROWTH = 1.05
FLAGS = ['-std=c++17', '-O2', '-pthread']

# Meson has the C library fill memory that is freed, which is work of its own and would be counted.
ENVIRONMENT = {**{name: value for name, value in os.environ.items() if name != 'MALLOC_PERTURB_'}, 'TZ': 'UTC',
               'LC_ALL': 'C'}


def skip(why):
    print(f'{pathlib.Path(sys.argv[0]).stem}: skipped, {why}')
    sys.exit(77)


def counted_compiler():
    """The compiler to count with; skips where there is nothing to count by."""
    if not shutil.which('valgrind'):
        skip('there is no valgrind; sh tests/tools/setup.sh bench installs it')
    return os.environ.get('CXX', 'g++').split()[-1]


def conditions(compiler):
    version = subprocess.run([compiler, '--version'], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    flags = pathlib.Path('/proc/cpuinfo').read_text(encoding='utf-8') if pathlib.Path('/proc/cpuinfo').exists() else ''
    return {'compiler': version, 'flags': ' '.join(FLAGS), 'machine': platform.machine(),
            'c library': ' '.join(platform.libc_ver()), 'avx2': ' avx2 ' in flags}


def build(compiler, folder):
    program = pathlib.Path(folder) / 'instructions'
    subprocess.run([compiler, *FLAGS, '-I', str(HERE.parents[1] / 'include'), str(HERE / 'instructions.cpp'), '-o',
                    str(program)], check=True)
    return program


def count(program, work, folder):
    output = pathlib.Path(folder) / 'callgrind.out'
    result = subprocess.run(
        ['valgrind', '--tool=callgrind', f'--callgrind-out-file={output}', '--toggle-collect=smtpoll_counted_work',
         str(program), work], env=ENVIRONMENT, capture_output=True, text=True,
        check=False)
    found = re.search(r'Collected : (\d+)', result.stderr)
    if result.returncode != 0 or not found:
        sys.exit(f'instructions: {work} failed: {result.stderr[-2000:]}')
    return int(found[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--update', action='store_true')
    options = parser.parse_args()
    compiler = counted_compiler()
    here = conditions(compiler)
    stored = json.loads(STORED.read_text(encoding='utf-8')) if STORED.exists() else {}
    if not options.update:
        other = [f'{key} is {value}, stored is {stored.get("conditions", {}).get(key)}' for key, value in here.items()
                 if stored.get('conditions', {}).get(key) != value]
        if other:
            skip('; '.join(other))

    grown = []
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        program = build(compiler, folder)
        for work in WORKS:
            counts[work] = count(program, work, folder)
            before = stored.get('counts', {}).get(work)
            change = f'{(counts[work] / before - 1) * 100:+.1f} %' if before else 'new'
            print(f'{work:8} {counts[work]:13,} instructions, {change}')
            if not before or counts[work] > before * MOST_GROWTH:
                grown.append(work)
    if options.update:
        STORED.write_text(json.dumps({'conditions': here, 'counts': counts}, indent=2) + '\n', encoding='utf-8')
    elif grown:
        sys.exit(f'instructions: grown by more than 5 %, or new: {", ".join(grown)}. Mend it, or say why and run '
                 'tests/bench/instructions.py --update')


if __name__ == '__main__':
    main()
