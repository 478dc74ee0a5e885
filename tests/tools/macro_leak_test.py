#!/usr/bin/env python3
"""Including smtpoll adds no macro but SMTPOLL_ ones and those of system headers, and takes none away.

The preprocessor says of each #define and #undef in which file it stands; what remains in the end from our own files is
looked at. So no list of system macros is needed.
"""

import re
import sys

import toolchain

# A user's own settings, which must be there afterwards as they were.
USERS = ['NOMINMAX', 'WIN32_LEAN_AND_MEAN', 'SOMETHING_OF_THE_USER']

# What brings an opt-in header, and the header of its library.
OPT_IN = {'SMTPOLL_OPENSSL': 'openssl/ssl.h', 'SMTPOLL_MBEDTLS': 'mbedtls/ssl.h'}


def leaks(compiler, include_dir, users):
    text = '#define SMTPOLL_POP3\n' + ''.join(f'#if __has_include(<{header}>)\n#define {macro}\n#endif\n' for macro, header in OPT_IN.items())
    text += ''.join(f'#define {name} 1\n' for name in users) + '#include "smtpoll/smtpoll.hpp"\n'
    result = toolchain.compile_text(compiler, text, '-E', '-dD', '-I', include_dir)
    if result.returncode:
        return [result.stderr]
    is_ours, faults, owner = False, [], {}
    for line in result.stdout.splitlines():
        place = re.match(r'# \d+ "(.*?)"', line)
        change = re.match(r'#(define|undef) (\w+)', line)
        if place:
            is_ours = place[1].startswith(str(include_dir))
        elif change and change[1] == 'define':
            owner[change[2]] = is_ours
        elif change and change[2] in owner:
            if is_ours and not owner[change[2]]:
                faults.append(f'takes away {change[2]}')
            del owner[change[2]]
    faults += [f'leaves {name}' for name, ours in owner.items() if ours and not name.startswith('SMTPOLL_')]
    faults += [f'changes {name}' for name in users if owner.get(name, True)]
    if not any(name.startswith('SMTPOLL_') and ours for name, ours in owner.items()):
        faults.append('defines nothing: was it included?')
    return faults


jobs = [(compiler, include_dir, users) for compiler in toolchain.NATIVE + toolchain.MINGW
        for include_dir in toolchain.INCLUDE_DIRS for users in ([], USERS)]
results = toolchain.in_parallel(leaks, jobs)
for (compiler, include_dir, users), faults in zip(jobs, results):
    print(f'{compiler} {include_dir.name} {" ".join(users)}: {"; ".join(faults) or "no leak"}')
sys.exit(1 if any(results) or not jobs else 0)
