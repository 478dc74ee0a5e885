#!/usr/bin/env python3
"""Has messages rendered and compares them, as two readers of others read them, with what was put into them.

usage: message_corpus_check.py PROGRAM [--gmime READER] [--count N] [--large BYTES] [--keep DIR]
PROGRAM COUNT OUTDIR [FILE] leaves OUTDIR/i.eml and OUTDIR/i.json, where every text is in hexadecimal. The first reader is
python's email package; the second, READER COUNT OUTDIR, is GMime and leaves OUTDIR/i.gmime. Where READER is not given,
only the first one reads. --large attaches so many random bytes twice to each message; --keep leaves the messages in DIR.
"""

import argparse
import email
import email.policy
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def text(hexadecimal):
    return bytes.fromhex(hexadecimal).decode('utf-8')


def lines(body):
    return body.replace('\r\n', '\n').replace('\r', '\n')


def plain(name):
    """A display name without white space: python 3.11 adds some between encoded words."""
    return ''.join(name.split())


def digest(data):
    return hashlib.sha256(data).hexdigest()


def file_digest(path, known={}):
    if path not in known:
        known[path] = digest(pathlib.Path(path).read_bytes())
    return known[path]


# A message as a value that can be compared: fields, and a tree whose nodes are lists (a multipart's type and its parts) and
# whose leaves are tuples: (type, disposition, name, content id, content), the content a text, or the hash of bytes;
# ('message/rfc822', name, subject, text) for one that is forwarded.

def put_in(sent):
    """What the generator says that it put in."""
    def mailboxes(pairs):
        return [(plain(text(name)), text(address)) for name, address in (pair.split(':') for pair in pairs.split())]

    def leaf(one):
        # The readers take white space off both ends of a name.
        name = text(one['name']).strip()
        if 'forward_subject' in one:
            return ('message/rfc822', name, text(one['forward_subject']), text(one['forward_text']))
        content = file_digest(text(one['file'])) if 'file' in one else digest(bytes.fromhex(one['data']))
        return (text(one['type']), 'inline' if one['inline'] else 'attachment', name, text(one['cid']), content)

    def body(kind, content):
        return (f'text/{kind}', None, '', '', lines(text(content)))

    inline = [leaf(one) for one in sent['attachments'] if one['inline']]
    attached = [leaf(one) for one in sent['attachments'] if not one['inline']]
    html = body('html', sent['html'])
    bodies = [part for part, there in ((body('plain', sent['plain']), sent['plain']),
                                       (body('enriched', sent['enriched']), sent['enriched']),
                                       (['related', html, *inline] if inline else html, sent['html']),
                                       (body('calendar', sent['calendar']), sent['calendar'])) if there]
    bodies = bodies or [body('plain', '')]
    root = bodies[0] if len(bodies) == 1 else ['alternative', *bodies]
    return {'subject': text(sent['subject']), 'from': mailboxes(sent['from']), 'to': mailboxes(sent['to']),
            'cc': mailboxes(sent['cc']), 'bcc': [], 'reply_to': mailboxes(sent['reply_to']), 'date': True, 'id': True,
            'tree': ['mixed', root, *attached] if attached else root, 'defects': []}


def by_python(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)

    def mailboxes(name):
        boxes = message[name].addresses if name in message else []
        return [(plain(box.display_name), box.addr_spec) for box in boxes]

    def node(part):
        kind = part.get_content_type()
        if kind == 'message/rfc822':
            inner = part.get_payload(0)
            return (kind, part.get_filename(), str(inner['Subject']), lines(inner.get_payload(decode=True).decode('utf-8')))
        if part.is_multipart():
            return [part.get_content_subtype(), *map(node, part.iter_parts())]
        disposition = part.get_content_disposition()
        content = part.get_payload(decode=True)
        content = lines(content.decode('utf-8')) if disposition is None else digest(content)
        return (kind, disposition, part.get_filename() or '', str(part['Content-ID'] or '').strip('<>'), content)

    defects = [repr(defect) for part in message.walk() for defect in part.defects]
    defects += [repr(defect) for part in message.walk() for value in part.values() for defect in value.defects]
    return {'subject': str(message['Subject'] or ''), 'from': mailboxes('From'), 'to': mailboxes('To'),
            'cc': mailboxes('Cc'), 'bcc': message.get_all('Bcc', []), 'reply_to': mailboxes('Reply-To'),
            'date': len(message.get_all('Date', [])) == 1, 'id': len(message.get_all('Message-ID', [])) == 1,
            'tree': node(message), 'defects': defects}


