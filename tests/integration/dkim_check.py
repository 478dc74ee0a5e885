#!/usr/bin/env python3
"""Verifies the DKIM signatures of delivered messages with python3-dkim, and that what was changed verifies no more.

usage: dkim_check.py COUNT OUTDIR MAILDIR
OUTDIR/records.json has the TXT record of each key. MAILDIR holds one file for each delivery to one recipient.
"""

import collections
import email
import json
import os
import pathlib
import sys

try:
    import dkim
    import nacl.signing  # without it dkim knows no Ed25519
except ImportError:
    # Debian's package belongs to the system's python, which may not be the first one.
    if os.path.realpath(sys.executable) != os.path.realpath('/usr/bin/python3') and os.path.exists('/usr/bin/python3'):
        os.execv('/usr/bin/python3', ['/usr/bin/python3', *sys.argv])
    print('skipped: no python3-dkim; sh tests/tools/setup.sh dkim installs it')
    sys.exit(77)

assert nacl.signing


def verifies(raw, records):
    """What dkim says of one message; a signature that it cannot read is one that does not verify."""
    try:
        return dkim.verify(raw, dnsfunc=lambda name, timeout=5: records.get(name.decode(), '').encode() or None)
    except dkim.DKIMException:
        return False


def tampered(raw):
    """The message with one thing changed, each with a name."""
    header, body = raw.split(b'\n\n', 1)
    signature = header.index(b'DKIM-Signature')
    yield 'a From before it', raw[:signature] + b'From: evil@z.example\n' + raw[signature:]
    yield 'a From behind it', header + b'\nFrom: evil@z.example\n\n' + body
    yield 'another subject', raw.replace(b'\nSubject: ', b'\nSubject: x', 1)
    yield 'more text', raw + b'x\n'
    yield 'less text', header + b'\n\n' + body[:len(body.rstrip()) - 1] if body.strip() else header + b'\n\nx\n'


def main():
    count, sent_dir, mail_dir = int(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    records = json.loads((sent_dir / 'records.json').read_text(encoding='utf-8'))
    faults, arrived, algorithms = [], set(), collections.Counter()
    for file in sorted(mail_dir.iterdir()):
        raw = file.read_bytes()
        message = email.message_from_bytes(raw)
        number = int(message['X-Number'])
        first = number not in arrived
        arrived.add(number)
        tags = dict(tag.strip().split('=', 1) for tag in message['DKIM-Signature'].split(';') if tag.strip())
        algorithms[tags['a']] += first
        if not verifies(raw, records):
            faults.append(f'message {number}, {tags["a"]}: the signature does not verify')
        if 'l' in tags or tags['c'] != 'relaxed/relaxed':
            faults.append(f'message {number}: {tags}')
        if first:
            faults += [f'message {number}: verifies with {how}' for how, other in tampered(raw) if verifies(other, records)]
    faults += [f'message {number} did not arrive' for number in set(range(count)) - arrived]
    faults += [f'nothing was signed by {name}' for name in ('rsa-sha256', 'ed25519-sha256') if not algorithms[name]]
    print('\n'.join(faults[:20]))
    print(f'{len(arrived)} of {count} messages, {dict(algorithms)}, {len(faults)} faults')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
