"""Puts the figures of a run into the README, between two markers, and the chart beside it."""

import platform
import subprocess
import sys
import time

import chart
import report
from measure import HERE, ROOT

sys.path.insert(0, str(ROOT / 'tests/tools'))
import readme_section  # noqa: E402

BEGIN, END = '<!-- bench: written by sh tests/bench.sh --readme -->', '<!-- /bench -->'


def processor():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        names = [line.split(':', 1)[1].strip() for line in file if line.startswith('model name')]
    return f'{len(names)} x {names[0]}' if names else platform.machine()


def text(works, results, columns, verdicts, extras, file_size, compiler):
    rows = report.table(works, results, columns, [], file_size, short=True)
    version = subprocess.run([compiler, '--version'], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    judged = [verdict for verdict in verdicts if verdict['good'] is not None]
    missed = [verdict for verdict in judged if not verdict['good']]
    lines = ['![smtpoll beside other clients](tests/bench/chart.svg)', '',
             'Each client beside the floor of its row, which writes bytes that it knows beforehand to a raw socket: 1 is as '
             'fast.',
             '', report.as_markdown(rows), '', *report.extra_lines(extras), '',
             f'{len(judged) - len(missed)} of {len(judged)} bars are reached'
             + (': all' if not missed else '; not reached: '
                + '; '.join(f"{v['title']}: {report.amount(v['value'])} {v['text']}, the bar is {v['limit']:g}"
                            for v in missed)) + '.',
             f'{time.strftime("%Y-%m-%d")}, {processor()}, loopback, {version}, -O2. Other work ran on the machine: the '
             'ratios count.']
    return '\n'.join(lines)


def write(*arguments):
    works, results, _, _, _, file_size, _ = arguments
    (HERE / 'chart.svg').write_text(chart.draw(works, results, file_size), encoding='utf-8')
    readme_section.replace(BEGIN, END, text(*arguments))
