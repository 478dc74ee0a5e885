#!/usr/bin/env python3
"""Lets tests of single headers run against the one header that holds them all.

For each file that the single header was made of, writes one of the same name that includes the single header.
usage: forward_headers.py SINGLE_HEADER FOLDER STAMP
"""

import pathlib
import re
import shutil
import sys

single_header, folder, stamp = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
paths = re.findall(r'^// ---- (\S+) ----$', single_header.read_text(encoding='utf-8'), re.MULTILINE)
if not paths:
    sys.exit(f'{single_header} names no file that it was made of')

shutil.rmtree(folder, ignore_errors=True)
for path in ['smtpoll/smtpoll.hpp', *paths]:
    header = folder / path
    header.parent.mkdir(parents=True, exist_ok=True)
    header.write_text(f'#include "{single_header.as_posix()}"\n', encoding='utf-8')
stamp.write_text('// Written after the headers in the folder "forward".\n', encoding='utf-8')
