"""Builds the unit and session tests for one target with ninja, merged into a few sources, and runs them."""

import os
import pathlib
import re
import subprocess
import sys

from targets import DKIM, ROOT

sys.path.insert(0, str(ROOT / 'tests/tools'))
from merged_tests import merged, split, write_if_new  # noqa: E402

UNIT = ROOT / 'tests/unit'
WARNINGS = '-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Werror'

PARTS = 4


def test_files():
    return [file for file in sorted(UNIT.glob('*_test.cpp')) if file.name not in DKIM]


class Suite:
    """The build folder of one target."""

    def __init__(self, target, measures=True):
        self.target = target
        self.measures = measures  # image and RAM, too
        self.folder = ROOT / '.cache/matrix' / target.name
        (self.folder / 'include').mkdir(parents=True, exist_ok=True)
        doctest = self.folder / 'include/doctest'
        if not doctest.is_symlink():
            doctest.symlink_to('/usr/include/doctest')
        self.program = self.folder / 'unit.exe'

    def sources(self):
        """Object name and source of each part of the test program."""
        result = [('main', UNIT / 'main.cpp')]
        for index, part in enumerate(split(test_files(), PARTS)):
            source = self.folder / f'merged_{index}.cpp'
            write_if_new(source, merged(part))
            result.append((source.stem, source))
        return result

    def write_ninja(self):
        target = self.target
        launcher = os.environ.get('SMTPOLL_MATRIX_LAUNCHER', '')
        flags = ' '.join([f'-std={target.standard}', '-pthread', f'-I{ROOT}/include', f'-isystem {self.folder}/include',
                          f'-I{UNIT}', '-DDOCTEST_CONFIG_NO_EXCEPTIONS_BUT_WITH_ALL_ASSERTS', *target.flags])
        lines = [f'cxx = {launcher} {target.compiler} {flags}', f'libraries = {" ".join(target.libraries)}',
                 f'tests = {target.optimization} {WARNINGS}',
                 'rule compile', '  command = $cxx $how -MMD -MF $out.d -c $in -o $out', '  depfile = $out.d', '  deps = gcc',
                 '  description = ' + target.name + ' $out',
                 'rule link', f'  command = $cxx {target.optimization} $in -o $out $libraries',
                 '  description = ' + target.name + ' $out']

        def compiled(name, source, how):
            lines.extend([f'build {name}.o: compile {source}', f'  how = {how}'])
            return f'{name}.o'

        # doctest's own code is not ours to warn of; and g++ takes an included .cpp for a header, whose anonymous
        # namespace would differ from file to file.
        of_merged = '$tests' if target.is_clang() else '$tests -Wno-subobject-linkage'
        objects = [compiled(name, source, '-O0' if name == 'main' else of_merged) for name, source in self.sources()]
        lines.append(f'build unit.exe: link {" ".join(objects)}')
        for name in target.extra:
            stem = pathlib.Path(name).stem
            lines.append(f'build {stem}.exe: link {compiled(stem, ROOT / "tests/matrix" / name, "$tests")} main.o')
        if self.measures:
            self.write_measures(lines, compiled)
        write_if_new(self.folder / 'build.ninja', '\n'.join(lines) + '\n')

    def write_measures(self, lines, compiled):
        compiled('image', ROOT / 'tests/matrix/image.cpp', f'-Os -fno-lto {WARNINGS}')  # its code is counted
        lines.append(f'build ram.exe: link {compiled("ram", ROOT / "tests/matrix/ram.cpp", f"-Os {WARNINGS}")}')

    def build(self, jobs):
        """Empty where all was built, else what the compiler said."""
        self.write_ninja()
        result = subprocess.run(['ninja', '-C', self.folder, '-k', '0', '-j', str(jobs)], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, check=False)
        (self.folder / 'build.log').write_text(result.stdout, encoding='utf-8')
        return result.stdout if result.returncode else ''

    def run(self, program, *arguments, timeout=900):
        """Exit code and output of a program of the target."""
        (self.folder / 'run').mkdir(exist_ok=True)
        environment = {**os.environ, **self.target.environment}
        try:
            result = subprocess.run([*self.target.runner, self.folder / program, *arguments], cwd=self.folder / 'run',
                                    env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                                    check=False)
        except subprocess.TimeoutExpired as expired:
            return 1, (expired.stdout or b'').decode(errors='replace') + f'\nstill running after {timeout} s'
        return result.returncode, result.stdout.decode(errors='replace').replace('\r\n', '\n')

    def test(self):
        """How many test cases were run and passed, and the output where one failed."""
        run = passed = 0
        failures = ''
        for program in ['unit.exe', *(pathlib.Path(name).stem + '.exe' for name in self.target.extra)]:
            code, output = self.run(program)
            (self.folder / f'{program}.log').write_text(output, encoding='utf-8')
            counts = re.search(r'test cases: *(\d+) \| *(\d+) passed', output)
            if counts:
                run += int(counts[1])
                passed += int(counts[2])
            if code or not counts or counts[1] == '0':
                failures += output
        return run, passed, failures

    def image(self):
        """Bytes of code and constants that smtpoll puts into a small program."""
        listing = subprocess.run([self.target.size_tool(), '-A', self.folder / 'image.o'], stdout=subprocess.PIPE, text=True,
                                 check=False).stdout
        return sum(int(size) for size in re.findall(r'^\.(?:text|rodata|rdata|data\.rel\.ro)\S*\s+(\d+)', listing,
                                                    re.MULTILINE))

    def ram(self):
        """Bytes of a session and its heap while it sends one message; 0 where the program failed."""
        code, output = self.run('ram.exe')
        found = re.search(r'RAM (\d+)', output)
        return int(found[1]) if found and not code else 0
