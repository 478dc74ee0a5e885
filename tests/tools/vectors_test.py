#!/usr/bin/env python3
"""The encoders and scans on other vectors than this processor's: none at all (the scalar twins, with and without their
table), and NEON under qemu where the compiler for it is there. The unit tests of the encoders are what runs."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import toolchain

UNIT = toolchain.ROOT / 'tests/unit'
TESTS = ['main.cpp', 'base_base64_lines_test.cpp', 'base_line_scan_test.cpp', 'base_text_bits_test.cpp',
         'message_body_source_test.cpp', 'message_text_scan_test.cpp', 'protocol_content_encoder_test.cpp',
         'protocol_sasl_prep_test.cpp']
NEON = 'aarch64-linux-gnu-g++'
QEMU = 'qemu-aarch64-static'

# doctest is the host's own, so its folder comes after those of the target.
SHARED = ['-O1', '-I', toolchain.ROOT / 'include', '-idirafter', '/usr/include']
WAYS = [(compiler, [], ['-DSMTPOLL_NO_SIMD', *more]) for compiler in toolchain.NATIVE[:1]
        for more in ([], ['-DSMTPOLL_SMALL'])]
if shutil.which(NEON) and shutil.which(QEMU):
    WAYS.append((NEON, [QEMU], ['-static', '-Wno-psabi']))
else:
    print(f'skipped NEON: there is no {NEON} or no {QEMU}; sh tests/tools/setup.sh arm64 installs them')


def build_and_run(compiler, runner, options):
    """What went wrong, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / 'program'
        command = [compiler, *toolchain.FLAGS, *options, *SHARED, *(UNIT / test for test in TESTS), '-o', program]
        for step in (command, [*runner, program]):
            result = subprocess.run(list(map(str, step)), capture_output=True, text=True, check=False)
            if result.returncode:
                return result.stdout + result.stderr
    return ''


if not WAYS:
    sys.exit(77)
results = toolchain.in_parallel(build_and_run, WAYS)
for (compiler, _, options), fault in zip(WAYS, results):
    print(f'{compiler} {" ".join(options)}: {fault or "the same bytes"}')
sys.exit(1 if any(results) else 0)
