#!/usr/bin/env python3
"""Adds up which lines and branches of include/ were run, and says what was not.

gcov's JSON has the branches of every instance of a template, which gcov's text, all that gcovr 5 reads, leaves out. An
instance counts as run where any other is: they are one in the source. A line that was not run, or one with a branch that
was not, and that has no reason in its list, is a fault.
usage: coverage.py OBJECTS LINES BRANCHES TEXTS
       (a folder, the two lists of reasons, a folder where gcovr --use-gcov-files finds its texts)
"""

import collections
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / 'include/smtpoll'


def reports(folder):
    """What gcov says of each object."""
    for notes in sorted(folder.rglob('*.gcno')):
        result = subprocess.run(['gcov', '--json-format', '--stdout', '--branch-probabilities', notes], check=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for line in result.stdout.splitlines():
            yield json.loads(line)


def add_up(folder):
    """Counts of lines, and of the branches of each line by the function that they are in, for each header."""
    lines = collections.defaultdict(lambda: collections.defaultdict(int))
    branches = collections.defaultdict(lambda: collections.defaultdict(dict))
    for report in reports(folder):
        for file in report['files']:
            path = pathlib.Path(report['current_working_directory'], file['file']).resolve()
            if INCLUDE not in path.parents:
                continue
            name = str(path.relative_to(ROOT))
            # Instances of one template begin at the same place.
            places = {one['name']: (one['start_line'], one['start_column']) for one in file['functions']}
            for line in file['lines']:
                number = line['line_number']
                lines[name][number] += line['count']
                counts = [branch['count'] for branch in line['branches'] if not branch['throw']]
                if not counts:
                    continue
                of_line = branches[name][number]
                # What `if constexpr` leaves out of one instance is no branch of the others.
                key = places.get(line.get('function_name')), len(counts)
                of_line[key] = [a + b for a, b in zip(of_line.get(key, [0] * len(counts)), counts)]
    return lines, branches


def flat(of_line):
    return [count for key in sorted(of_line, key=str) for count in of_line[key]]


def write_texts(folder, lines, branches):
    """gcov's texts, as gcovr reads them."""
    for name in sorted(lines):
        source = (ROOT / name).read_text(encoding='utf-8').split('\n')
        texts = [f'-:0:Source:{name}']
        for number, text in enumerate(source[:-1], 1):
            count = lines[name].get(number)
            texts.append(f"{'-' if count is None else count or '#####':>9}:{number:5}:{text}")
            texts += [f'branch {index} taken {count}' for index, count in enumerate(flat(branches[name].get(number, {})))]
        (folder / f"{name.replace('/', '#')}.gcov").write_text('\n'.join(texts) + '\n', encoding='utf-8')


def read_reasons(path):
    """Lines of the list: FILE: HOW A LINE BEGINS # REASON."""
    reasons = []
    for text in path.read_text(encoding='utf-8').splitlines():
        if text and not text.startswith('#'):
            code, _, reason = text.partition(' # ')
            file, _, begin = code.partition(': ')
            assert reason and begin, f'{path.name}: no reason in "{text}"'
            reasons.append((f'include/smtpoll/{file}', begin.strip()))
    return reasons


def unexplained(lines, reasons):
    """What no reason explains, and the reasons that explain nothing. A reason holds for the lines that follow, too."""
    unused = set(reasons)
    faults = []
    for name in sorted(lines):
        source = (ROOT / name).read_text(encoding='utf-8').split('\n')
        explained = False
        for number in sorted(lines[name]):
            text = source[number - 1].strip()
            if lines[name][number]:
                explained = False
                continue
            matching = [reason for reason in reasons if reason[0] == name and text.startswith(reason[1])]
            unused.difference_update(matching)
            explained = explained or bool(matching)
            if not explained:
                faults.append(f'{name}:{number} was not run: {text}')
    return faults + [f'{name}: "{begin}" was run or is gone: strike its reason' for name, begin in sorted(unused)]


def undecided(lines, branches, reasons):
    """Lines that were run, but not every way, and that no reason explains; and the reasons of lines that are gone. A reason
    may stay where all of its line was run: what a clock decides is not the same in each run."""
    faults = []
    for name in sorted(branches):
        source = (ROOT / name).read_text(encoding='utf-8').split('\n')
        begins = tuple(begin for file, begin in reasons if file == name)
        for number, of_line in sorted(branches[name].items()):
            text = source[number - 1].strip()
            if lines[name][number] and 0 in flat(of_line) and not text.startswith(begins):
                faults.append(f'{name}:{number} has a branch that was not run: {text}')
    for name, begin in sorted(reasons):
        path = ROOT / name
        if not path.exists() or not any(line.strip().startswith(begin) for line in path.read_text('utf-8').split('\n')):
            faults.append(f'{name}: "{begin}" is gone: strike its reason')
    return faults


def unseen(lines, reasons):
    """Headers with no line that was compiled: all of them is explained, or nothing."""
    whole = {name for name, begin in reasons if begin == '*'}
    faults = []
    for path in sorted(INCLUDE.rglob('*.hpp')):
        name = str(path.relative_to(ROOT))
        if name not in lines and name not in whole and path.read_text(encoding='utf-8').count(') {\n'):
            faults.append(f'{name}: nothing of it was compiled')
    return faults


def main():
    objects, list_of_lines, list_of_branches, texts = map(pathlib.Path, sys.argv[1:])
    lines, branches = add_up(objects)
    write_texts(texts, lines, branches)
    reasons = read_reasons(list_of_lines)
    faults = unseen(lines, reasons) + unexplained(lines, [reason for reason in reasons if reason[1] != '*'])
    faults += undecided(lines, branches, read_reasons(list_of_branches))
    print('\n'.join(faults) or 'each line and each branch that was not run has its reason')
    return len(faults) != 0


if __name__ == '__main__':
    sys.exit(main())
