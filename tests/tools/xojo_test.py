"""Each member of the seed's classes stands in one of the programs that are translated from Xojo line by line."""

import re
import unittest

import seed_test
from toolchain import ROOT

# What the seed does not have.
OURS = """NetworkInterfaces CertificateAuthorityFile ReversePath Options EnvelopeID Notify RecipientOptions Signer AddInline
    Check Fault Render LoadFromCallback InlineContentID""".split()
# Xojo on the left, C++ on the right.
LINES = [match.groups()
         for file in sorted((ROOT / 'tests/examples').glob('from_xojo_*.cpp'))
         for match in re.finditer(r'^ */\* (.*?) *\*/ (.*)$', file.read_text(encoding='utf-8'), re.MULTILINE)]


class Xojo(unittest.TestCase):
    def test_each_member_is_translated(self):
        self.assertGreater(len(LINES), 100)
        # POP3Socket is a companion; its members are shown by pop3_fetch.cpp as they are needed.
        for owner, members in seed_test.MEMBERS.items():
            for member in members.split() if owner != 'POP3Socket' else ():
                if member in OURS:
                    continue
                with self.subTest(member=f'{owner}.{member}'):
                    named = re.compile(rf'\b{member}\b')
                    self.assertTrue([cpp for xojo, cpp in LINES if named.search(xojo) and named.search(cpp)])


if __name__ == '__main__':
    unittest.main()