def by_gmime(report):
    def value(word):
        return text(word.removeprefix('-'))

    found = {'subject': None, 'from': [], 'to': [], 'cc': [], 'bcc': [], 'reply_to': [], 'date': False, 'id': False,
             'tree': None, 'defects': []}
    open_parts = [[]]
    for kind, *words in (line.split(' ') for line in report.splitlines()):
        if kind == 'subject':
            found['subject'] = value(words[0])
        elif kind == 'mailbox':
            found[words[0]].append((plain(value(words[1])), value(words[2])))
        elif kind == 'date':
            found['date'] = words[0] == 'yes'
        elif kind == 'id':
            found['id'] = value(words[0]) != ''
        elif kind == 'open':
            open_parts.append([words[0]])
        elif kind == 'close':
            open_parts[-2].append(open_parts.pop())
        elif kind == 'leaf':
            is_text = words[1] == 'none'
            content = lines(value(words[4])) if is_text else words[4]
            open_parts[-1].append((words[0], None if is_text else words[1], value(words[2]).strip(), value(words[3]), content))
        elif kind == 'forward':
            open_parts[-1].append(('message/rfc822', value(words[0]), value(words[1]), lines(value(words[2]))))
        else:
            found['defects'].append(' '.join([kind, *words]))
    found['tree'] = open_parts[0][0] if open_parts[0] else None
    return found


def breaches(raw):
    """What no rendered message may hold, whoever reads it."""
    # A binary part has no lines (RFC 3030).
    if re.search(rb'\r\nContent-Transfer-Encoding: binary\r\n', raw):
        return
    # A line of more than 998 bytes takes a match of as many; a search for the ends is quicker in large messages.
    if raw.count(b'\r\n') != raw.count(b'\n') or raw.count(b'\r') != raw.count(b'\n'):
        yield 'a CR or LF stands alone'
    if max(map(len, raw.split(b'\r\n'))) > 998:
        yield 'a line is longer than 998 bytes'


def first_difference(found, wanted):
    """The smallest parts of two values that are not the same."""
    if type(found) is type(wanted) and isinstance(found, (list, tuple)) and len(found) == len(wanted):
        for one, other in zip(found, wanted):
            if one != other:
                return first_difference(one, other)
    return f'arrived {found!a:.300}, wanted {wanted!a:.300}'


def differences(reader, found, wanted):
    for name in wanted:
        if found[name] != wanted[name]:
            yield f'{reader}: {name}: {first_difference(found[name], wanted[name])}'


def unnoticed(folder, gmime, count):
    """Readers to whom a message that was cut off, or of which a letter was changed, looks as it should."""
    number = next(i for i in range(count) if b'\r\n boundary=' in (folder / f'{i}.eml').read_bytes())
    raw, wanted = (folder / f'{number}.eml').read_bytes(), put_in(json.loads((folder / f'{number}.json').read_text()))
    other = folder / 'broken'
    other.mkdir()
    for broken in (raw[:raw.rindex(b'\r\n--')], raw.replace(b'\r\nContent-Type: ', b'\r\nContent-Type: x', 1)):
        (other / '0.eml').write_bytes(broken)
        if not [*differences('python', by_python(broken), wanted)]:
            yield 'python does not notice a broken message'
        if gmime:
            subprocess.run([gmime, '1', str(other)], check=True)
            if not [*differences('GMime', by_gmime((other / '0.gmime').read_text()), wanted)]:
                yield 'GMime does not notice a broken message'


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('program')
    parser.add_argument('--gmime')
    parser.add_argument('--count', type=int, default=2000)
    parser.add_argument('--large', type=int, default=0)
    parser.add_argument('--keep', type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or pathlib.Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        command = [options.program, str(options.count), str(folder)]
        if options.large:
            large = folder / 'large.bin'
            large.write_bytes(os.urandom(options.large))
            command.append(str(large))
        subprocess.run(command, check=True)
        if options.gmime:
            subprocess.run([options.gmime, str(options.count), str(folder)], check=True)
        faults = []
        for i in range(options.count):
            wanted = put_in(json.loads((folder / f'{i}.json').read_text()))
            raw = (folder / f'{i}.eml').read_bytes()
            found = [*breaches(raw), *differences('python', by_python(raw), wanted)]
            if options.gmime:
                found += differences('GMime', by_gmime((folder / f'{i}.gmime').read_text()), wanted)
            faults += [f'message {i}: {fault}' for fault in found]
        faults += unnoticed(folder, options.gmime, options.count)
    print('\n'.join(faults[:20]))
    readers = 'python and GMime' if options.gmime else 'python'
    print(f'{options.count} messages read back by {readers}, {len(faults)} differences')
    return 1 if faults or not options.count else 0


if __name__ == '__main__':
    sys.exit(main())
