#!/usr/bin/env python3
"""Writes single_include/smtpoll/smtpoll.hpp: every header that include/smtpoll/smtpoll.hpp reaches, as one file.

The include graph is the only list of files. Each file stands there once, after the files it needs, with its comments
and its guard; the list in smtpoll.hpp becomes a table of contents; system includes stand once, sorted, at the top, but
those under #if stay where they are. What smtpoll.hpp includes only where a macro of ours is defined (opt-in, because it
needs another library) comes last, with its system includes, under that macro. The output depends on nothing but the
sources. Headers that break a law of the house stop the script, with one sentence for each breach.

usage: amalgamate.py [--check | --version] [--root DIR]
  --check    writes nothing; exit code 1 where the file is not what would be written
  --version  prints the library's version
  --root     the project to work on; default: the one this script lies in
"""

import argparse
import pathlib
import re
import sys

ENTRY = 'smtpoll/smtpoll.hpp'

# Which floors a file may include beside its own, by folder under include/smtpoll; pop3.hpp and testing.hpp are floors of
# one file.
FLOORS = {
    'base': [],
    'message': ['base'],
    'protocol': ['base'],
    'socket': ['base'],
    'transport': ['base', 'socket'],
    'client': ['base', 'message', 'protocol', 'socket', 'transport'],
    'pop3': ['base', 'protocol', 'socket', 'transport', 'client'],
    'pop3.hpp': ['base', 'protocol', 'socket', 'transport', 'client', 'pop3'],
    'testing.hpp': ['base', 'message', 'protocol', 'socket', 'transport', 'client'],
}

# Macros that a file may set for a system header, if it takes them back.
BORROWED_MACROS = ['NOMINMAX', 'SECURITY_WIN32', 'WIN32_LEAN_AND_MEAN']

MAX_LINES = 600

DIRECTIVE = re.compile(r'\s*#\s*(\w+)\s*(.*)')
OPT_IN = re.compile(r'defined\((SMTPOLL_\w+)\)$')
COMMENT = re.compile(r'\s*(//|$)')


def change_of_depth(directive):
    """How much deeper in #if the lines after `directive` (a match of DIRECTIVE, or None) stand."""
    word = directive[1] if directive else ''
    return {'if': 1, 'ifdef': 1, 'ifndef': 1, 'endif': -1}.get(word, 0)


def version(root):
    config = (root / 'include/smtpoll/base/config.hpp').read_text(encoding='utf-8')
    return re.search(r'^#define SMTPOLL_VERSION "(.*)"$', config, re.MULTILINE)[1]


class Header:
    """One header, read: what it includes where, its lines without those includes, and its faults."""

    def __init__(self, include_dir, path):
        self.path = path
        self.floor = path.split('/')[1]
        self.before = []  # local includes before the first line of code
        self.after = []  # local includes after the last one: bodies that need this file
        self.opt_in = []  # (macro, local include) of those that only a macro brings; in the entry only
        self.system = []
        self.body = []
        self.faults = []
        self.guard = re.sub(r'\W', '_', path).upper()
        lines = (include_dir / path).read_text(encoding='utf-8').removesuffix('\n').split('\n')
        if path != ENTRY and self.floor not in FLOORS:
            self.fault(1, f'lies on no floor; the floors are {", ".join(FLOORS)}')
        if len(lines) > MAX_LINES:
            self.fault(len(lines), f'longer than {MAX_LINES} lines: one file, one noun')
        self.check_guard(lines)
        self.read(lines)

    def fault(self, number, sentence):
        self.faults.append(f'include/{self.path}:{number}: {sentence}')

    def check_guard(self, lines):
        code = [line.split('//')[0].strip() for line in lines if not COMMENT.match(line)]
        wanted = [f'#ifndef {self.guard}', f'#define {self.guard}', '#endif']
        depth, ends = 0, []
        for index, line in enumerate(code):
            depth += change_of_depth(DIRECTIVE.match(line))
            if depth == 0:
                ends.append(index)
        if code[:2] + code[-1:] != wanted or ends != [len(code) - 1]:
            self.fault(1, f'the include guard {self.guard} is missing, wrong, or not around the whole file')

    def read(self, lines):
        depth = 0  # 1 is inside the guard
        condition = ''  # of the last #if
        code_seen = in_block_comment = False
        defined, undefined = {}, {}
        for number, line in enumerate(lines, 1):
            in_block_comment = in_block_comment or line.lstrip().startswith('/*')
            directive = None if in_block_comment else DIRECTIVE.match(line)
            is_comment = in_block_comment or COMMENT.match(line)
            in_block_comment = in_block_comment and '*/' not in line
            depth += change_of_depth(directive)
            if change_of_depth(directive) == 1:
                condition = directive[2]
            if directive and directive[1] in ('define', 'undef'):
                name = re.match(r'\w*', directive[2])[0]
                (defined if directive[1] == 'define' else undefined)[name] = number
            elif directive and directive[1].startswith('include'):
                if self.take_include(number, directive[2], depth, condition, code_seen):
                    continue
            elif not directive and not is_comment:
                if self.after:
                    self.fault(number, 'code after a local include: those stand before all code or after it')
                    self.after = []
                code_seen = True
            include_went = number > 1 and self.body and self.body[-1] == '' and lines[number - 2] != ''
            if line or not include_went:
                self.body.append(line)
        self.check_macros(defined, undefined)

    def check_macros(self, defined, undefined):
        for name, number in defined.items():
            if name in BORROWED_MACROS:
                if undefined.get(name, 0) < number:
                    self.fault(number, f'#define {name} without an #undef {name} after it')
            elif not name.startswith('SMTPOLL_'):
                self.fault(number, f'#define {name}: a macro of ours starts with SMTPOLL_')

    def take_include(self, number, target, depth, condition, code_seen):
        """Notes the include; true where its line does not stay."""
        system = re.match(r'<([^>]+)>', target)
        if system and not system[1].startswith('smtpoll/'):
            if depth == 1:
                self.system.append(system[1])
            return depth == 1
        local = re.match(r'"(smtpoll/[^"]+)"', target)
        if not local:
            self.fault(number, f'#include {target}: ours are written "smtpoll/floor/file.hpp", all others <file>')
        elif self.path == ENTRY and depth == 2 and OPT_IN.match(condition):
            self.opt_in.append((OPT_IN.match(condition)[1], local[1]))
        elif depth != 1:
            self.fault(number, f'#include {target}: a local include under #if or outside the guard')
        else:
            floor = local[1].split('/')[1]
            if self.path != ENTRY and floor != self.floor and floor not in FLOORS.get(self.floor, []):
                self.fault(number, f'#include {target}: against the floors, {self.floor} does not know {floor}')
            (self.after if code_seen else self.before).append(local[1])
        return self.path != ENTRY


