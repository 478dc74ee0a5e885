"""Looks at what each client really delivers, before anything is timed: a client that sends less is no peer."""

import email
import email.policy
import hashlib
import pathlib
import tempfile

from measure import Failure, run_client

BODY = ('The quick brown fox jumps over the lazy dog, and then once more.'[:62] + '\n') * 16


def read(path):
    """A kept content as a message; of one that came by DATA the end and the doubled dots are taken away."""
    content = path.read_bytes()
    if path.suffix == '.data':
        if not content.endswith(b'\r\n.\r\n'):
            raise Failure(f'{path} has no end')
        content = content[:-3].replace(b'\r\n..', b'\r\n.')
    return email.message_from_bytes(content, policy=email.policy.default)


def check_one(mail, client, digest):
    for field in ('From', 'Subject'):
        if not mail[field]:
            raise Failure(f'{client.name}: a message without {field}')
    if digest is None:
        body = mail.get_body(('plain',)).get_content().replace('\r\n', '\n')
        if body.rstrip('\n') != BODY.rstrip('\n'):
            raise Failure(f'{client.name}: another body than the work says: {body[:80]!r}')
        return
    parts = [part for part in mail.walk() if part.get_content_disposition() == 'attachment']
    if len(parts) != 1 or hashlib.sha256(parts[0].get_payload(decode=True)).digest() != digest:
        raise Failure(f'{client.name}: the attachment is not what it should be')


def check(rows, sink, attachment):
    """Every client of every row delivers a few messages, which are read. smtp-source writes a filler of its own."""
    digest = hashlib.sha256(attachment.read_bytes()).digest()
    for row in rows:
        for column, client in row.clients.items():
            count = min(client.count, 1 if row.unit == 'MB/s' else 10)
            with tempfile.TemporaryDirectory() as folder:
                run_client(sink, client, count, keep=folder)
                kept = list(pathlib.Path(folder).iterdir())
                if len(kept) != (1 if client.to_many else count):
                    raise Failure(f'{client.name}: {len(kept)} messages instead of {count}')
                if column == 'smtp-source':
                    continue
                for path in kept:
                    check_one(read(path), client, digest if row.unit == 'MB/s' else None)
