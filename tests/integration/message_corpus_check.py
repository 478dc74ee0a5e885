#!/usr/bin/env python3
"""Has messages rendered and compares them, as python's email package reads them, with what was put into them.

usage: message_corpus_check.py PROGRAM [COUNT]
PROGRAM COUNT OUTDIR leaves OUTDIR/i.eml and OUTDIR/i.json, where every text is in hexadecimal.
"""

import email
import email.policy
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def text(hexadecimal):
    return bytes.fromhex(hexadecimal).decode('utf-8')


def lines(body):
    return body.replace('\r\n', '\n').replace('\r', '\n')


def mailboxes(pairs):
    """Names and addresses of `hex:hex hex:hex`, without white space: python 3.11 adds some between encoded words."""
    return [tuple(''.join(text(half).split()) for half in pair.split(':')) for pair in pairs.split()]


def arrived_mailboxes(message, name):
    boxes = message[name].addresses if name in message else []
    return [(''.join(box.display_name.split()), box.addr_spec) for box in boxes]


def leaf(message, kind):
    for part in message.walk():
        if part.get_content_type() == kind and part.get_content_disposition() is None:
            return lines(part.get_payload(decode=True).decode('utf-8'))
    return ''


def files(message, disposition):
    return [(part.get_filename(), part.get_payload(decode=True), str(part['Content-ID'] or ''))
            for part in message.walk() if part.get_content_disposition() == disposition]


def wanted_files(sent, is_inline):
    # get_filename takes white space off both ends.
    return [(text(one['name']).strip(), bytes.fromhex(one['data']), f'<{text(one["cid"])}>' if one['cid'] else '')
            for one in sent['attachments'] if one['inline'] == is_inline]


def tree(message):
    """The types of a message, nested."""
    kind = message.get_content_subtype()
    return [kind] + [tree(part) for part in message.iter_parts()] if message.is_multipart() else kind


def wanted_tree(sent):
    inline = ['octet-stream' for one in sent['attachments'] if one['inline']]
    attached = ['octet-stream' for one in sent['attachments'] if not one['inline']]
    html = ['related', 'html'] + inline if inline else 'html'
    bodies = [kind for kind, there in (('plain', sent['plain']), ('enriched', sent['enriched']), (html, sent['html'])) if there]
    bodies = bodies or ['plain']
    body = bodies[0] if len(bodies) == 1 else ['alternative'] + bodies
    return ['mixed', body] + attached if attached else body


def differences(raw, sent):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    defects = [defect for part in message.walk() for defect in part.defects]
    defects += [defect for part in message.walk() for value in part.values() for defect in value.defects]
    # A binary part has no lines (RFC 3030).
    text_only = b'' if b'\r\nContent-Transfer-Encoding: binary\r\n' in raw else raw
    pairs = {
        'subject': (str(message['Subject'] or ''), text(sent['subject'])),
        'from': (arrived_mailboxes(message, 'From'), mailboxes(sent['from'])),
        'to': (arrived_mailboxes(message, 'To'), mailboxes(sent['to'])),
        'cc': (arrived_mailboxes(message, 'Cc'), mailboxes(sent['cc'])),
        'bcc': (message.get_all('Bcc', []), []),
        'plain': (leaf(message, 'text/plain'), lines(text(sent['plain']))),
        'html': (leaf(message, 'text/html'), lines(text(sent['html']))),
        'enriched': (leaf(message, 'text/enriched'), lines(text(sent['enriched']))),
        'attached': (files(message, 'attachment'), wanted_files(sent, False)),
        'inline': (files(message, 'inline'), wanted_files(sent, True)),
        'tree': (tree(message), wanted_tree(sent)),
        'fields': ([name for name in ('Date', 'Message-ID', 'MIME-Version') if len(message.get_all(name, [])) != 1], []),
        'defects': (defects, []),
        'long lines': ([line for line in text_only.split(b'\r\n') if len(line) > 998], []),
        'bare line ends': (len(re.findall(rb'\r(?!\n)|(?<!\r)\n', text_only)), 0),
    }
    for name, (arrived, wanted) in pairs.items():
        if arrived != wanted:
            yield f'{name}: arrived {arrived!r:.200}, wanted {wanted!r:.200}'


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([program, str(count), name], check=True)
        folder = pathlib.Path(name)
        faults = [f'message {i}: {difference}'
                  for i in range(count)
                  for difference in differences((folder / f'{i}.eml').read_bytes(),
                                                json.loads((folder / f'{i}.json').read_text()))]
    print('\n'.join(faults[:20]))
    print(f'{count} messages read back, {len(faults)} differences')
    return 1 if faults or not count else 0


if __name__ == '__main__':
    sys.exit(main())
