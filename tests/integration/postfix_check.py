#!/usr/bin/env python3
"""Compares delivered messages, as python's email package reads them, with what was put into them.

usage: postfix_check.py COUNT OUTDIR MAILDIR
OUTDIR/i.json describes message i: message_key (its header X-Smtpoll-Key), subject, plain, html, from, to, cc, bcc (may
be left out), attachments (each name, type, file). MAILDIR holds one file for each delivery to one recipient.
"""

import collections
import email
import email.policy
import email.utils
import json
import pathlib
import sys


def mailboxes(texts):
    """Display names and addresses, as of text that people write."""
    return [pair for pair in email.utils.getaddresses(texts) if pair[1]]


def header_mailboxes(message, name):
    return [(box.display_name, box.addr_spec) for box in message[name].addresses] if name in message else []


def body(message, kind):
    part = message.get_body((kind,))
    return part.get_content().replace('\r\n', '\n') if part is not None else ''


def defects(message):
    """All that the parser had to forgive, in the structure and in each header of each part."""
    for part in message.walk():
        yield from part.defects
        for value in part.values():
            yield from value.defects


def differences(message, sent):
    """One line for each thing in `message` that is not as in `sent`."""
    attachments = [(part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
                   for part in message.iter_attachments()]
    pairs = {
        'Subject': (str(message['Subject'] or ''), sent['subject']),
        'From': (header_mailboxes(message, 'From'), mailboxes([sent['from']])),
        'To': (header_mailboxes(message, 'To'), mailboxes(sent['to'])),
        'Cc': (header_mailboxes(message, 'Cc'), mailboxes(sent['cc'])),
        'Bcc': (message.get_all('Bcc', []), []),
        'Return-Path': (str(message['Return-Path']), f'<{mailboxes([sent["from"]])[0][1]}>'),
        'plain text': (body(message, 'plain'), sent['plain'].replace('\r\n', '\n')),
        'HTML': (body(message, 'html'), sent['html'].replace('\r\n', '\n')),
        'names of attachments': ([name for name, _, _ in attachments], [each['name'] for each in sent['attachments']]),
        'types of attachments': ([kind for _, kind, _ in attachments], [each['type'] for each in sent['attachments']]),
        'bytes of attachments': ([content for _, _, content in attachments],
                                 [pathlib.Path(each['file']).read_bytes() for each in sent['attachments']]),
        'defects': (list(defects(message)), []),
    }
    for name, (arrived, wanted) in pairs.items():
        if arrived != wanted:
            yield f'{name}: arrived {arrived!r:.300}, wanted {wanted!r:.300}'


def main():
    count, sent_dir, mail_dir = int(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    faults = []
    sent_by_key = {}
    for number in range(count):
        sent = json.loads((sent_dir / f'{number}.json').read_text(encoding='utf-8'))
        sent_by_key[sent['message_key']] = sent
    if len(sent_by_key) != count:
        faults.append(f'{count} messages have {len(sent_by_key)} different keys')

    deliveries = collections.defaultdict(list)
    files = sorted(mail_dir.iterdir()) if mail_dir.exists() else []
    for file in files:
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        key = str(message['X-Smtpoll-Key'])
        if key not in sent_by_key:
            faults.append(f'{file.name}: nobody sent this: {str(message["Subject"])!r}, key {key}')
            continue
        deliveries[key].append(str(message['X-Original-To']))
        faults += [f'{key}: {difference}' for difference in differences(message, sent_by_key[key])]

    for key, sent in sent_by_key.items():
        recipients = sorted(address for _, address in mailboxes(sent['to'] + sent['cc'] + sent.get('bcc', [])))
        if sorted(deliveries[key]) != recipients:
            faults.append(f'{key}: delivered to {sorted(deliveries[key])}, wanted {recipients}')
    print('\n'.join(faults[:20]))
    print(f'{count} messages sent, {len(files)} deliveries compared, {len(faults)} faults')
    return 1 if faults or not count else 0


if __name__ == '__main__':
    sys.exit(main())
