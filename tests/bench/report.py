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


def table(works, results, columns, verdicts, file_size, short=False):
    """Rows of cells: the floor's own figure, every other client's ratio to it, its CPU, and the bars of the row. A short
    one has only the ratios, and the rows in which there is something to compare."""
    if not short:
        extra = [name for work in works for name in work.clients if name not in columns]
        columns = columns + list(dict.fromkeys(extra))
    rows = [['work', *columns] + ([] if short else ['bars'])]
    for work in works:
        measured = results.get(work.key, {})
        floor = measured.get('floor')
        if short and len(measured) < 2:
            continue
        cells = []
        for column in columns:
            one = measured.get(column)
            if one is None or floor is None:
                cells.append('')
                continue
            if short and column != 'floor':
                share = amount(ratio(work, one, floor))
                cells.append(f'**{share}**' if column == 'smtpoll' else share)
                continue
            cpu = f", {amount(one['cpu'] * 1e6)} µs" if work.unit == 'messages/s' and not short else ''
            own = amount(figure(work, one, file_size))
            cells.append(f'{own} {work.unit}{cpu}' if column == 'floor'
                         else f'{amount(ratio(work, one, floor))} ({own}{cpu})')
        judged = [] if short else [judgement([v for v in verdicts if v['work'] == work.key])]
        rows.append([work.title, *cells, *judged])
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


def extra_lines(extras):
    """What has no row: a sentence each."""
    lines = []
    if calls := extras.get('calls'):
        for mode, title in (('data', 'DATA'), ('bdat', 'BDAT')):
            one = calls[mode]
            lines.append(f"- {title}, a message of 1 KiB: {amount(one['system_calls'])} socket calls "
                         f"({amount(one['reads'])} reads, {amount(one['writes'])} writes, {amount(one['waits'])} waits), "
                         f"{one['allocations']:g} heap allocations"
                         + (f", {amount(one['strace'])} system calls by strace" if one.get('strace') is not None else '')
                         + '.')
        lines.append(f"- `sizeof(SMTPSocket)` {calls['data']['sizeof SMTPSocket']:,} bytes, `sizeof(Session)` "
                     f"{calls['data']['sizeof Session']:,}, the engine {calls['data']['sizeof Engine']:,}.")
    if sessions := extras.get('sessions'):
        many, one = sessions['many'], sessions['one']
        lines.append(f"- {many['sessions']:,.0f} sessions in one thread: {many['memory_a_session']:,.0f} bytes of memory a "
                     f"session, {amount(many['cpu_a_message'] * 1e6)} µs of CPU a message; one session "
                     f"{amount(one['cpu_a_message'] * 1e6)} µs.")
    if encoders := extras.get('encoders'):
        lines.append(f"- base64 lines beside OpenSSL's `EVP_EncodeBlock`: {encoders['best']:g} x, without SIMD "
                     f"{encoders['table']:g} x; looking for lines that start with a dot beside a plain loop: "
                     f"{encoders['scan by best']:g} x, without SIMD {encoders['scan by memchr']:g} x.")
    if times := extras.get('compile'):
        others = ', '.join(f'{name} {amount(value)} s' for name, value in times.items() if name != 'smtpoll')
        lines.append(f"- `#include` alone, -O2: {amount(times['smtpoll'])} s of CPU; {others}.")
    return lines


def as_markdown(rows):
    head, *body = [[cell.replace('|', '/') for cell in row] for row in rows]
    lines = ['| ' + ' | '.join(head) + ' |', '|' + '---|' * len(head)]
    lines += ['| ' + ' | '.join(row) + ' |' for row in body]
    return '\n'.join(lines)


def as_text(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)] + [0]
    return '\n'.join('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
