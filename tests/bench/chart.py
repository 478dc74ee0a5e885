"""Draws the figures as an SVG: a panel a work, a bar a client, lengths on a logarithmic scale."""

import html
import math

from report import amount, figure

WIDTH, LABELS, VALUES = 860, 150, 150
BAR, GAP, TITLE, MARGIN = 16, 5, 30, 14
COLOURS = {'smtpoll': '#1a7f37', 'smtpoll, BDAT': '#1a7f37', 'smtpoll without SIMD': '#6fbf73', 'floor': '#9aa4ae',
           'floor, BDAT': '#9aa4ae'}
OTHER = '#5b7ea6'


def panels(works, results, file_size):
    """(title, unit, [(name, value)]): more is better but for times."""
    rows = {work.key: work for work in works}

    def values(key, names=None, rename=None):
        measured = results.get(key, {})
        return [((rename or {}).get(name, name), figure(rows[key], one, file_size)) for name, one in measured.items()
                if names is None or name in names]

    found = []
    if 'data' in results:
        messages = values('data')
        if 'bdat' in results:
            messages[1:1] = values('bdat', ['floor', 'smtpoll'],
                                   {'floor': 'floor, BDAT', 'smtpoll': 'smtpoll, BDAT'})
        found.append(('Messages of 1 KiB on one connection', 'messages/s', messages))
    if 'base64' in results:
        found.append(('25 MiB attachments, base64', 'MB/s', values(
            'base64', rename={'smtpoll scalar': 'smtpoll without SIMD'})))
    if 'late data' in results:
        late = values('late data')
        if 'late bdat' in results:
            late[1:1] = values('late bdat', ['floor', 'smtpoll'],
                               {'floor': 'floor, BDAT', 'smtpoll': 'smtpoll, BDAT'})
        found.append(('Round trips a message where replies are 20 ms late (less is better)', 'round trips', late))
    if 'recipients' in results:
        found.append(('One message to 1,000 recipients, replies 20 ms late (less is better)', 's',
                      values('recipients')))
    return found


def draw(works, results, file_size):
    parts, top = [], MARGIN
    for title, unit, bars in panels(works, results, file_size):
        less_is_better = 'less is better' in title
        bars = sorted(bars, key=lambda bar: bar[1], reverse=not less_is_better)
        top += TITLE
        parts.append(f'<text x="{MARGIN}" y="{top - 8}" class="title">{html.escape(title)}</text>')
        least, most = min(value for _, value in bars), max(value for _, value in bars)
        low, high = math.log10(least) - 0.25, math.log10(most)
        for name, value in bars:
            length = (math.log10(value) - low) / (high - low) * (WIDTH - LABELS - VALUES - 2 * MARGIN)
            middle = top + BAR - 4
            parts.append(f'<text x="{MARGIN + LABELS - 8}" y="{middle}" class="name">{html.escape(name)}</text>')
            parts.append(f'<rect x="{MARGIN + LABELS}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2" '
                         f'fill="{COLOURS.get(name, OTHER)}"/>')
            parts.append(f'<text x="{MARGIN + LABELS + length + 6:.1f}" y="{middle}">{amount(value)} {unit}</text>')
            top += BAR + GAP
        top += GAP
    top += MARGIN
    style = ('text{font:12px sans-serif;fill:#24292f}.title{font-weight:bold;font-size:13px}'
             '.name{text-anchor:end}')
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" '
        'role="img">',
        '<title>smtpoll beside other SMTP clients; logarithmic scale</title>', f'<style>{style}</style>',
        f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>', *parts, '</svg>', ''])
