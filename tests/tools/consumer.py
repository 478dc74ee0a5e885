#!/usr/bin/env python3
"""Builds and runs the program in tests/consumers with smtpoll from where a project would have it: an installed tree that was
moved, once with the headers and once with the single header in their place; a subproject; a copy of the header; what
release.sh makes for meson's wraps and CMake's FetchContent; a vcpkg port; a Conan recipe. Further programs have it as a
module of C++20, and in two versions at once.

usage: consumer.py pkg-config | cmake | cmake-include | makefile | subproject | vendored | wrap | fetchcontent | vcpkg |
                   conan | module | two-versions

Where vcpkg is missing, the steps of its port are run by CMake, with a stand-in for the one function of vcpkg's that it
calls. Where conan is missing, the recipe is only compiled, and the test skipped.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONSUMERS = ROOT / 'tests/consumers'
PACKAGING = ROOT / 'tests/packaging'
SINGLE = ROOT / 'single_include/smtpoll/smtpoll.hpp'
CXX = os.environ.get('CXX', 'c++').split()


def run(*command, **options):
    """What `command` prints; the script ends where it fails."""
    command = [str(word) for word in command]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if result.returncode:
        sys.exit(f'{" ".join(command)}\n{result.stdout}')
    return result.stdout


def skip(why):
    print(f'skipped: {why}')
    sys.exit(77)


def installed_trees(folder):
    """The prefixes of two installations that do not lie where they were installed to: headers, and the single one."""
    run('meson', 'setup', folder / 'library', ROOT, '--prefix', folder / 'installed', '-Dauto_features=disabled')
    run('meson', 'install', '-C', folder / 'library')
    (folder / 'installed').rename(folder / 'headers')
    shutil.copytree(folder / 'headers', folder / 'single')
    shutil.rmtree(folder / 'single/include/smtpoll')
    (folder / 'single/include/smtpoll').mkdir()
    shutil.copy(SINGLE, folder / 'single/include/smtpoll')
    return [folder / 'headers', folder / 'single']


def by_pkg_config(folder, version):
    for prefix in installed_trees(folder):
        found = {'PKG_CONFIG_PATH': str(prefix / 'share/pkgconfig'), **os.environ}
        query = ['pkg-config', '--define-prefix', 'smtpoll']
        assert run(*query, '--modversion', env=found) == version
        flags = run(*query, '--cflags', '--libs', env=found).split()
        assert f'-I{prefix / "include"}' in flags, flags
        run(*CXX, '-std=c++17', CONSUMERS / 'main.cpp', *flags, '-o', prefix / 'consumer')
        yield prefix / 'consumer'


def by_cmake(folder, version):
    major, minor, patch = (int(part) for part in version.split('.'))
    for prefix in installed_trees(folder):
        build = ['cmake', '-S', CONSUMERS, '-B', prefix / 'build', f'-DCMAKE_PREFIX_PATH={prefix}']
        for wanted in (f'{major}.{minor}.{patch + 1}', f'{major}.{minor + 1}', f'{major + 1}.0'):
            refused = subprocess.run([*map(str, build), f'-DWANTED_VERSION={wanted}'], capture_output=True, text=True)
            assert refused.returncode and 'version: ' + version.strip() in refused.stderr, refused.stderr
        run(*build, f'-DWANTED_VERSION={major}.{minor}')
        run('cmake', '--build', prefix / 'build')
        yield prefix / 'build/consumer'


def by_cmake_include(folder, _):
    for prefix in installed_trees(folder):
        run('cmake', '-S', CONSUMERS / 'include', '-B', prefix / 'build', f'-DSMTPOLL={prefix / "include"}')
        run('cmake', '--build', prefix / 'build')
        yield prefix / 'build/consumer'


def by_makefile(folder, _):
    for prefix in installed_trees(folder):
        shutil.copy(CONSUMERS / 'Makefile', prefix)
        shutil.copy(CONSUMERS / 'main.cpp', prefix)
        run('make', '-C', prefix, f'SMTPOLL={prefix / "include"}', f'CXX={" ".join(CXX)}')
        yield prefix / 'consumer'


def by_subproject(folder, _):
    (folder / 'project/subprojects').mkdir(parents=True)
    for name in ('main.cpp', 'meson.build'):
        shutil.copy(CONSUMERS / name, folder / 'project')
    (folder / 'project/subprojects/smtpoll').symlink_to(ROOT)
    run('meson', 'setup', folder / 'build', folder / 'project', '--wrap-mode=forcefallback')
    tests = run('meson', 'introspect', '--tests', folder / 'build').strip()
    assert tests == '[]', f'our tests are not off in a subproject: {tests}'
    run('meson', 'compile', '-C', folder / 'build')
    yield folder / 'build/consumer'


def by_copy(folder, _):
    (folder / 'project/third_party/smtpoll').mkdir(parents=True)
    shutil.copy(SINGLE, folder / 'project/third_party/smtpoll')
    shutil.copy(CONSUMERS / 'main.cpp', folder / 'project')
    shutil.copy(CONSUMERS / 'vendored/meson.build', folder / 'project')
    run('meson', 'setup', folder / 'build', folder / 'project')
    run('meson', 'compile', '-C', folder / 'build')
    yield folder / 'build/consumer'


def by_module(folder, _):
    """The first compiler that can: clang 16 and later."""
    compilers = [f'clang++-{number}' for number in range(30, 15, -1) if shutil.which(f'clang++-{number}')]
    if not compilers:
        skip('there is no clang++ 16 or later; sh tests/tools/setup.sh clang19 installs one')
    for include in (ROOT / 'include', ROOT / 'single_include'):
        place = folder / include.name
        place.mkdir()
        compiler = [compilers[0], '-std=c++20', '-pthread', '-Wall', '-Wextra', '-Werror']
        run(*compiler, '-I', include, '--precompile', CONSUMERS / 'module/smtpoll.cppm', '-o', place / 'smtpoll.pcm')
        run(*compiler, '-c', place / 'smtpoll.pcm', '-o', place / 'smtpoll.o')
        run(*compiler, f'-fmodule-file=smtpoll={place}/smtpoll.pcm', CONSUMERS / 'module/main.cpp', place / 'smtpoll.o',
            '-o', place / 'consumer')
        yield place / 'consumer'


def another_version(folder, version):
    """A folder with a copy of the single header that says it is of another version, and has larger sessions."""
    text = SINGLE.read_text(encoding='utf-8')
    namespace = 'v' + version.strip().replace('.', '_')
    assert text.count(namespace) == 1 and text.count(f'"{version.strip()}"') == 1
    text = text.replace(namespace, 'v9_8_7').replace(f'"{version.strip()}"', '"9.8.7"')
    text, larger = re.subn(r'kInput = 4096;', 'kInput = 8192;', text)
    assert larger == 1
    (folder / 'another/smtpoll').mkdir(parents=True)
    (folder / 'another/smtpoll/smtpoll.hpp').write_text(text, encoding='utf-8')
    return folder / 'another'


def by_two_versions(folder, version):
    objects, symbols = [], []
    for name, include in (('OldLibrary', ROOT / 'single_include'), ('NewLibrary', another_version(folder, version))):
        objects.append(folder / f'{name}.o')
        run(*CXX, '-std=c++17', '-pthread', '-I', include, f'-DLIBRARY={name}', '-c',
            CONSUMERS / 'two_versions/library.cpp', '-o', objects[-1])
        listing = run('nm', '--defined-only', objects[-1])
        symbols.append({line.split()[-1] for line in listing.splitlines() if '7smtpoll' in line})
    shared = symbols[0] & symbols[1]
    assert len(symbols[0]) > 100 and not shared, f'both versions define {sorted(shared)[:5]}'
    run(*CXX, '-std=c++17', '-pthread', CONSUMERS / 'two_versions/main.cpp', *objects, '-o', folder / 'consumer')
    yield folder / 'consumer'


def release(folder):
    """A folder with what release.sh makes, to be fetched from there."""
    run('sh', PACKAGING / 'release.sh', folder / 'release', (folder / 'release').as_uri())
    return folder / 'release'


def by_wrap(folder, _):
    shutil.copytree(CONSUMERS, folder / 'project')
    (folder / 'project/subprojects').mkdir()
    shutil.copy(release(folder) / 'smtpoll.wrap', folder / 'project/subprojects')
    run('meson', 'setup', folder / 'build', folder / 'project', '--wrap-mode=forcefallback')
    run('meson', 'compile', '-C', folder / 'build')
    yield folder / 'build/consumer'


def by_fetchcontent(folder, _):
    shutil.copytree(CONSUMERS, folder / 'project')
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
    yield folder / 'build/consumer'


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
    run('cmake', '-S', CONSUMERS, '-B', folder / 'build', f'-DCMAKE_PREFIX_PATH={prefix}',
        f'-DWANTED_VERSION={version.strip()}')
    run('cmake', '--build', folder / 'build')
    yield folder / 'build/consumer'


def by_conan(folder, version):
    recipe = PACKAGING / 'conan/conanfile.py'
    compile(recipe.read_text(encoding='utf-8'), recipe, 'exec')
    if not shutil.which('conan'):
        skip('there is no conan, so the recipe was only compiled')
    os.environ['CONAN_HOME'] = str(folder / 'home')
    run('conan', 'profile', 'detect')
    run('conan', 'create', recipe.parent)
    run('conan', 'install', f'--requires=smtpoll/{version.strip()}', '-g', 'CMakeDeps', '-g', 'CMakeToolchain',
        '-of', folder)
    run('cmake', '-S', CONSUMERS, '-B', folder / 'build', f'-DCMAKE_TOOLCHAIN_FILE={folder / "conan_toolchain.cmake"}',
        '-DCMAKE_BUILD_TYPE=Release')
    run('cmake', '--build', folder / 'build')
    yield folder / 'build/consumer'


way, tool = {
    'pkg-config': (by_pkg_config, 'pkg-config'),
    'cmake': (by_cmake, 'cmake'),
    'cmake-include': (by_cmake_include, 'cmake'),
    'makefile': (by_makefile, 'make'),
    'subproject': (by_subproject, 'meson'),
    'vendored': (by_copy, 'meson'),
    'wrap': (by_wrap, 'meson'),
    'fetchcontent': (by_fetchcontent, 'cmake'),
    'vcpkg': (by_vcpkg, 'cmake'),
    'conan': (by_conan, 'python3'),
    'module': (by_module, 'sh'),
    'two-versions': (by_two_versions, 'nm'),
}[sys.argv[1]]
if not shutil.which(tool):
    skip(f'there is no {tool}; sh tests/tools/setup.sh tests installs it')
with tempfile.TemporaryDirectory() as name:
    expected = run(sys.executable, ROOT / 'single_include/amalgamate.py', '--version')
    programs = 0
    for program in way(pathlib.Path(name), expected):
        printed = run(program)
        wanted = {'module': '', 'two-versions': expected.strip() + ' 9.8.7\n'}.get(sys.argv[1], expected)
        assert printed == wanted, printed
        programs += 1
    assert programs
    print(f'built and run by {sys.argv[1]}: {programs} programs with smtpoll {expected}', end='')
