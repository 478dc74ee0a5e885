#!/usr/bin/env python3
"""Compares what arrived after spool_crash.py: each message at least once, and never oftener than its doubts explain.

usage: spool_crash_check.py COUNT OUTDIR MAILDIR
"""

import collections
import email
import email.policy
import json
import pathlib
import sys

ledger = json.loads((pathlib.Path(sys.argv[2]) / 'ledger.json').read_text())
arrived = collections.Counter(
    email.message_from_bytes(path.read_bytes(), policy=email.policy.default)['X-Smtpoll-Key']
    for path in pathlib.Path(sys.argv[3]).iterdir())
lost = [key for key in ledger if arrived[key] == 0]
too_often = [key for key, doubts in ledger.items() if arrived[key] > 1 + doubts]
strangers = [key for key in arrived if key not in ledger]
twice = sum(count - 1 for count in arrived.values())
print(f'{len(ledger)} messages, {len(lost)} lost, {twice} arrived again, {sum(ledger.values())} times in doubt')
sys.exit(f'lost: {lost}; oftener than in doubt: {too_often}; unknown: {strangers}'
         if lost or too_often or strangers else 0)
