#!/usr/bin/env python3
"""SASLprep beside what python's stringprep and Unicode 3.2 say: every character that they treat in a way of its own, by
itself and among others, and random texts. The tables of smtpoll have to be fresh."""

import pathlib
import random
import stringprep
import subprocess
import sys
import tempfile
import unicodedata

import toolchain

HERE = pathlib.Path(__file__).resolve().parent
UNICODE = unicodedata.ucd_3_2_0
PROHIBITED = [getattr(stringprep, 'in_table_' + name)
              for name in ('c12', 'c21_c22', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9')]


def prepared(text):
    """RFC 4013 2; None where it is refused."""
    text = ''.join(' ' if stringprep.in_table_c12(c) else c for c in text
                   if stringprep.in_table_c12(c) or not stringprep.in_table_b1(c))
    text = UNICODE.normalize('NFKC', text)
    if any(table(c) for c in text for table in PROHIBITED):
        return None
    right = [stringprep.in_table_d1(c) for c in text]
    if any(right) and (any(map(stringprep.in_table_d2, text)) or not (right[0] and right[-1])):
        return None
    return text


def is_special(point):
    """Whether a table but the one of letters from left to right says something of it."""
    c = chr(point)
    return bool(UNICODE.decomposition(c) or UNICODE.combining(c)) or stringprep.in_table_b1(c) or stringprep.in_table_d1(c)


def texts():
    points = [point for point in range(0x110000) if not 0xd800 <= point <= 0xdfff]
    special = [point for point in points if point < 0x3400 or is_special(point)]
    yield from map(chr, special)
    yield from map(chr, points[::211])
    # Among others, python orders the marks of later versions of Unicode by classes that 3.2 does not know.
    special = [point for point in special if UNICODE.category(chr(point)) != 'Cn']
    for point in special[::7]:
        yield f'a{chr(point)}'
        yield f'{chr(point)}\u0301\u0323'
    chance = random.Random(4013)
    marks = [chr(point) for point in special if UNICODE.combining(chr(point))]
    letters = [chr(point) for point in special if UNICODE.decomposition(chr(point))] + list('aeiouAEIOUsS\u05d0\u0627')
    letters += [chr(point) for point in range(0x1100, 0x11c3)] + [chr(point) for point in range(0xac00, 0xd7a4, 13)]
    for _ in range(3000):
        yield ''.join(chance.choice(letters) + ''.join(chance.choices(marks, k=chance.randrange(4)))
                      for _ in range(chance.randrange(1, 5)))
        yield ''.join(chr(chance.choice(special)) for _ in range(chance.randrange(6)))


if subprocess.run([sys.executable, HERE / 'unicode_tables.py', '--check'], check=False).returncode:
    sys.exit(1)
if not toolchain.NATIVE:
    sys.exit(77)
tried = list(texts())
with tempfile.TemporaryDirectory() as folder:
    program = pathlib.Path(folder) / 'sasl_prep_lines'
    subprocess.run([toolchain.NATIVE[0], *toolchain.FLAGS, '-O2', '-I', toolchain.ROOT / 'include',
                    HERE / 'sasl_prep_lines.cpp', '-o', program], check=True)
    lines = '\n'.join(text.encode().hex() for text in tried) + '\n'
    answers = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
assert len(answers) == len(tried)
wrong = 0
for text, answer in zip(tried, answers):
    expected = prepared(text)
    if answer != ('fault' if expected is None else expected.encode().hex()):
        wrong += 1
        if wrong <= 10:
            print(f'{ascii(text)}: {answer}, not {expected and ascii(expected)}')
print(f'{len(tried)} texts, {wrong} wrong')
sys.exit(1 if wrong else 0)
