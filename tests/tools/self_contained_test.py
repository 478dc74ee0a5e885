#!/usr/bin/env python3
"""Each header compiles alone and twice in a row, without warnings, with and without exceptions and RTTI."""

import sys

import toolchain

headers = sorted(file.relative_to(toolchain.ROOT / 'include').as_posix()
                 for file in (toolchain.ROOT / 'include/smtpoll').rglob('*.hpp'))


def compile_alone(compiler, options, header):
    text = f'#include "{header}"\n#include "{header}"\n'
    result = toolchain.compile_text(compiler, text, '-fsyntax-only', '-I', toolchain.ROOT / 'include', *options)
    return f'{compiler} {" ".join(options)} {header}\n{result.stderr}' if result.returncode else None


variants = [(compiler, options) for compiler in toolchain.NATIVE for options in ([], toolchain.BARE)]
variants += [(compiler, []) for compiler in toolchain.MINGW]
jobs = [(*variant, header) for variant in variants for header in headers]
failures = [failure for failure in toolchain.in_parallel(compile_alone, jobs) if failure]
print('\n'.join(failures))
print(f'{len(headers)} headers, {len(jobs)} compilations, {len(failures)} failed')
sys.exit(1 if failures or not jobs else 0)
