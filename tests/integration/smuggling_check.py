#!/usr/bin/env python3
"""Exactly the messages that were sent arrived, none of them smuggled, and each has its content, line ends normalised.

usage: smuggling_check.py COUNT OUTDIR MAILDIR [--line-ends]
OUTDIR/i.kind says where the content OUTDIR/i.bin of message i (header X-Smtpoll-Key: key-i) was put: body, html, source or
attachment. An attachment arrives byte for byte. With --line-ends the server has stored lines as they came: no CR and no LF
may stand alone then.
"""

import email
import email.policy
import pathlib
import re
import sys


def normalised(content):
    """Every line end, CR, LF or CRLF, as LF; the last line has one."""
    text = re.sub(rb'\r\n|\r|\n', b'\n', content)
    return text if text.endswith(b'\n') else text + b'\n'


def has_lone_line_end(raw):
    """A CR without an LF, or an LF without a CR: what some servers take for the end of a line, and others do not."""
    return re.search(rb'\r(?!\n)|(?<!\r)\n', raw) is not None


def content_of(raw, kind):
    """The content as it arrived in the file `raw`, in which all lines end with LF."""
    if kind == 'source':
        return normalised(raw.split(b'\n\n', 1)[1])
    message = email.message_from_bytes(raw, policy=email.policy.default)
    if kind == 'attachment':
        [attachment] = message.iter_attachments()
        return attachment.get_payload(decode=True)
    [part] = [part for part in message.walk() if not part.is_multipart()]
    return normalised(part.get_payload(decode=True))


def main():
    count, sent_dir, mail_dir = int(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    faults, seen = [], []
    for file in sorted(mail_dir.iterdir()):
        raw = file.read_bytes()
        if sys.argv[4:] == ['--line-ends']:
            if has_lone_line_end(raw):
                faults.append(f'{file.name} holds a CR or LF of its own')
            raw = raw.replace(b'\r\n', b'\n')
        head = raw.split(b'\n\n', 1)[0]
        key = re.search(rb'(?m)^X-Smtpoll-Key: key-(\d+)$', head)
        if not key:
            faults.append(f'a message that nobody sent: {head!r:.300}')
            continue
        number = int(key[1])
        seen.append(number)
        sender = re.search(rb'(?mi)^Return-Path: <(.*)>$', head)
        if not sender or sender[1] != b'sender@test.example' or b'X-Original-To: rcpt@test.example' not in head:
            faults.append(f'message {number} has another envelope: {head!r:.300}')
        kind = (sent_dir / f'{number}.kind').read_text(encoding='utf-8')
        sent = (sent_dir / f'{number}.bin').read_bytes()
        wanted = sent if kind == 'attachment' else normalised(sent)
        arrived = content_of(raw, kind)
        if arrived != wanted:
            at = next((i for i, (a, b) in enumerate(zip(arrived, wanted)) if a != b), min(len(arrived), len(wanted)))
            faults.append(f'message {number} ({kind}) differs at {at}: arrived {arrived[at - 20:at + 60]!r}, '
                          f'wanted {wanted[at - 20:at + 60]!r}')
    if sorted(seen) != list(range(count)):
        faults.append(f'arrived are {len(seen)} messages, wanted {count}, each once')
    print('\n'.join(faults[:10]))
    print(f'{len(seen)} messages arrived, {len(faults)} faults')
    return 1 if faults or not count else 0


if __name__ == '__main__':
    sys.exit(main())
