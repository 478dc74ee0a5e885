#!/usr/bin/env python3
"""Each example of TLS sends through servers with STARTTLS and with implicit TLS, and to no server with a wrong name.

usage: tls_example_check.py PROGRAM...
"""

import itertools
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import tls_server

PROGRAMS = sys.argv[1:]


class Example(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        script = pathlib.Path(__file__).with_name('tls_certificates.sh')
        subprocess.run(['sh', script, folder.name], capture_output=True, check=True)

    def send(self, program, **options):
        """What the example ended with and said, and what the server saw."""
        server = tls_server.Server(self.folder, options)
        self.addCleanup(server.close)
        implicit = {'SMTP_IMPLICIT_TLS': '1'} if options['mode'] == 'tls' else {}
        arguments = ['alice@example.org', 'open-sesame', 'bob@example.org', 'localhost', str(server.port),
                     str(self.folder / 'ca.pem')]
        result = subprocess.run([program, *arguments], env={**os.environ, **implicit}, capture_output=True, text=True,
                                timeout=60, check=False)
        server.settle()
        return result.returncode, result.stdout, server.plain + server.secret

    def test_it_sends(self):
        for program, mode in itertools.product(PROGRAMS, ('starttls', 'tls')):
            with self.subTest(program=program, mode=mode):
                code, said, saw = self.send(program, mode=mode, after='AUTH PLAIN')
                self.assertEqual((code, said), (0, 'sent\n'))
                self.assertIn(b'AUTH PLAIN ', saw)
                self.assertIn(b'Hello, World!', saw)

    def test_it_does_not_send_to_another(self):
        for program in PROGRAMS:
            with self.subTest(program=program):
                code, said, saw = self.send(program, mode='starttls', after='AUTH PLAIN', cert='elsewhere')
                self.assertEqual(code, 1)
                self.assertRegex(said, 'it is for imap.example.org|Error in the certificate verification')
                self.assertNotIn(b'AUTH', saw)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])