class Library:
    """All headers under `root`/include, and those that smtpoll.hpp reaches in the order of need."""

    def __init__(self, root):
        self.root = root
        include_dir = root / 'include'
        paths = sorted(file.relative_to(include_dir).as_posix() for file in include_dir.glob('smtpoll/**/*.*'))
        self.headers = {path: Header(include_dir, path) for path in paths}
        self.faults = [fault for header in self.headers.values() for fault in header.faults]
        self.order = []
        self.under_way = []
        if ENTRY not in paths:
            self.faults.append(f'include/{ENTRY}: there is no such file; the script wants it')
            return
        for path in self.headers[ENTRY].before:
            self.place(path, ENTRY)
        self.reached = list(self.order)
        self.macros = {}  # by opt-in header: those that bring it
        for macro, path in self.headers[ENTRY].opt_in:
            if path in self.reached:
                self.faults.append(f'include/{path}: opt-in by {macro}, but {ENTRY} reaches it without')
            self.place(path, ENTRY)
            for need in self.needs(path) - set(self.reached):
                self.macros.setdefault(need, []).append(macro)
        for path in paths:
            if path not in self.order + [ENTRY]:
                self.faults.append(f'include/{path}: an orphan: {ENTRY} does not reach it')

    def place(self, path, wanted_by):
        """Appends `path` to the order, after what it needs and before the bodies that need it."""
        if path in self.order:
            return
        if path not in self.headers:
            self.faults.append(f'include/{path}: there is no such file; {wanted_by} wants it')
            return
        if path in self.under_way:
            circle = self.under_way[self.under_way.index(path):] + [path]
            self.faults.append(f'include/{path}: the includes go in a circle: {" -> ".join(circle)}')
            return
        self.under_way.append(path)
        for other in self.headers[path].before:
            self.place(other, path)
        self.order.append(path)
        for other in self.headers[path].after:
            if other not in self.under_way:
                self.place(other, path)
        self.under_way.remove(path)

    def needs(self, path, known=frozenset()):
        """`path` and all that it includes, directly or not."""
        known = known | {path}
        for other in self.headers[path].before + self.headers[path].after if path in self.headers else []:
            if other not in known:
                known = self.needs(other, known)
        return known

    def table_of_contents(self):
        """The entry's lines, with comments where it includes a header of ours, but that under which macro."""
        lines = '\n'.join(self.headers[ENTRY].body)
        lines = re.sub(r'(?m)^#if defined\((\w+)\)\n#include "(.*)"\n#endif$', r'//   \2 with \1', lines)
        return re.sub(r'(?m)^#include "(.*)"', r'//   \1', lines).split('\n')

    def single_header(self):
        licence = (self.root / 'LICENSE').read_text(encoding='utf-8').splitlines()
        title = f'smtpoll {version(self.root)} as a single header, made from include/ by amalgamate.py.'
        out = [f'// {line}'.rstrip() for line in [title, ''] + licence] + ['']
        contents = self.table_of_contents()
        end = max(index for index, line in enumerate(contents) if line.startswith('#endif'))
        system = {name for path in self.reached + [ENTRY] for name in self.headers[path].system}
        out += contents[:end] + [f'#include <{name}>' for name in sorted(system)]
        for path in self.reached:
            out += ['', f'// ---- {path} ----'] + self.headers[path].body
        for path in self.order[len(self.reached):]:
            needed = sorted(set(self.headers[path].system) - system)
            condition = ' || '.join(f'defined({macro})' for macro in self.macros[path])
            out += ['', f'#if {condition}', ''] + [f'#include <{name}>' for name in needed]
            out += ([''] if needed else []) + [f'// ---- {path} ----'] + self.headers[path].body + ['', '#endif']
        return '\n'.join(out + [''] + contents[end:]) + '\n'


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--check', action='store_true', help='write nothing; fail where the single header is stale')
    parser.add_argument('--version', action='store_true', help="print the library's version")
    parser.add_argument('--root', type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    options = parser.parse_args(arguments)

    if options.version:
        print(version(options.root))
        return 0
    library = Library(options.root)
    if library.faults:
        print('\n'.join(library.faults), file=sys.stderr)
        return 1
    target = options.root / 'single_include' / ENTRY
    wanted = library.single_header().encode('utf-8')
    if not options.check:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(wanted)
    elif not target.exists() or target.read_bytes() != wanted:
        print(f'single_include/{ENTRY} is stale. To mend it: python3 single_include/amalgamate.py', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
