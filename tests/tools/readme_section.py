"""The parts of README.md that programs write, each between two markers."""

import pathlib

README = pathlib.Path(__file__).resolve().parents[2] / 'README.md'


def replace(begin, end, text):
    """Puts `text` between the lines `begin` and `end`."""
    before = README.read_text(encoding='utf-8')
    start, stop = before.find(begin), before.find(end)
    if start < 0 or stop < start:
        raise SystemExit(f'README.md has no lines "{begin}" and "{end}"')
    README.write_text(f'{before[:start]}{begin}\n{text}\n{before[stop:]}', encoding='utf-8')
