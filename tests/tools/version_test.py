"""The version has one source, SMTPOLL_VERSION in base/config.hpp; all that has to repeat it says the same."""

import json
import re
import unittest

from toolchain import ROOT


def read(name):
    return (ROOT / name).read_text(encoding='utf-8')


class Version(unittest.TestCase):
    def setUp(self):
        self.config = read('include/smtpoll/base/config.hpp')
        self.version = re.search(r'^#define SMTPOLL_VERSION "(\d+\.\d+\.\d+)"$', self.config, re.MULTILINE)[1]

    def test_inline_namespace(self):
        self.assertIn(f'inline namespace v{self.version.replace(".", "_")} {{', self.config)

    def test_single_header(self):
        self.assertIn(f'#define SMTPOLL_VERSION "{self.version}"', read('single_include/smtpoll/smtpoll.hpp'))

    def test_vcpkg_port(self):
        self.assertEqual(json.loads(read('tests/packaging/vcpkg/smtpoll/vcpkg.json'))['version-semver'], self.version)

    def test_conan_package(self):
        self.assertEqual(re.findall(r'`smtpoll/([\d.]+)`', read('README.md')), [self.version])

    def test_meson_asks_for_it(self):
        project = re.search(r"^project\((.*?)\)$", read('meson.build'), re.MULTILINE | re.DOTALL)[1]
        self.assertIn("version: run_command('single_include/amalgamate.py', '--version', check: true)", project)

    def test_changes_begin_with_it(self):
        changes = read('README.md').partition('\n## Changes\n')[2]
        self.assertEqual(re.search(r'^### (\S+)', changes, re.MULTILINE)[1], self.version)


if __name__ == '__main__':
    unittest.main()
