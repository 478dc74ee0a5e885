#!/usr/bin/env python3
"""The header declares nothing outside of namespace smtpoll, and a program gets no other symbol from it.

The preprocessor says which lines are ours: outside of all braces they may open namespace smtpoll, or specialize a template
of std's for a type of ours. A translation unit that uses most of the header then defines only symbols of smtpoll's and
templates of the standard library's. Macros are macro_leak_test.py's.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import toolchain

OPT_IN = {'SMTPOLL_OPENSSL': 'openssl/ssl.h', 'SMTPOLL_MBEDTLS': 'mbedtls/ssl.h', 'SMTPOLL_SCHANNEL': 'schannel.h'}
ALL = ''.join(f'#if __has_include(<{header}>)\n#define {macro}\n#endif\n' for macro, header in OPT_IN.items()
              if macro != 'SMTPOLL_SCHANNEL')
ALL += '#if defined(_WIN32)\n#define SMTPOLL_SCHANNEL\n#endif\n#define SMTPOLL_TESTING\n#include "smtpoll/smtpoll.hpp"\n'

# A program that makes much of what there is, and keeps it: main alone is its own.
USER = ALL + '''
template class smtpoll::BasicSMTPSocket<smtpoll::NativeSocket>;
template class smtpoll::BasicSession<smtpoll::NativeSocket>;
template class smtpoll::BasicSession<smtpoll::Socks5Proxy<smtpoll::NativeSocket>>;
template class smtpoll::BasicSession<smtpoll::HttpConnectProxy<smtpoll::NativeSocket>>;
template class smtpoll::BasicSession<smtpoll::testing::ScriptedSocket>;
int main() {
  smtpoll::EmailMessage mail;
  smtpoll::MessageSource source;
  smtpoll::Session session;
  source.Open(mail);
  session.Send(mail);
#if defined(SMTPOLL_OPENSSL) || defined(SMTPOLL_SCHANNEL)
  smtpoll::SecureSession secure;
  secure.Send(mail);
#endif
  return static_cast<int>(mail.Check().size() + smtpoll::System::NetworkInterfaces().size());
}
'''

# Of what entity a mangled name is (Itanium C++ ABI 5.1): tables of a class, guards and locals of functions before it.
OURS = re.compile(r'_?_Z(?:T[VITSC]|GV|GR)?[ZNKVRO]*7smtpoll')
STANDARD = re.compile(r'_?_Z(?:T[VITSC]|GV|GR)?[ZNKVRO]*(?:St|Sa|Sb|Ss|Si|So|Sd|9__gnu_cxx|10__cxxabiv1)')
# The program's own; the compiler's; <new>'s placement new and delete, which are inline.
ALLOWED = ('main', 'DW.ref.__gxx_personality_v0', '_ZnwmPv', '_ZdlPvS_', '_ZnwyPv', '_ZnayPv', '_ZnamPv', '_ZdaPvS_')


def outside(text, include_dir):
    """What our own lines of the preprocessed `text` say outside of all braces, without what they may."""
    ours, lines = False, []
    for line in text.splitlines():
        place = re.match(r'# \d+ "(.*?)"', line)
        if place:
            ours = place[1].startswith(str(include_dir))
        elif ours and not line.startswith('#'):
            lines.append(line)
    code = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])+\'', '""', '\n'.join(lines))
    depth, top = 0, ''
    for part in re.split(r'([{}])', code):
        if part == '{':
            top += '{' if depth == 0 else ''
            depth += 1
        elif part == '}':
            depth -= 1
            top += '}' if depth == 0 else ''
        elif depth == 0:
            top += part
    top = re.sub(r'\s+', ' ', top)
    top, namespaces = re.subn(r'namespace smtpoll ?\{\}', '', top)
    assert namespaces > 10 or 'single' in str(include_dir), 'the preprocessor gave nothing of ours'
    return re.sub(r'template ?<> ?struct std::is_error_code_enum ?<smtpoll::\w+> ?: ?std::true_type ?\{\} ?;', '', top).strip()


def strange_symbols(compiler, include_dir):
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder) / 'user.o'
        built = toolchain.compile_text(compiler, USER, '-O0', '-c', '-o', target, '-I', include_dir)
        if built.returncode:
            return [built.stderr]
        listing = subprocess.run(['nm', '--defined-only', target], capture_output=True, text=True, check=True).stdout
    # Local symbols are the compiler's own labels, and never meet those of another file. Windows' objects have pointers to
    # symbols and tables of thread-local ones, named after what they are of.
    names = [line.split()[-1] for line in listing.splitlines() if re.search(r' [A-Zuvw] ', line)]
    names = [re.sub(r'^(\.refptr\.|__emutls_[tv]\.)', '', name) for name in names if not name.startswith('.weak.')]
    strange = [name for name in names if not (OURS.match(name) or STANDARD.match(name))
               and name not in ALLOWED]
    if sum(bool(OURS.match(name)) for name in names) < 500:
        strange.append('too few symbols: was anything made?')
    return strange


def check(compiler, include_dir):
    text = toolchain.compile_text(compiler, ALL, '-E', '-I', include_dir)
    if text.returncode:
        return [text.stderr]
    rest = outside(text.stdout, include_dir)
    return [f'outside of namespace smtpoll: {rest[:300]}'] if rest else []


def check_symbols(compiler, include_dir):
    return [f'defines {name}' for name in strange_symbols(compiler, include_dir)[:20]]


# Symbols take long, so once for each kind of object file.
jobs = [(check, compiler, include_dir) for compiler in toolchain.NATIVE + toolchain.MINGW
        for include_dir in toolchain.INCLUDE_DIRS]
jobs += [(check_symbols, compilers[0], toolchain.INCLUDE_DIRS[1]) for compilers in (toolchain.NATIVE, toolchain.MINGW)
         if compilers]
results = toolchain.in_parallel(lambda call, *job: call(*job), jobs)
for (call, compiler, include_dir), faults in zip(jobs, results):
    what = 'symbols' if call is check_symbols else 'declarations'
    print(f'{compiler} {include_dir.name} {what}: {"; ".join(faults) or "nothing but smtpoll"}')
sys.exit(1 if any(results) or not jobs else 0)
