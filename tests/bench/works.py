"""The works of the benchmark, who does them, and what smtpoll has to reach (`Bar`)."""

import dataclasses
import pathlib
import shutil
import sys
import typing

from measure import HERE, ROOT


@dataclasses.dataclass
class Client:
    """How one client does one work. `{port}` and `{count}` in its command are filled in."""
    name: str
    command: list
    count: int
    delay: int = 0              # milliseconds that each reply is late
    sink: tuple = ()
    to_many: bool = False       # count is of recipients, of one message
    least_content: int = 1024   # bytes that a message has at least
    environment: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Work:
    """A row: clients by column. `unit` is what a cell shows beside the ratio to the floor."""
    key: str
    title: str
    unit: str
    clients: dict


@dataclasses.dataclass
class Bar:
    """What the figures must show: `value(results)` against `limit`; None where a peer could not be measured."""
    work: str
    text: str
    limit: float
    value: typing.Callable
    at_most: bool = False

    def judge(self, results):
        """The value and whether it is good enough; (None, None) where it cannot be said."""
        try:
            value = self.value(results)
        except KeyError:
            return None, None
        if value is None:
            return None, None
        return value, value <= self.limit if self.at_most else value >= self.limit


COLUMNS = ['floor', 'smtpoll', 'smtp-source', 'libcurl', 'POCO', 'VMime', 'smtplib', 'nodemailer']
NODE_MODULES = ROOT / '.cache/npm/node_modules'
MIB = 1024 * 1024


def peers(build, work, mode, count, slow_count=None, attachment=None, **options):
    """The peers that are there; the slow ones get `slow_count` messages, which is enough to tell their rate."""
    file = [str(attachment)] if attachment else []
    slow = slow_count or count
    found = {}

    def add(name, command, messages, **more):
        found[name] = Client(f'{name}, {work}', [str(part) for part in command], messages, **{**options, **more})

    if not attachment and shutil.which('smtp-source'):
        many = ['-m', '1', '-r', '{count}'] if options.get('to_many') else ['-m', '{count}']
        add('smtp-source', ['smtp-source', '-d', '-l', '1300', '-f', 'sender@bench.example', '-t',
                            'recipient@bench.example', *many, '127.0.0.1:{port}'], count)
    for name, program in (('libcurl', 'libcurl'), ('POCO', 'poco'), ('VMime', 'vmime')):
        if (build / program).exists():
            add(name, [build / program, mode, '{port}', '{count}', *file], count if name == 'libcurl' else slow)
    script = HERE / 'peers/smtplib_client.py'
    add('smtplib', [sys.executable, script, mode, '{port}', '{count}', *file], slow)
    if shutil.which('node') and (NODE_MODULES / 'nodemailer').exists():
        script = HERE / 'peers/nodemailer_client.js'
        add('nodemailer', ['node', script, mode, '{port}', '{count}', *file], slow,
            environment={'NODE_PATH': str(NODE_MODULES)})
    return found


def ours(build, mode, floor_mode, count, attachment=None, **options):
    """The floor and smtpoll."""
    file = [str(attachment)] if attachment else []
    return {
        'floor': Client(f'floor {floor_mode}', [str(build / 'floor'), floor_mode, '{port}', '{count}', *file], count,
                        **options),
        'smtpoll': Client(f'smtpoll {mode}', [str(build / 'smtpoll_client'), mode, '{port}', '{count}', *file], count,
                          **options),
    }


