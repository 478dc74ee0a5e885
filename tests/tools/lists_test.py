#!/usr/bin/env python3
"""Meson has no wildcards: each source in a test folder must be named in the folder's meson.build, or it never runs."""

import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]

missing = []
for folder, pattern in (('unit', '*_test.cpp'), ('fault', '*_test.cpp'), ('integration', 'tls_*_test.cpp'), ('tools', '*_test.py')):
    listed = (TESTS / folder / 'meson.build').read_text(encoding='utf-8')
    missing += [file for file in sorted((TESTS / folder).glob(pattern)) if f"'{file.name}'" not in listed]
for file in missing:
    print(f'tests/{file.parent.name}/{file.name} is missing from tests/{file.parent.name}/meson.build')
sys.exit(1 if missing else 0)
