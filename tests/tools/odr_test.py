#!/usr/bin/env python3
"""Two translation units that include the header link and run as one program, from either header, by each compiler."""

import pathlib
import subprocess
import sys
import tempfile

import toolchain

SOURCES = [toolchain.ROOT / 'tests/unit' / name for name in ('odr_a.cpp', 'odr_b.cpp')]


def link_and_run(compiler, include_dir):
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / 'odr'
        command = [compiler, *toolchain.FLAGS, '-I', include_dir, *SOURCES, '-o', program, '-pthread']
        return all(subprocess.run(step, check=False).returncode == 0 for step in (command, [program]))


jobs = [(compiler, include_dir) for compiler in toolchain.NATIVE for include_dir in toolchain.INCLUDE_DIRS]
results = toolchain.in_parallel(link_and_run, jobs)
for (compiler, include_dir), well in zip(jobs, results):
    print(f'{compiler} {include_dir.name}: {"links and runs" if well else "FAILED"}')
sys.exit(0 if jobs and all(results) else 1)
