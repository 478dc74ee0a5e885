#!/usr/bin/env python3
"""Builds the clients, lets them do the same work beside each other, and prints one table. See `--help`."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import contents
import report
from measure import HERE, ROOT, Failure, Sink, medians, run, run_client, system_calls
from works import COLUMNS, bars, works

FLAGS = ['-std=c++17', '-O2', '-pthread', '-I', str(ROOT / 'include')]


def build_all(build):
    """Builds what can be built here; a peer whose library is missing is left out with a word."""
    jobs = [('sink', 'sink.cpp', [], True), ('floor', 'floor.cpp', [], True),
            ('smtpoll_client', 'smtpoll_client.cpp', [], True),
            ('smtpoll_counts', 'smtpoll_client.cpp', ['-DSMTPOLL_BENCH_COUNT'], True),
            ('smtpoll_client_scalar', 'smtpoll_client.cpp', ['-DSMTPOLL_NO_SIMD'], True),
            ('libcurl', 'peers/libcurl.cpp', ['-lcurl'], False),
            ('poco', 'peers/poco.cpp', ['-lPocoNet', '-lPocoFoundation'], False),
            ('vmime', 'peers/vmime.cpp', ['-lvmime'], False)]
    build.mkdir(parents=True, exist_ok=True)
    compiler = os.environ.get('CXX', 'g++').split()
    if shutil.which('ccache') and compiler[0] != 'ccache':
        compiler.insert(0, 'ccache')

    def compile_one(name, source, options, needed):
        (build / name).unlink(missing_ok=True)
        if not (HERE / source).exists():
            return
        # Compiled and linked apart, so that ccache can help.
        objects, libraries = build / f'{name}.o', [option for option in options if option.startswith('-l')]
        command = [*compiler, *FLAGS, *options, '-c', str(HERE / source), '-o', str(objects)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            command = [*compiler, '-pthread', str(objects), '-o', str(build / name), *libraries]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0 and needed:
            raise Failure(f'{source} does not compile:\n{result.stderr}')
        if result.returncode != 0:
            print(f'bench: {name} is left out, it does not compile here: {result.stderr.strip().splitlines()[0]}')

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for job in [pool.submit(compile_one, *job) for job in jobs]:
            job.result()


def measure_all(rows, sink, rounds):
    """Medians by work and column. The clients of a work take turns, so that a noisy time meets all of them."""
    results = {}
    for work in rows:
        runs = {column: [] for column in work.clients}
        for _ in range(rounds):
            for column, client in work.clients.items():
                try:
                    runs[column].append(run_client(sink, client, client.count))
                except Failure as failure:
                    if column in ('floor', 'smtpoll'):
                        raise
                    print(f'bench: {failure}', file=sys.stderr)
        results[work.key] = {column: medians(done) for column, done in runs.items() if done}
        print(f'bench: {work.title} done', file=sys.stderr)
    return results


def count_all(rows, build, sink):
    """Heap and socket calls a message as smtpoll counts them, system calls a message as strace does."""
    found = {}
    for mode in ('data', 'bdat'):
        client = next(work for work in rows if work.key == mode).clients['smtpoll']
        counting = [str(build / 'smtpoll_counts'), *client.command[1:]]
        with tempfile.TemporaryFile('w+') as output:
            with Sink(sink) as receiver:
                run([part.format(port=receiver.port, count=4000) for part in counting], output=output)
            output.seek(0)
            found[mode] = json.loads(output.read())
        found[mode]['strace'] = system_calls(sink, client, 2000)
    return found


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / 'build/bench', help='folder for programs and results')
    parser.add_argument('--quick', action='store_true', help='a smoke run: little work, one round, no bars')
    parser.add_argument('--prebuilt', action='store_true', help='the programs are in the build folder already')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--only', help='names of rows, with commas between them')
    return parser.parse_args()


def main():
    options = parse()
    if not options.prebuilt:
        build_all(options.build)
    sink = str(options.build / 'sink')
    attachment = options.build / 'attachment.bin'
    size = (1 if options.quick else 25) * 1024 * 1024
    if not attachment.exists() or attachment.stat().st_size != size:
        attachment.write_bytes(os.urandom(size))
    rows = works(options.build, attachment, options.quick)
    if options.only:
        rows = [row for row in rows if row.key in options.only.split(',')]

    contents.check(rows, sink, attachment)
    results = measure_all(rows, sink, 1 if options.quick else options.rounds)
    verdicts = []
    titles = {row.key: row.title for row in rows}
    for bar in bars():
        value, good = bar.judge(results)
        if bar.work in titles:
            verdicts.append({'work': bar.work, 'title': titles[bar.work], 'text': bar.text, 'limit': bar.limit,
                             'at_most': bar.at_most, 'value': value, 'good': good})
    everything = {'results': results, 'verdicts': verdicts}
    if not options.only or {'data', 'bdat'} <= set(titles):
        everything['counts'] = count_all(rows, options.build, sink)
    (options.build / 'results.json').write_text(json.dumps(everything, indent=1))
    print(report.as_text(report.table(rows, results, COLUMNS, verdicts, size)))
    print()
    if not options.quick:
        print('\n'.join(report.verdict_lines(verdicts)))
    print(json.dumps(everything.get('counts', {}), indent=1))


if __name__ == '__main__':
    try:
        main()
    except Failure as failure:
        sys.exit(f'bench: {failure}')
