"""The matrix as a table in Markdown, with a footnote for each cell that failed, and its place in the README."""

import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'tools'))
import readme_section  # noqa: E402

BEGIN, END = '<!-- servers: written by sh tests/servers.sh --readme -->', '<!-- /servers -->'

# Faults that are the server's: server, row, what the note says of them, and why that is not ours.
SERVERS_OWN = []


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
