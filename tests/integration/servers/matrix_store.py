"""What lies in a server's store, against what matrix_send says must lie there."""

import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import smuggling_check  # noqa: E402

PATIENCE_SECONDS = 60


def wait_for(count, wanted):
    """Until count() is `wanted`, or has not grown for a while."""
    last, since = count(), time.monotonic()
    while last < wanted and time.monotonic() - since < PATIENCE_SECONDS:
        time.sleep(0.1)
        now = count()
        if now != last:
            last, since = now, time.monotonic()


class Delivered:
    """One file of the store."""

    def __init__(self, path):
        self.raw = path.read_bytes()
        self.lines_as_they_came = self.raw
        if b'\r\n' in self.raw[:4096]:
            self.raw = self.raw.replace(b'\r\n', b'\n')
        head = self.raw.split(b'\n\n', 1)[0]
        self.key = self._field(head, b'X-Matrix-Key')
        self.recipient = self._field(head, b'X-Original-To')
        self.sender = self._field(head, b'Return-Path').strip('<>')

    @staticmethod
    def _field(head, name):
        found = re.search(rb'(?mi)^' + name + rb': *(.*)$', head)
        return found[1].decode(errors='replace') if found else ''

    def reports(self, key):
        """A report that the message with this key was delivered (RFC 3464 2.3.3); it gives back the message's header."""
        return (self.sender == '' and self.recipient == 'reports@test.example'
                and re.search(rb'(?mi)^Action: *(delivered|relayed)', self.raw)
                and re.search(rb'(?mi)^X-Matrix-Key: *' + re.escape(key.encode()) + rb'$', self.raw))

    def names(self, envelope_id):
        """A report names the envelope (RFC 3464 2.2.1). RFC 3461 6.3 wants it decoded; Exim leaves it in xtext."""
        xtext = re.sub(r'[+=]', lambda c: f'+{ord(c[0]):02X}', envelope_id)
        return re.search(rf'(?mi)^Original-Envelope-Id: *({re.escape(envelope_id)}|{re.escape(xtext)})$'.encode(), self.raw)


class Store:
    """The files in a folder, each read once."""

    def __init__(self, folder):
        self.folder, self.files = folder, {}

    def look(self):
        for path in self.folder.iterdir():
            if path.name not in self.files:
                self.files[path.name] = Delivered(path)
        return list(self.files.values())


def difference(delivered, sent):
    """How the content of a message differs from what was put in; empty where it does not."""
    kind = sent.with_suffix('.kind').read_text(encoding='utf-8')
    wanted = sent.with_suffix('.bin').read_bytes()
    wanted = wanted if kind == 'attachment' else smuggling_check.normalised(wanted)
    arrived = smuggling_check.content_of(delivered.raw, kind)
    if arrived == wanted:
        return ''
    at = next((i for i, (a, b) in enumerate(zip(arrived, wanted)) if a != b), min(len(arrived), len(wanted)))
    return (f'{len(arrived)} bytes arrived, {len(wanted)} were sent; they differ at {at}: '
            f'{arrived[at:at + 40]!r} for {wanted[at:at + 40]!r}')


def judge(folder, parts, lines_as_they_came):
    """The cells, by row: a status and a note. `parts`: the folders of contents, beside what was said of them."""
    cells, mails, reports = {}, {}, []
    for part in parts:
        for line in (folder / f'{part}.out').read_text(encoding='utf-8').splitlines():
            what, row, *rest = line.split('\t')
            if what == 'cell':
                cells[row] = (rest[0], rest[1])
            elif what == 'mail':
                mails[(rest[0], rest[1])] = (row, rest[2], folder / part / rest[0])
            elif what == 'report':
                reports.append((row, rest[0], rest[1]))

    def complain(row, note):
        if cells[row][0] != 'fault':
            cells[row] = ('fault', note)

    store = Store(folder / 'mail/new')
    wait_for(lambda: len({(mail.key, mail.recipient) for mail in store.look()} & set(mails))
             + sum(any(mail.reports(key) for mail in store.look()) for _, key, _ in reports),
             len(mails) + len(reports))
    found = {}
    for mail in store.look():
        found.setdefault((mail.key, mail.recipient), []).append(mail)
        if lines_as_they_came and smuggling_check.has_lone_line_end(mail.lines_as_they_came):
            complain(next(iter(cells)), f'{mail.key} arrived with a CR or LF of its own')

    for key, (row, sender, sent) in mails.items():
        arrived = found.pop(key, [])
        if len(arrived) != 1:
            complain(row, f'{key[0]} arrived at {key[1]} {len(arrived)} times')
        for mail in arrived:
            if mail.sender != sender:
                complain(row, f'{key[0]} arrived from <{mail.sender}> instead of <{sender}>')
            if text := difference(mail, sent):
                complain(row, f'{key[0]}: {text}')
    for row, key, envelope_id in reports:
        came = [mail for files in found.values() for mail in files if mail.reports(key)]
        if not came:
            complain(row, 'no report of the delivery has come')
        elif not all(mail.names(envelope_id) for mail in came):
            complain(row, f'the report of the delivery does not have Original-Envelope-Id: {envelope_id}')
    for (key, recipient), files in found.items():
        if all(any(mail.reports(sent) for _, sent, _ in reports) for mail in files):
            continue
        row = next((row for row in cells if key.startswith(row.replace(' ', '-'))), next(iter(cells)))
        complain(row, f'nobody should have got {key or files[0].raw[:200]!r} at {recipient}')
    return cells
