#!/usr/bin/env python3
"""Builds and runs the program in tests/consumers with smtpoll from an installed tree that was moved, or a subproject.

usage: consumer.py pkg-config | cmake | subproject
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONSUMER = ROOT / 'tests/consumers'
CXX = os.environ.get('CXX', 'c++').split()


def run(*command, **options):
    """What `command` prints; the script ends where it fails."""
    command = [str(word) for word in command]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if result.returncode:
        sys.exit(f'{" ".join(command)}\n{result.stdout}')
    return result.stdout


def installed_and_moved(folder):
    """The prefix of an installation that does not lie where it was installed to."""
    run('meson', 'setup', folder / 'library', ROOT, '--prefix', folder / 'installed', '-Dauto_features=disabled')
    run('meson', 'install', '-C', folder / 'library')
    (folder / 'installed').rename(folder / 'moved')
    return folder / 'moved'


def by_pkg_config(folder, version):
    prefix = installed_and_moved(folder)
    found = {'PKG_CONFIG_PATH': str(prefix / 'share/pkgconfig'), **os.environ}
    query = ['pkg-config', '--define-prefix', 'smtpoll']
    assert run(*query, '--modversion', env=found) == version
    flags = run(*query, '--cflags', '--libs', env=found).split()
    assert f'-I{prefix / "include"}' in flags, flags
    run(*CXX, '-std=c++17', CONSUMER / 'main.cpp', *flags, '-o', folder / 'consumer')
    return folder / 'consumer'


def by_cmake(folder, version):
    prefix = installed_and_moved(folder)
    build = ['cmake', '-S', CONSUMER, '-B', folder / 'build', f'-DCMAKE_PREFIX_PATH={prefix}']
    major, minor, patch = (int(part) for part in version.split('.'))
    for wanted in (f'{major}.{minor}.{patch + 1}', f'{major}.{minor + 1}', f'{major + 1}.0'):
        refused = subprocess.run([*map(str, build), f'-DWANTED_VERSION={wanted}'], capture_output=True, text=True)
        assert refused.returncode and 'version: ' + version.strip() in refused.stderr, refused.stderr
    run(*build, f'-DWANTED_VERSION={major}.{minor}')
    run('cmake', '--build', folder / 'build')
    return folder / 'build/consumer'


def by_subproject(folder, _):
    shutil.copytree(CONSUMER, folder / 'project')
    (folder / 'project/subprojects').mkdir()
    (folder / 'project/subprojects/smtpoll').symlink_to(ROOT)
    run('meson', 'setup', folder / 'build', folder / 'project', '--wrap-mode=forcefallback')
    tests = run('meson', 'introspect', '--tests', folder / 'build').strip()
    assert tests == '[]', f'our tests are not off in a subproject: {tests}'
    run('meson', 'compile', '-C', folder / 'build')
    return folder / 'build/consumer'


way, tool = {
    'pkg-config': (by_pkg_config, 'pkg-config'),
    'cmake': (by_cmake, 'cmake'),
    'subproject': (by_subproject, 'meson'),
}[sys.argv[1]]
if not shutil.which(tool):
    print(f'skipped: there is no {tool}; sh tests/tools/setup.sh tests installs it')
    sys.exit(77)
with tempfile.TemporaryDirectory() as name:
    expected = run(sys.executable, ROOT / 'single_include/amalgamate.py', '--version')
    printed = run(way(pathlib.Path(name), expected))
    assert printed == expected, printed
    print(f'built and run by {sys.argv[1]}: smtpoll {printed}', end='')
