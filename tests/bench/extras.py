"""What is measured beside the table: many sessions, system calls and heap, encoders, compile time."""

import json
import os
import re
import resource
import statistics
import subprocess
import tempfile

from measure import ROOT, Failure, Sink, run, system_calls


def sessions(build, sink, quick):
    """10,000 sessions in one thread, and one session with as many messages, in turn."""
    many = 200 if quick else 10000
    runs = {'many': [], 'one': []}
    for _ in range(1 if quick else 3):
        for name, count, messages in (('many', many, 10), ('one', 1, 10 * many)):
            with Sink(sink) as receiver:
                result = subprocess.run([str(build / 'many_sessions'), str(receiver.port), str(count), str(messages)],
                                        capture_output=True, text=True, check=False)
                counts = receiver.counts()
            if result.returncode != 0 or counts['messages'] != 10 * many or counts['most_open'] != count:
                raise Failure(f'{count} sessions: {result.stdout} {result.stderr} {counts}')
            runs[name].append(json.loads(result.stdout))
    return {name: {key: statistics.median(one[key] for one in done) for key in done[0]} for name, done in runs.items()}


def calls(build, sink, rows):
    """A message of 1 KiB in the steady state: heap and socket calls as smtpoll counts them, all as strace sees them."""
    found = {}
    for mode in ('data', 'bdat'):
        client = next(work for work in rows if work.key == mode).clients['smtpoll']
        counting = [str(build / 'smtpoll_counts'), *client.command[1:]]
        done = []
        for _ in range(3):
            with tempfile.TemporaryFile('w+') as output:
                with Sink(sink) as receiver:
                    run([part.format(port=receiver.port, count=4000) for part in counting], output=output)
                output.seek(0)
                done.append(json.loads(output.read()))
        found[mode] = {key: statistics.median(one[key] for one in done) for key in done[0]}
        found[mode]['strace'] = system_calls(sink, client, 2000)
    return found


def encoders(build):
    """Ratios by name of tests/bench/encoders.cpp: base64 beside OpenSSL's, looking for lines beside a plain loop."""
    if not (build / 'encoders').exists():
        return None
    result = subprocess.run([str(build / 'encoders')], capture_output=True, text=True, check=True)
    return {name.strip(): float(times) for name, times in re.findall(r'^(.{18}).* ([\d.]+) x$', result.stdout, re.M)}


def compile_times(compiler):
    """CPU seconds of `#include` alone with -O2, medians; beside cpp-httplib and three standard headers."""
    sources = {'smtpoll': '#include <smtpoll/smtpoll.hpp>\n',
               'standard': '#include <functional>\n#include <string>\n#include <vector>\n'}
    if os.path.exists('/usr/include/httplib.h'):
        sources['cpp-httplib'] = '#include <httplib.h>\n'
    runs = {name: [] for name in sources}
    for _ in range(5):
        for name, text in sources.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([compiler, '-std=c++17', '-O2', '-I', str(ROOT / 'single_include'), '-x', 'c++', '-', '-c',
                            '-o', os.devnull], input=text, text=True, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            runs[name].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {name: statistics.median(done) for name, done in runs.items()}
