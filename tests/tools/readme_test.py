"""Compiles every C++ block of the README: the first is a whole program, the others stand in a function. One that names
OpenSSL gets its macro, and is passed over where OpenSSL is not.
"""

import re
import unittest

from toolchain import NATIVE, ROOT, compile_text

BLOCKS = re.findall(r'^```cpp\n(.*?)^```$', (ROOT / 'README.md').read_text(encoding='utf-8'), re.MULTILINE | re.DOTALL)

AROUND = """
#include <smtpoll/smtpoll.hpp>
#include <poll.h>
#include <cstdio>
void Complain(const std::string& text);
std::string RefreshToken();
std::string CachedToken();
void Snippet(smtpoll::SMTPSocket& socket, smtpoll::EmailMessage& mail);
void Snippet(smtpoll::SMTPSocket& socket, smtpoll::EmailMessage& mail) {
  static_cast<void>(socket);
  static_cast<void>(mail);
%s
}
"""


class Readme(unittest.TestCase):
    def test_blocks_compile(self):
        self.assertGreaterEqual(len(BLOCKS), 3)
        for block in BLOCKS:
            text = block if 'int main()' in block else AROUND % block
            with self.subTest(block=block.splitlines()[0]):
                if re.search('openssl|Secure', block, re.IGNORECASE):
                    text = '#if __has_include(<openssl/evp.h>)\n#define SMTPOLL_OPENSSL\n' + text + '#endif\n'
                result = compile_text(NATIVE[0], text, '-I', ROOT / 'include', '-fsyntax-only')
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_the_first_example_is_short(self):
        lines = [line for line in BLOCKS[0].splitlines() if line and not line.startswith(('#', '}'))]
        self.assertLessEqual(len(lines), 13)


if __name__ == '__main__':
    unittest.main()
