#!/usr/bin/env python3
"""Builds and runs the program in tests/consumers with smtpoll by one of the ways that the README names: an installed
tree that was moved, a subproject, what release.sh makes for meson's wraps and CMake's FetchContent, a vcpkg port, a
Conan recipe.

usage: consumer.py pkg-config | cmake | subproject | wrap | fetchcontent | vcpkg | conan

Where vcpkg is missing, the steps of its port are run by CMake, with a stand-in for the one function of vcpkg's that it
calls. Where conan is missing, the recipe is only compiled, and the test skipped.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONSUMER = ROOT / 'tests/consumers'
PACKAGING = ROOT / 'tests/packaging'
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


def release(folder):
    """A folder with what release.sh makes, to be fetched from there."""
    run('sh', PACKAGING / 'release.sh', folder / 'release', (folder / 'release').as_uri())
    return folder / 'release'


def by_wrap(folder, _):
    shutil.copytree(CONSUMER, folder / 'project')
    (folder / 'project/subprojects').mkdir()
    shutil.copy(release(folder) / 'smtpoll.wrap', folder / 'project/subprojects')
    run('meson', 'setup', folder / 'build', folder / 'project', '--wrap-mode=forcefallback')
    run('meson', 'compile', '-C', folder / 'build')
    return folder / 'build/consumer'


def by_fetchcontent(folder, _):
    shutil.copytree(CONSUMER, folder / 'project')
    shutil.copy(release(folder) / 'smtpoll.cmake', folder / 'project')
    lists = folder / 'project/CMakeLists.txt'
    text = lists.read_text(encoding='utf-8')
    fetched = text.replace('find_package(smtpoll ${WANTED_VERSION} REQUIRED)', 'include(smtpoll.cmake)')
    assert fetched != text
    lists.write_text(fetched, encoding='utf-8')
    run('cmake', '-S', folder / 'project', '-B', folder / 'build')
    run('cmake', '--build', folder / 'build')
    # A header that is another one than was released does not get in.
    with (folder / 'release/smtpoll.hpp').open('a', encoding='utf-8') as header:
        header.write('// spoilt\n')
    spoilt = subprocess.run(['cmake', '-S', folder / 'project', '-B', folder / 'again'], capture_output=True, text=True)
    assert spoilt.returncode and 'SHA256 hash of' in spoilt.stderr, spoilt.stderr
    return folder / 'build/consumer'


def by_vcpkg(folder, version):
    port = PACKAGING / 'vcpkg/smtpoll'
    manifest = json.loads((port / 'vcpkg.json').read_text(encoding='utf-8'))
    assert manifest['version-semver'] == version.strip(), manifest
    prefix = folder / 'packages'
    if shutil.which('vcpkg'):
        run('vcpkg', 'install', 'smtpoll', f'--overlay-ports={port.parent}', f'--x-install-root={folder / "installed"}')
        prefix = next((folder / 'installed').glob('*/share/smtpoll')).parents[1]
    else:
        (folder / 'steps.cmake').write_text(
            'function(vcpkg_install_copyright list file)\n'
            '  file(INSTALL ${file} DESTINATION ${CURRENT_PACKAGES_DIR}/share/${PORT} RENAME copyright)\n'
            'endfunction()\n'
            f'include({port}/portfile.cmake)\n', encoding='utf-8')
        run('cmake', f'-DCURRENT_PACKAGES_DIR={prefix}', '-DPORT=smtpoll', f'-DVERSION={version.strip()}', '-P',
            folder / 'steps.cmake')
        assert (prefix / 'share/smtpoll/copyright').exists() and (prefix / 'share/smtpoll/usage').exists()
    run('cmake', '-S', CONSUMER, '-B', folder / 'build', f'-DCMAKE_PREFIX_PATH={prefix}',
        f'-DWANTED_VERSION={version.strip()}')
    run('cmake', '--build', folder / 'build')
    return folder / 'build/consumer'


def by_conan(folder, version):
    recipe = PACKAGING / 'conan/conanfile.py'
    compile(recipe.read_text(encoding='utf-8'), recipe, 'exec')
    if not shutil.which('conan'):
        print('skipped: there is no conan, so the recipe was only compiled')
        sys.exit(77)
    os.environ['CONAN_HOME'] = str(folder / 'home')
    run('conan', 'profile', 'detect')
    run('conan', 'create', recipe.parent)
    run('conan', 'install', f'--requires=smtpoll/{version.strip()}', '-g', 'CMakeDeps', '-g', 'CMakeToolchain',
        '-of', folder)
    run('cmake', '-S', CONSUMER, '-B', folder / 'build', f'-DCMAKE_TOOLCHAIN_FILE={folder / "conan_toolchain.cmake"}',
        '-DCMAKE_BUILD_TYPE=Release')
    run('cmake', '--build', folder / 'build')
    return folder / 'build/consumer'


way, tool = {
    'pkg-config': (by_pkg_config, 'pkg-config'),
    'cmake': (by_cmake, 'cmake'),
    'subproject': (by_subproject, 'meson'),
    'wrap': (by_wrap, 'meson'),
    'fetchcontent': (by_fetchcontent, 'cmake'),
    'vcpkg': (by_vcpkg, 'cmake'),
    'conan': (by_conan, 'python3'),
}[sys.argv[1]]
if not shutil.which(tool):
    print(f'skipped: there is no {tool}; sh tests/tools/setup.sh tests installs it')
    sys.exit(77)
with tempfile.TemporaryDirectory() as name:
    expected = run(sys.executable, ROOT / 'single_include/amalgamate.py', '--version')
    printed = run(way(pathlib.Path(name), expected))
    assert printed == expected, printed
    print(f'built and run by {sys.argv[1]}: smtpoll {printed}', end='')
