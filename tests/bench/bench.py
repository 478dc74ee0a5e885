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

import contents
import extras
import readme
import report
from bars import BARS, TITLES
from measure import HERE, ROOT, Failure, medians, run_client
from works import COLUMNS, works

FLAGS = ['-std=c++17', '-O2', '-pthread', '-I', str(ROOT / 'include')]


def build_all(build):
    """Builds what can be built here; a peer whose library is missing is left out with a word."""
    jobs = [('sink', 'sink.cpp', [], True), ('floor', 'floor.cpp', [], True),
            ('smtpoll_client', 'smtpoll_client.cpp', [], True),
            ('smtpoll_counts', 'smtpoll_client.cpp', ['-DSMTPOLL_BENCH_COUNT'], True),
            ('smtpoll_client_scalar', 'smtpoll_client.cpp', ['-DSMTPOLL_NO_SIMD'], True),
            ('many_sessions', '../examples/many_sessions.cpp', [], True),
            ('encoders', 'encoders.cpp', ['-lcrypto'], False),
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
        for turn in range(rounds):
            for column, client in work.clients.items():
                if client.once and turn > 0:
                    continue
                try:
                    runs[column].append(run_client(sink, client, client.count))
                except Failure as failure:
                    if column in ('floor', 'smtpoll'):
                        raise
                    print(f'bench: {failure}', file=sys.stderr)
        results[work.key] = {column: medians(done) for column, done in runs.items() if done}
        print(f'bench: {work.title} done', file=sys.stderr)
    return results


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=pathlib.Path, default=ROOT / 'build/bench',
                        help='folder for programs and results')
    parser.add_argument('--quick', action='store_true', help='a smoke run: little work, one round, no bars')
    parser.add_argument('--prebuilt', action='store_true', help='the programs are in the build folder already')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--readme', action='store_true', help='puts table and chart into the README')
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
    more = {}
    if not options.only:
        more['calls'] = extras.calls(options.build, sink, rows)
        more['sessions'] = extras.sessions(options.build, sink, options.quick)
        if not options.quick:
            more['encoders'] = extras.encoders(options.build)
            more['compile'] = extras.compile_times(os.environ.get('CXX', 'g++').split()[-1])
    titles = {**TITLES, **{row.key: row.title for row in rows}}
    verdicts = []
    for bar in BARS:
        value, good = bar.judge({**results, 'extras': more})
        if bar.work in titles:
            verdicts.append({'work': bar.work, 'title': titles[bar.work], 'text': bar.text, 'limit': bar.limit,
                             'at_most': bar.at_most, 'value': value, 'good': good})
    (options.build / 'results.json').write_text(
        json.dumps({'results': results, 'extras': more, 'verdicts': verdicts}, indent=1))
    print(report.as_text(report.table(rows, results, COLUMNS, [] if options.quick else verdicts, size)))
    print('\n'.join(['', *report.extra_lines(more), '']))
    if not options.quick:
        print('\n'.join(report.verdict_lines(verdicts)))
    if options.readme:
        readme.write(rows, results, COLUMNS, verdicts, more, size, os.environ.get('CXX', 'g++').split()[-1])


if __name__ == '__main__':
    try:
        main()
    except Failure as failure:
        sys.exit(f'bench: {failure}')
