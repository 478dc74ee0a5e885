"""Every source of the tests compiles with every compiler there is, not only with the one that builds them.

The unit tests are merged into a few sources, which takes a tenth of the time.
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from merged_tests import merged, split
from toolchain import FLAGS, NATIVE, ROOT, in_parallel

SOURCES = sorted(file for folder in ('examples', 'integration') for file in (ROOT / 'tests' / folder).glob('*.cpp')
                 if not re.search(r'openssl|gmime|mbedtls|schannel|message/dkim', file.read_text(encoding='utf-8')))
UNIT = ROOT / 'tests/unit'
UNIT_TESTS = [file for file in sorted(UNIT.glob('*_test.cpp')) if 'message_dkim' not in file.name]


def wants_openssl(source):
    """True where meson builds a source with -DSMTPOLL_OPENSSL; those that name a library do not."""
    text = source.read_text(encoding='utf-8')
    needs = re.search(r'tls_bench|\bSecureSession\b|\bSMTPSecureSocket\b', text)
    return bool(needs) and not re.search(r'#define SMTPOLL_', text)


def package_flags(source):
    """Where pkg-config has what an example needs, the options for it; None where it does not."""
    needs = re.search(r'^// needs: (\S+)$', source.read_text(encoding='utf-8'), re.MULTILINE)
    if not needs:
        return []
    flags = subprocess.run(['pkg-config', '--cflags', needs[1]], capture_output=True, text=True, check=False)
    return None if flags.returncode else ['-fPIC', *flags.stdout.replace('-I', '-isystem ').split()]


def compile_source(compiler, source):
    options = [*package_flags(source), *(['-DSMTPOLL_OPENSSL'] if wants_openssl(source) else [])]
    command = [compiler, *FLAGS, *options, '-fsyntax-only', '-I', ROOT / 'include', '-I', UNIT, source]
    return compiler, source, subprocess.run(command, capture_output=True, text=True, check=False)


class OtherCompilers(unittest.TestCase):
    def test_sources_compile(self):
        self.assertGreater(len(SOURCES), 30)
        others = [name for name in NATIVE if name != os.path.basename(os.environ.get('CXX', 'g++'))]
        if not others:
            self.skipTest('only one compiler is installed')
        has_openssl = pathlib.Path('/usr/include/openssl/ssl.h').exists()
        sources = [file for file in SOURCES
                   if has_openssl or not (wants_openssl(file) or 'SMTPOLL_OPENSSL' in file.read_text(encoding='utf-8'))]
        sources = [file for file in sources if package_flags(file) is not None]
        with tempfile.TemporaryDirectory() as folder:
            for index, part in enumerate(split(UNIT_TESTS, 4)):
                source = pathlib.Path(folder) / f'unit_{index}.cpp'
                source.write_text(merged(part), encoding='utf-8')
                sources.insert(0, source)
            for compiler, source, result in in_parallel(compile_source, [(name, file) for name in others for file in sources]):
                with self.subTest(compiler=compiler, source=source.name):
                    self.assertEqual(result.returncode, 0, result.stderr[:3000])


if __name__ == '__main__':
    unittest.main()
