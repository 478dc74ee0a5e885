#!/usr/bin/env python3
"""Reads with python's json what Explain() says of sessions, some of them with servers that say random bytes.

usage: session_report_check.py PROGRAM
"""

import json
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop()
COUNT = 1000


def strict(pairs):
    assert len({name for name, _ in pairs}) == len(pairs), 'a name stands twice'
    return dict(pairs)


class Reports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        said = subprocess.run([PROGRAM, str(COUNT)], capture_output=True, timeout=60, check=True).stdout
        cls.lines = said.decode('utf-8').split('\n')[:-1]  # strict: what is no UTF-8 is no JSON
        cls.reports = [json.loads(line, object_pairs_hook=strict) for line in cls.lines]

    def test_each_is_json_and_has_the_same_names(self):
        self.assertEqual(len(self.reports), COUNT + 2)
        for report in self.reports:
            self.assertEqual(report.keys(), self.reports[0].keys())
            self.assertEqual(report['milliseconds'].keys(), self.reports[0]['milliseconds'].keys())
            *times, together = report['milliseconds'].values()
            self.assertEqual(sum(times), together)

    def test_of_nothing_yet(self):
        report = self.reports[0]
        self.assertEqual(report['server'], {'host': None, 'port': 0, 'address': None, 'greeting': None})
        self.assertIsNone(report['tls'])
        self.assertIsNone(report['error'])

    def test_of_a_message_sent(self):
        report = self.reports[1]
        self.assertEqual(report['server'], {'host': 'mx.example.org', 'port': 465, 'address': '192.0.2.25',
                                            'greeting': 'test ESMTP'})
        self.assertEqual(report['mechanism'], 'PLAIN')
        self.assertEqual(report['offered'], {'extensions': ['PIPELINING', 'SIZE', 'AUTH'], 'auth': ['PLAIN', 'LOGIN'],
                                             'size': 35882577})
        self.assertEqual(report['messages'], {'sent': 1, 'refused': 0, 'in_doubt': 0, 'returned': 0})
        self.assertGreaterEqual(report['milliseconds']['greeting'], 500)
        self.assertGreaterEqual(report['milliseconds']['reply'], 1500)
        self.assertIsNone(report['error'])
        for secret in ('sesame', 'AGFsaWNl'):
            self.assertNotIn(secret, self.lines[1])

    def test_of_hostile_servers(self):
        for report in self.reports[2:]:
            error = report['error']
            self.assertEqual((error['reply_code'], error['enhanced']), (550, '5.7.1'))
            self.assertEqual(report['offered']['size'], 2 ** 64 - 1)
            self.assertIn('What usually helps', error['help'])


if __name__ == '__main__':
    unittest.main()
