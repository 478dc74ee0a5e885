"""Runs one client against one sink and says what it took: the sink's clock and counts, the client's CPU and memory."""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Failure(Exception):
    """A client did not do the work that it was measured for."""


class Sink:
    """A sink of its own for one client; `with Sink(...) as sink` ends it."""

    def __init__(self, program, *options):
        self.process = subprocess.Popen([program, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline().split()[1])

    def counts(self):
        """What came since the last call."""
        self.process.stdin.write('\n')
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def run(command, environment=None, output=None):
    """Runs `command`; its exit code, CPU seconds (user and system), and most memory in KiB."""
    process = subprocess.Popen(command, env=environment, stdout=output or subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaint = process.stderr.read().decode(errors='replace')
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failure(f'{command[0]} ended with {process.returncode}: {complaint.strip()[-400:]}')
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def run_client(sink_program, client, count, keep=None):
    """One run of `client`, a works.Client, with `count` messages (or recipients). A dictionary of what it took."""
    options = [f'--delay={client.delay}', *client.sink]
    if keep:
        options.append(f'--keep={keep}')
    with Sink(sink_program, *options) as sink:
        command = [part.format(port=sink.port, count=count) for part in client.command]
        cpu, memory = run(command, {**os.environ, **client.environment})
        counts = sink.counts()
    messages, recipients = (1, count) if client.to_many else (count, count)
    wrong = (counts['messages'] != messages or counts['recipients'] != recipients or counts['refused'] != 0
             or counts['content_bytes'] < messages * client.least_content)
    if wrong:
        raise Failure(f'{client.name}: asked for {messages} messages, but the sink counted {counts}')
    return {
        'seconds': counts['seconds'],
        'rate': count / counts['seconds'],
        'cpu': cpu / count,
        'memory': memory,
        # EHLO and QUIT are flights of the session, not of a message.
        'flights': max(0, counts['flights'] - 2) / messages,
        # The greeting, EHLO and QUIT are counted in: it is what one pays for `messages`.
        'round_trips': (counts['flights'] + counts['connections']) / messages if client.delay else None,
        'bytes': counts['bytes'] / messages,
        'sink_share': counts['sink_cpu'] / counts['seconds'],
    }


def medians(runs):
    """The median of each figure of several runs."""
    return {key: None if runs[0][key] is None else statistics.median(run[key] for run in runs) for key in runs[0]}


def system_calls(sink_program, client, count):
    """System calls of the client per message: two runs under strace, of which one has `count` messages more."""
    if not shutil.which('strace'):
        return None
    totals = []
    for messages in (count, 2 * count):
        with tempfile.NamedTemporaryFile('r') as report, Sink(sink_program, *client.sink) as sink:
            command = [part.format(port=sink.port, count=messages) for part in client.command]
            run(['strace', '-f', '-c', '-o', report.name, *command], {**os.environ, **client.environment})
            found = re.search(r'^100\.00\s.*?(\d+)\s+(?:\d+\s+)?total$', report.read(), re.MULTILINE)
            totals.append(int(found[1]))
    return (totals[1] - totals[0]) / count
