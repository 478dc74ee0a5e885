#!/usr/bin/env python3
"""Kills a process that sends from a queue folder 200 times, at random moments, and lets it end once.

usage: SPOOL=PROGRAM spool_crash.py HOST PORT KILLS OUTDIR
PROGRAM is tests/examples/spool.cpp. OUTDIR/ledger.json then has for each message how often it may have been on its way when the process was killed: how many
times it may arrive beside the one time that it has to.
"""

import atexit
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

host, port, kills, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), pathlib.Path(sys.argv[4])
spool = os.environ['SPOOL']
relays = [host, '1', host, port]  # nobody listens at the first one
chance = random.Random(int(os.environ.get('SEED', '20261126')))
ledger = {}
# Where the folder lies in memory a kill strikes the program and not the disk.
folder = pathlib.Path(tempfile.mkdtemp(prefix='smtpoll-spool.', dir='/dev/shm' if os.path.isdir('/dev/shm') else out))
atexit.register(shutil.rmtree, folder, True)


def put(count):
    for _ in range(count):
        key = f'crash-{len(ledger)}'
        size = chance.choice((10, 1000, 30000))
        message = f'From: <a@test.example>\nSubject: crash\nX-Smtpoll-Key: {key}\n\n' + 'x' * 70 + '\n' * (size // 70) + '\n'
        subprocess.run([spool, folder, 'put', 'a@test.example', 'b@test.example'], input=message.encode(), check=True)
        ledger[key] = 0


def key_of(path):
    return next(line for line in path.read_text().splitlines() if line.startswith('X-Smtpoll-Key: ')).split(': ')[1]


struck = busy = 0
while struck < kills:
    waiting = sum(1 for name in ('new', 'sending') for _ in (folder / name).glob('*')) if ledger else 0
    if waiting < 40:
        put(40)
    with subprocess.Popen([spool, folder, 'send', *relays], stderr=subprocess.PIPE) as process:
        try:
            process.wait(chance.uniform(0, 0.08))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        if process.returncode != -signal.SIGKILL:
            continue  # it was through before: no kill
    struck += 1
    doubtful = [key_of(path) for path in (folder / 'sending').glob('*')]
    busy += bool(doubtful)
    for key in doubtful:
        ledger[key] += 1

last = subprocess.run([spool, folder, 'send', *relays], capture_output=True, text=True, timeout=120, check=False)
left = [str(path) for path in folder.rglob('*') if path.is_file()]
(out / 'ledger.json').write_text(json.dumps(ledger))
print(f'{struck} kills, {busy} of them with messages on their way; {len(ledger)} messages')
if last.returncode != 0 or left or busy < kills // 2:
    sys.exit(f'the last run ended with {last.returncode}: {last.stderr[:2000]}; left: {left[:5]}')
