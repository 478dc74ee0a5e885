"""Compiles every C++ block of the README: the first is a whole program, the others stand in a function. One that names
OpenSSL gets its macro, and is passed over where OpenSSL is not. And each file that the README names is there, and each
heading and file that it links to.
"""

import re
import unittest

from toolchain import NATIVE, ROOT, compile_text

TEXT = (ROOT / 'README.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'^```cpp\n(.*?)^```$', TEXT, re.MULTILINE | re.DOTALL)
PROSE = re.sub(r'^```.*?^```$', '', TEXT, flags=re.MULTILINE | re.DOTALL)
# Where a file is looked for that is named with less than its whole path.
PLACES = ['', 'include/', 'include/**/', 'tests/**/']

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

    def test_named_files_are_there(self):
        names = set(re.findall(r'[\w*/]+(?:\.\w+)*\.(?:cpp|hpp|py|sh|svg)\b', PROSE)
                    + re.findall(r'\b(?:tests|single_include)/[\w./]*\w\b(?!\*)', TEXT))
        self.assertGreater(len(names), 50)
        for name in sorted(names):
            with self.subTest(name=name):
                self.assertTrue(any(next(ROOT.glob(place + name), None) for place in PLACES), name)

    def test_links_lead_somewhere(self):
        headings = {re.sub(r'[^\w -]', '', line.lower()).replace(' ', '-') for line in re.findall('(?m)^#+ (.*)$', PROSE)}
        for link in re.findall(r'\]\(([^)]+)\)', PROSE):
            with self.subTest(link=link):
                self.assertTrue(link[1:] in headings if link[0] == '#' else (ROOT / link).is_file(), link)

    def test_the_first_example_is_short(self):
        lines = [line for line in BLOCKS[0].splitlines() if line and not line.startswith(('#', '}'))]
        self.assertLessEqual(len(lines), 13)


if __name__ == '__main__':
    unittest.main()
