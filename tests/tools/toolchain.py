"""The compilers that the header tests use: every one of these that is installed, with the warnings of the house."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE_DIRS = [ROOT / 'include', ROOT / 'single_include']

FLAGS = ['-std=c++17', '-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Wold-style-cast', '-Werror']
BARE = ['-fno-exceptions', '-fno-rtti']

NATIVE = [name for name in ('g++', 'clang++') if shutil.which(name)]
MINGW = [name for name in ('x86_64-w64-mingw32-g++-posix', 'x86_64-w64-mingw32-g++') if shutil.which(name)][:1]


def compile_text(compiler, text, *options):
    """Compiles `text` as C++; returns the finished process, whose stdout and stderr are text."""
    command = [compiler, *FLAGS, '-x', 'c++', '-', *map(str, options)]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def in_parallel(call, jobs):
    """call(*job) for all `jobs`, several at a time; the results in the order of the jobs."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda job: call(*job), jobs))
