#!/usr/bin/env python3
"""Builds and runs the unit and session tests for every target, and prints one row of a table for each.

usage: matrix.py [--quick] [--list] [--readme] [--jobs N] [TARGET...]
  TARGET    only these; without one all
  --quick   without TARGET the few that fit into a check of every change; image and RAM are left out
  --list    prints the names of the targets and nothing else
  --readme  writes the table into README.md, too
Exit code: 0 where all is well, 1 where something failed, 77 where nothing could be run for want of compilers.
"""

import argparse
import os
import re
import subprocess
import sys
import time

from suite import Suite
from targets import EMBEDDED, ROOT, TARGETS

sys.path.insert(0, str(ROOT / 'tests/tools'))
import readme_section  # noqa: E402

HEAD = '| target | compiler and flags | built | tests run | passed | image | RAM |\n|---|---|---|---|---|---|---|'
BEGIN, END = '<!-- matrix: written by sh tests/matrix.sh --readme -->', '<!-- /matrix -->'


def kibibytes(size):
    return f'{size / 1024:.1f} KiB' if size else '-'


def row(target, jobs, measures):
    """The row's cells, and whether all is well; None where the target's tools are missing."""
    flags = ' '.join([f'-std={target.standard}', target.optimization, *(flag for flag in target.flags if flag[:2] != '-i'
                                                                       and flag[0] != '/')])
    how = f'`{os.path.basename(target.compiler)}` {target.version()} `{flags}`'
    suite = Suite(target, measures)
    began = time.monotonic()
    fault = suite.build(jobs)
    if fault:
        print(fault[-6000:], file=sys.stderr)
        return [target.title, how, 'no', '-', '-', '-', '-'], False
    built = time.monotonic()
    run, passed, failures = suite.test()
    if failures:
        print(failures[-6000:], file=sys.stderr)
    image, ram = (suite.image(), suite.ram()) if measures else (0, 0)
    print(f'{target.name}: built in {built - began:.0f} s, ran in {time.monotonic() - built:.0f} s', file=sys.stderr)
    well = not failures and run == passed and (not measures or (image > 0 and ram > 0))
    return [target.title, how, 'yes', str(run), str(passed), kibibytes(image), kibibytes(ram)], well


def embedded_row(name):
    """As row, for a target of tests/embedded.sh, which counts code and memory itself; None where it lacks a tool."""
    script = ROOT / 'tests/embedded.sh'
    if not script.exists():
        return None, True
    result = subprocess.run(['sh', script, name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if result.returncode == 77:
        return None, True
    passed = len(re.findall(r'^ok ', result.stdout, re.MULTILINE))
    failed = len(re.findall(r'^FAILED ', result.stdout, re.MULTILINE))
    told = dict(re.findall(r'(\w+) (\d+)', (re.findall(rf'^embedded: {name} .*', result.stdout, re.MULTILINE) or [''])[-1]))
    image, ram = (sum(int(told.get(key, 0)) for key in keys) for keys in (('text', 'rodata'), ('ram', 'stack')))
    well = result.returncode == 0 and passed > 0 and not failed
    if not well:
        print(result.stdout[-6000:], file=sys.stderr)
    title, how = EMBEDDED[name]
    return [title, how, 'yes' if passed else 'no', str(passed + failed), str(passed), kibibytes(image),
            kibibytes(ram) + ' beside the buffers'], well


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--readme', action='store_true')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('target', nargs='*')
    options = parser.parse_args()
    known = {target.name: target for target in TARGETS}
    wrong = [name for name in options.target if name not in known and name not in EMBEDDED]
    if wrong:
        raise SystemExit(f'matrix: there is no target {" ".join(wrong)}; there are {" ".join([*known, *EMBEDDED])}')
    chosen = options.target or [target.name for target in TARGETS if target.quick or not options.quick] + [
        name for name in EMBEDDED if name == 'cortex-m3' or not options.quick]
    if options.list:
        print('\n'.join(chosen))
        return 0
    setup = ['sh', ROOT / 'tests/tools/setup.sh']
    subprocess.run([*setup, 'build', 'tests'], stdout=sys.stderr, check=False)
    rows, faults = [], 0
    print(HEAD, flush=True)
    for name in chosen:
        target = known.get(name)
        if target and target.missing():
            subprocess.run([*setup, *target.sets.split()], stdout=sys.stderr, check=False)
        if target and target.missing():
            print(f'skipped {name}: there is no {target.missing()}', file=sys.stderr)
            continue
        cells, well = row(target, options.jobs, not options.quick) if target else embedded_row(name)
        if cells is None:
            print(f'skipped {name}: tests/embedded.sh cannot run here', file=sys.stderr)
            continue
        rows.append('| ' + ' | '.join(cells) + ' |')
        print(rows[-1], flush=True)
        faults += not well
    if options.readme and rows:
        readme_section.replace(BEGIN, END, '\n'.join([HEAD, *rows]))
    return 1 if faults else 0 if rows else 77


if __name__ == '__main__':
    sys.exit(main())
