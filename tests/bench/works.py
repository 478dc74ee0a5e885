"""The works of the benchmark, and who does them."""

import dataclasses
import pathlib
import shutil
import sys

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
    once: bool = False          # it mostly waits, so one run tells all


@dataclasses.dataclass
class Work:
    """A row: clients by column. `unit` is what a cell shows beside the ratio to the floor."""
    key: str
    title: str
    unit: str
    clients: dict


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
    small, slow = (200, 50) if quick else (20000, 500)
    files = 1 if quick else 20
    waits, many = (10, 20) if quick else (50, 1000)
    late = {'delay': 20}
    waiting = {'delay': 20, 'once': True}
    big = {'least_content': attachment.stat().st_size, 'attachment': attachment}
    plain = lambda mode: Client(f'floor {mode}', [str(build / 'floor'), mode, '{port}', '{count}'], small)
    small_peers = peers(build, 'data', 'data', min(small, 5000), slow)  # enough to tell their rate
    for name in ('POCO', 'VMime'):
        if name in small_peers:
            small_peers[name].count = 5 if quick else 50
    attachment_peers = peers(build, 'base64', 'base64', 1, **big)
    rows = [
        Work('command', '1 KiB, one command at a time', 'messages/s', {'floor': plain('command')}),
        Work('grouped', '1 KiB, MAIL, RCPT and DATA in one group', 'messages/s', ours(build, 'data1', 'grouped', small)),
        Work('data', '1 KiB, DATA with PIPELINING', 'messages/s', {**ours(build, 'data', 'across', small),
                                                                  **small_peers}),
        Work('one bdat', '1 KiB, a BDAT a round trip', 'messages/s', ours(build, 'bdat1', 'bdat', small)),
        Work('bdat', '1 KiB, BDAT, 16 in flight', 'messages/s', ours(build, 'bdat', 'flight', small)),
        Work('base64', '25 MiB attachment, base64, DATA', 'MB/s', {**ours(build, 'base64', 'base64', files, **big),
                                                                  **attachment_peers}),
        Work('binary', '25 MiB attachment, BINARYMIME', 'MB/s', ours(build, 'binary', 'binary', files, **big)),
        Work('late data', '1 KiB, replies 20 ms late, DATA', 'round trips',
             {**ours(build, 'data', 'across', waits, **late), **peers(build, 'late data', 'data', 3 if quick else 20, **waiting)}),
        Work('late bdat', '1 KiB, replies 20 ms late, BDAT', 'round trips',
             ours(build, 'bdat', 'flight', waits, **late)),
        Work('recipients', '1,000 recipients, replies 20 ms late', 'seconds',
             {**ours(build, 'recipients', 'recipients', many, to_many=True, **late),
              **peers(build, 'recipients', 'recipients', many, to_many=True, **waiting)}),
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
