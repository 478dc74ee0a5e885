"""Conan 2 package of the headers, made of the tree that this file lies in: conan create tests/packaging/conan"""

import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load


class SmtpollConan(ConanFile):
    name = 'smtpoll'
    description = 'Header-only, synchronous SMTP client for C++17'
    license = 'MIT'
    topics = ('smtp', 'email', 'header-only')
    package_type = 'header-library'
    settings = 'os', 'compiler'
    no_copy_source = True

    def _root(self):
        return os.path.normpath(os.path.join(self.recipe_folder, '../../..'))

    def set_version(self):
        config = load(self, os.path.join(self._root(), 'include/smtpoll/base/config.hpp'))
        self.version = re.search(r'^#define SMTPOLL_VERSION "(.+)"$', config, re.MULTILINE).group(1)

    def export_sources(self):
        for pattern in ('include/smtpoll/*.hpp', 'LICENSE'):
            copy(self, pattern, self._root(), self.export_sources_folder)

    def validate(self):
        check_min_cppstd(self, 17)

    def package(self):
        copy(self, 'include/smtpoll/*.hpp', self.source_folder, self.package_folder)
        copy(self, 'LICENSE', self.source_folder, os.path.join(self.package_folder, 'licenses'))

    def package_id(self):
        self.info.clear()

    def package_info(self):
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
        self.cpp_info.set_property('cmake_file_name', 'smtpoll')
        self.cpp_info.set_property('cmake_target_name', 'smtpoll::smtpoll')
        self.cpp_info.set_property('pkg_config_name', 'smtpoll')
        if self.settings.os == 'Windows':
            self.cpp_info.system_libs = ['ws2_32', 'iphlpapi']
        elif self.settings.os in ('Linux', 'FreeBSD'):
            self.cpp_info.system_libs = ['pthread']
