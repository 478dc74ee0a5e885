"""The figures as text: one table with a row a work and a column a client, and the bars."""


def amount(value):
    """A figure with three digits that count."""
    if value >= 1000:
        return f'{value:,.0f}'
    return f'{value:.3g}'


def figure(work, figures, file_size):
    """What a client reached, in the row's own unit."""
    if work.unit == 'messages/s':
        return figures['rate']
    if work.unit == 'MB/s':
        return figures['rate'] * file_size / 1e6
    return figures['round_trips' if work.unit == 'round trips' else 'seconds']


def ratio(work, figures, floor):
    """How fast a client is beside the floor: 1 is as fast."""
    if work.unit == 'seconds':
        return floor['seconds'] / figures['seconds']
    if work.unit == 'round trips':
        return floor['round_trips'] / figures['round_trips']
    return figures['rate'] / floor['rate']


def table(works, results, columns, verdicts, file_size):
    """Rows of cells: the floor's own figure, every other client's ratio to it, its CPU, and the bars of the row."""
    extra = [name for work in works for name in work.clients if name not in columns]
    columns = columns + list(dict.fromkeys(extra))
    rows = [['work', *columns, 'bars']]
    for work in works:
        measured = results.get(work.key, {})
        floor = measured.get('floor')
        cells = []
        for column in columns:
            one = measured.get(column)
            if one is None or floor is None:
                cells.append('')
                continue
            cpu = f", {amount(one['cpu'] * 1e6)} µs" if work.unit == 'messages/s' else ''
            own = amount(figure(work, one, file_size))
            cells.append(f'{own} {work.unit}{cpu}' if column == 'floor'
                         else f'{amount(ratio(work, one, floor))} ({own}{cpu})')
        rows.append([work.title, *cells, judgement([v for v in verdicts if v['work'] == work.key])])
    return rows


def judgement(verdicts):
    if not verdicts:
        return ''
    missed = [v for v in verdicts if v['good'] is False]
    unknown = [v for v in verdicts if v['good'] is None]
    parts = [f"{len(verdicts) - len(missed) - len(unknown)} of {len(verdicts)} reached"]
    parts += [f"missed: {amount(v['value'])} {v['text']}" for v in missed]
    return '; '.join(parts)


def verdict_lines(verdicts):
    """A line a bar."""
    lines = []
    for verdict in verdicts:
        word = {True: 'pass', False: 'FAIL', None: 'n/a '}[verdict['good']]
        value = '-' if verdict['value'] is None else amount(verdict['value'])
        sign = '<=' if verdict['at_most'] else '>='
        lines.append(f"{word}  {verdict['title']}: {value} {verdict['text']} (bar {sign} {verdict['limit']:g})")
    return lines


def as_markdown(rows):
    head, *body = [[cell.replace('|', '/') for cell in row] for row in rows]
    lines = ['| ' + ' | '.join(head) + ' |', '|' + '---|' * len(head)]
    lines += ['| ' + ' | '.join(row) + ' |' for row in body]
    return '\n'.join(lines)


def as_text(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)] + [0]
    return '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
