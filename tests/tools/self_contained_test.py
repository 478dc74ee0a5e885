#!/usr/bin/env python3
"""Each header compiles alone and twice in a row, without warnings; by clang++ without exceptions and RTTI, and
with chars that have no sign.

A header that needs a library (opt-in) is left out for the compilers that have not got it.
"""

import re
import sys

import toolchain

headers = sorted(file.relative_to(toolchain.ROOT / 'include').as_posix()
                 for file in (toolchain.ROOT / 'include/smtpoll').rglob('*.hpp'))


def libraries_of(header):
    """The headers of other libraries that this one includes, itself or by another of ours."""
    text = (toolchain.ROOT / 'include' / header).read_text(encoding='utf-8')
    ours = [] if header == 'smtpoll/smtpoll.hpp' else re.findall(r'#include "(.+?)"', text)
    return re.findall(r'#include <((?:openssl|mbedtls)/[^>]+|schannel.h)>', text) + [
        name for other in ours if '/detail/' in other for name in libraries_of(other)]


def has_libraries(compiler, header):
    text = ''.join(f'#if !__has_include(<{name}>)\n#error\n#endif\n' for name in libraries_of(header))
    return toolchain.compile_text(compiler, text, '-fsyntax-only').returncode == 0


def compile_alone(compiler, options, header):
    text = f'#include "{header}"\n#include "{header}"\n'
    result = toolchain.compile_text(compiler, text, '-fsyntax-only', '-I', toolchain.ROOT / 'include', *options)
    return f'{compiler} {" ".join(options)} {header}\n{result.stderr}' if result.returncode else None


UNUSUAL = [*toolchain.BARE, '-funsigned-char']
variants = [(compiler, UNUSUAL if compiler == 'clang++' else []) for compiler in toolchain.NATIVE + toolchain.MINGW]
there = {(compiler, header): not libraries_of(header) or has_libraries(compiler, header)
         for compiler in toolchain.NATIVE + toolchain.MINGW for header in headers}
print('\n'.join(f'{compiler} has not got what {header} needs' for (compiler, header), has in there.items() if not has))
jobs = [(*variant, header) for variant in variants for header in headers if there[variant[0], header]]
failures = [failure for failure in toolchain.in_parallel(compile_alone, jobs) if failure]
print('\n'.join(failures))
print(f'{len(headers)} headers, {len(jobs)} compilations, {len(failures)} failed')
sys.exit(1 if failures or not jobs else 0)
