"""The matrix as a table in Markdown, with a footnote for each cell that failed, and its place in the README."""

import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'tools'))
import readme_section  # noqa: E402

BEGIN, END = '<!-- servers: written by sh tests/servers.sh --readme -->', '<!-- /servers -->'

# Faults that are the server's: server, row, what the note says of them, and why that is not ours.
SERVERS_OWN = [
    ('dovecot', 'pipelining', 'end of content: the connection was lost',
     "the server's: what stands behind the end of DATA in one group, as RFC 2920 3.1 allows, ends its process with a failed "
     'assertion (pending_rcpt_cmds == 0). The message is called in doubt. By CHUNKING, which it offers, all arrive.'),
    ('dovecot', 'smuggling', 'end of content: the connection was lost.* 400 messages arrived, 0 faults',
     "the server's: as with pipelining, it ended behind one message by DATA. All 400 arrived, each once."),
    ('opensmtpd', 'STARTTLS', 'tlsv1 alert internal error',
     "the server's: Debian's build cannot sign by OpenSSL 3, with an RSA key or another (its log: missing private key; issue "
     '1171 of OpenSMTPD), and ends the handshake of every client, openssl s_client too. All other rows went without TLS, '
     'behind which alone it offers AUTH.'),
    ('opensmtpd', 'DSN', 'does not have Original-Envelope-Id',
     "the server's: its report of the delivery came, but leaves out the envelope identifier that RFC 3461 6.3 wants in it."),
    ('opensmtpd', '200 messages', '452 .*Too many messages',
     "the server's: it takes 100 messages in a session, does not say so by LIMITS, and answers the others 452; they are told as "
     'refused for now.'),
]


def reason(server, row, note):
    for name, its_row, pattern, why in SERVERS_OWN:
        if (name, its_row) == (server, row) and re.search(pattern, note):
            return why
    return None


def markdown(columns):
    """The table of `columns` (name, version, cells), and how many of its faults are ours."""
    rows = []
    for _, _, cells in columns:
        rows += [row for row in cells if row not in rows]
    # What no server offers says nothing.
    rows = [row for row in rows if any(cells.get(row, ('missing',))[0] != 'missing' for _, _, cells in columns)]
    lines = ['| | ' + ' | '.join(version for _, version, _ in columns) + ' |', '|---' * (len(columns) + 1) + '|']
    notes, ours = [], 0
    for row in rows:
        texts = []
        for server, version, cells in columns:
            status, note = cells.get(row, ('untried', ''))
            if status == 'fault':
                why = reason(server, row, note)
                ours += why is None
                notes.append(f'{len(notes) + 1}. {version}, {row}: ' + (why or f'ours: {note}'))
                texts.append(f'**no** ({len(notes)})')
            else:
                texts.append({'ok': note or 'yes', 'missing': 'not offered'}.get(status, status))
        lines.append(f'| {row} | ' + ' | '.join(texts) + ' |')
    return '\n'.join(lines + ([''] + notes if notes else [])), ours


def write_readme(text):
    readme_section.replace(BEGIN, END, f'{text}\n\n{time.strftime("%Y-%m-%d")}, Debian 12, loopback.')
