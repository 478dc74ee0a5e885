#!/usr/bin/env python3
"""smtpoll compiles and links for Windows beside <windows.h>, whichever comes first, and std::min stays a function."""

import pathlib
import sys
import tempfile

import toolchain

SMTPOLL = '#include "smtpoll/smtpoll.hpp"\n'
WINDOWS = '#include <windows.h>\n'
ALGORITHM = '#include <algorithm>\n'

MAIN = 'int main() { return std::max(0, 0) + std::min(0, 1); }\n'
CAREFUL_MAIN = 'int main() { return (std::max)(0, 0) + (std::min)(0, 1); }\n'

SCHANNEL = '#define SMTPOLL_SCHANNEL\n'
TLS_MAIN = 'int main() { smtpoll::SMTPSecureSocket socket; smtpoll::SecureSession session; return socket.Poll() ? 1 : 0; }\n'

PROGRAMS = {
    'alone': SMTPOLL + ALGORITHM + MAIN,
    '<windows.h> before': WINDOWS + SMTPOLL + ALGORITHM + CAREFUL_MAIN,
    '<windows.h> after': SMTPOLL + WINDOWS + ALGORITHM + CAREFUL_MAIN,
    'UNICODE, <winsock2.h> before, what can be switched': '#define UNICODE\n#define _UNICODE\n#define SMTPOLL_NO_WSASTARTUP\n'
                                                          '#define SMTPOLL_TESTING\n#include <winsock2.h>\n'
                                                          + WINDOWS + SMTPOLL + ALGORITHM + CAREFUL_MAIN,
    'TLS by Schannel': SCHANNEL + SMTPOLL + TLS_MAIN,
    'TLS by Schannel, <windows.h> before': SCHANNEL + WINDOWS + SMTPOLL + TLS_MAIN,
}


def link(compiler, include_dir, name):
    with tempfile.TemporaryDirectory() as folder:
        options = ['-I', include_dir, '-static', '-o', pathlib.Path(folder) / 'program.exe', '-lws2_32', '-liphlpapi',
                   '-lsecur32', '-lcrypt32']
        return toolchain.compile_text(compiler, PROGRAMS[name], *options)


if not toolchain.MINGW:
    print('skipped: there is no x86_64-w64-mingw32-g++; sh tests/tools/setup.sh mingw installs it')
    sys.exit(77)
jobs = [(compiler, include_dir, name) for compiler in toolchain.MINGW for include_dir in toolchain.INCLUDE_DIRS
        for name in PROGRAMS]
results = toolchain.in_parallel(link, jobs)
for (compiler, include_dir, name), result in zip(jobs, results):
    print(f'{include_dir.name}, {name}: {result.stderr if result.returncode else "links"}')
sys.exit(1 if any(result.returncode for result in results) else 0)