def works(build: pathlib.Path, attachment: pathlib.Path, quick: bool):
    """All rows, in the order of the table."""
    small, slow = (200, 50) if quick else (20000, 2000)
    files = 1 if quick else 20
    late = {'delay': 20}
    big = {'least_content': attachment.stat().st_size, 'attachment': attachment}
    plain = lambda mode: Client(f'floor {mode}', [str(build / 'floor'), mode, '{port}', '{count}'], small)
    small_peers = peers(build, 'data', 'data', small, slow)
    for name in ('POCO', 'VMime'):
        if name in small_peers:
            small_peers[name].count = 10 if quick else 100
    attachment_peers = peers(build, 'base64', 'base64', 1, **big)
    rows = [
        Work('command', '1 KiB, one command at a time', 'messages/s', {'floor': plain('command')}),
        Work('grouped', '1 KiB, MAIL, RCPT and DATA in one group', 'messages/s', {'floor': plain('grouped')}),
        Work('data', '1 KiB, DATA with PIPELINING', 'messages/s', {**ours(build, 'data', 'across', small),
                                                                  **small_peers}),
        Work('one bdat', '1 KiB, a BDAT a round trip', 'messages/s', {'floor': plain('bdat')}),
        Work('bdat', '1 KiB, BDAT, 16 in flight', 'messages/s', ours(build, 'bdat', 'flight', small)),
        Work('base64', '25 MiB attachment, base64, DATA', 'MB/s', {**ours(build, 'base64', 'base64', files, **big),
                                                                  **attachment_peers}),
        Work('binary', '25 MiB attachment, BINARYMIME', 'MB/s', ours(build, 'binary', 'binary', files, **big)),
        Work('late data', '1 KiB, replies 20 ms late, DATA', 'round trips',
             {**ours(build, 'data', 'across', 50, **late), **peers(build, 'late data', 'data', 20, **late)}),
        Work('late bdat', '1 KiB, replies 20 ms late, BDAT', 'round trips',
             ours(build, 'bdat', 'flight', 50, **late)),
        Work('recipients', '1,000 recipients, replies 20 ms late', 'seconds',
             {**ours(build, 'recipients', 'recipients', 100 if quick else 1000, to_many=True, **late),
              **peers(build, 'recipients', 'recipients', 100 if quick else 1000, to_many=True, **late)}),
    ]
    scalar = build / 'smtpoll_client_scalar'
    if scalar.exists():
        rows[5].clients['smtpoll scalar'] = Client('smtpoll base64 without SIMD', [
            str(scalar), 'base64', '{port}', '{count}', str(attachment)], files, least_content=big['least_content'])
    if (build / 'libcurl').exists():
        rows[5].clients['libcurl, in memory'] = Client('libcurl memory', [
            str(build / 'libcurl'), 'memory', '{port}', '{count}', str(attachment)], files,
            least_content=big['least_content'])
    return rows


def bars():
    """What issue and README promise; `results[work][column]` has the medians of measure.run_client."""
    def faster(work, column, than_work, than):
        return lambda r: r[work][column]['rate'] / r[than_work][than]['rate']

    def cpu(work):
        return lambda r: r[work]['smtpoll']['cpu'] / r['data']['libcurl']['cpu']

    def best_streaming(r):
        others = [r['base64'][name]['rate'] for name in ('libcurl', 'POCO', 'VMime', 'smtplib', 'nodemailer')
                  if name in r['base64']]
        return r['base64']['smtpoll']['rate'] / max(others)

    found = [Bar('data', 'of the floor', 0.85, faster('data', 'smtpoll', 'data', 'floor'))]
    for name, times in (('smtp-source', 4), ('libcurl', 4), ('smtplib', 15), ('nodemailer', 15), ('POCO', 100),
                        ('VMime', 100)):
        found.append(Bar('data', f'x {name}', times, faster('data', 'smtpoll', 'data', name)))
    found.append(Bar('bdat', 'of the floor', 0.35, faster('bdat', 'smtpoll', 'bdat', 'floor')))
    for name, times in (('libcurl', 40), ('smtp-source', 30), ('smtplib', 200)):
        found.append(Bar('bdat', f'x {name}', times, faster('bdat', 'smtpoll', 'data', name)))
    found += [
        Bar('data', "of libcurl's CPU", 0.25, cpu('data'), at_most=True),
        Bar('bdat', "of libcurl's CPU", 0.05, cpu('bdat'), at_most=True),
        Bar('base64', 'of the floor', 0.75, faster('base64', 'smtpoll', 'base64', 'floor')),
        Bar('base64', 'of the floor without SIMD', 0.6, faster('base64', 'smtpoll scalar', 'base64', 'floor')),
        Bar('base64', 'x the fastest peer that streams', 10, best_streaming),
        Bar('base64', 'x libcurl with the data in memory', 2,
            faster('base64', 'smtpoll', 'base64', 'libcurl, in memory')),
        Bar('base64', "MiB of memory above the floor's", 1,
            lambda r: (r['base64']['smtpoll']['memory'] - r['base64']['floor']['memory']) / 1024, at_most=True),
        Bar('binary', 'x the base64 floor', 1.2, faster('binary', 'smtpoll', 'base64', 'floor')),
        Bar('late data', 'round trips a message', 1.1, lambda r: r['late data']['smtpoll']['round_trips'], True),
        Bar('late bdat', 'round trips a message', 0.2, lambda r: r['late bdat']['smtpoll']['round_trips'], True),
        Bar('recipients', "of the floor's time", 1.1,
            lambda r: r['recipients']['smtpoll']['seconds'] / r['recipients']['floor']['seconds'], True),
    ]
    return found
