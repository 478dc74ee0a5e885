#!/usr/bin/env python3
"""What single_include/amalgamate.py promises, each law with a tiny tree that breaks it and the sentence it answers."""

import contextlib
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / 'single_include/amalgamate.py'
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location('amalgamate', SCRIPT)
amalgamate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(amalgamate)

CONFIG = '#define SMTPOLL_VERSION "1.2.3"'


def guarded(path, body):
    name = path.replace('/', '_').replace('.', '_').upper()
    return f'// About {path}.\n#ifndef {name}\n#define {name}\n\n{body}\n\n#endif\n'


class Tree(unittest.TestCase):
    """A project of a few headers in a folder of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.output = self.root / 'single_include/smtpoll/smtpoll.hpp'
        self.write('LICENSE', 'Free for all\n')
        self.header('smtpoll/base/config.hpp', CONFIG)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding='utf-8')

    def header(self, path, *lines):
        self.write(f'include/{path}', guarded(path, '\n'.join(lines)))

    def entry(self, *paths):
        self.header('smtpoll/smtpoll.hpp', *(f'#include "{path}"' for path in paths))

    def opt_in(self, *paths, **by_macro):
        lines = [f'#include "{path}"' for path in ('smtpoll/base/config.hpp', *paths)]
        for macro, path in by_macro.items():
            lines += [f'#if defined({macro})', f'#include "{path}"', '#endif']
        self.header('smtpoll/smtpoll.hpp', *lines)

    def amalgamate(self, *options):
        """The exit code and what was printed."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            code = amalgamate.main(['--root', str(self.root), *options])
        return code, printed.getvalue()

    def text(self):
        self.assertEqual(self.amalgamate(), (0, ''))
        return self.output.read_text(encoding='utf-8')


class Output(Tree):
    def test_licence_and_version_stand_at_the_top(self):
        self.entry('smtpoll/base/config.hpp')
        self.assertTrue(self.text().startswith('// smtpoll 1.2.3 as a single header'))
        self.assertIn('// Free for all\n', self.text())

    def test_each_file_stands_once_after_what_it_needs(self):
        self.header('smtpoll/base/a.hpp', '#include "smtpoll/base/config.hpp"', '', 'int a;  // of a')
        self.header('smtpoll/protocol/b.hpp', '#include "smtpoll/base/a.hpp"', '', 'int b;')
        self.entry('smtpoll/protocol/b.hpp', 'smtpoll/base/config.hpp', 'smtpoll/base/a.hpp')
        text = self.text()
        places = [text.index(line) for line in (CONFIG, 'int a;  // of a', 'int b;')]
        self.assertEqual(places, sorted(places))
        self.assertEqual([text.count(line) for line in (CONFIG, 'int a;', 'int b;')], [1, 1, 1])
        self.assertNotIn('#include', text)

    def test_the_whole_output_for_one_file(self):
        lines = '#include <b>', '#include <a.h>', '', CONFIG, '', '', '// two lines above'
        self.header('smtpoll/base/config.hpp', *lines)
        self.entry('smtpoll/base/config.hpp')
        self.assertEqual(self.text(), '''\
// smtpoll 1.2.3 as a single header, made from include/ by amalgamate.py.
//
// Free for all

// About smtpoll/smtpoll.hpp.
#ifndef SMTPOLL_SMTPOLL_HPP
#define SMTPOLL_SMTPOLL_HPP

//   smtpoll/base/config.hpp

#include <a.h>
#include <b>

// ---- smtpoll/base/config.hpp ----
// About smtpoll/base/config.hpp.
#ifndef SMTPOLL_BASE_CONFIG_HPP
#define SMTPOLL_BASE_CONFIG_HPP

#define SMTPOLL_VERSION "1.2.3"


// two lines above

#endif

#endif
''')

    def test_bodies_included_at_the_end_follow_their_header(self):
        bodies = 'smtpoll/base/detail/a_impl.hpp'
        self.header('smtpoll/base/a.hpp', 'int a();', '', f'#include "{bodies}"')
        self.header(bodies, '#include "smtpoll/base/a.hpp"', '', 'inline int a() { return 1; }')
        for first in ('smtpoll/base/a.hpp', bodies):
            self.entry('smtpoll/base/config.hpp', first)
            text = self.text()
            self.assertLess(text.index('int a();'), text.index('inline int a()'))

    def test_system_includes_are_hoisted_but_those_under_if_stay(self):
        self.header('smtpoll/base/a.hpp', '#include <vector>  // why', '#if defined(_WIN32)', '#include <winsock2.h>',
                    '#endif', '#include <array>', 'int a;')
        self.header('smtpoll/base/b.hpp', '#include <vector>')
        self.entry('smtpoll/base/config.hpp', 'smtpoll/base/a.hpp', 'smtpoll/base/b.hpp')
        text = self.text()
        self.assertIn('\n\n#include <array>\n#include <vector>\n\n// ----', text)
        self.assertIn('#if defined(_WIN32)\n#include <winsock2.h>\n#endif\nint a;', text)
        self.assertEqual(text.count('#include <vector>'), 1)

    def test_opt_in_headers_come_last_under_their_macros(self):
        self.header('smtpoll/base/a.hpp', '#include <vector>', 'int a;')
        self.header('smtpoll/transport/shared.hpp', '#include "smtpoll/base/a.hpp"', '#include <vector>',
                    '#include <shared>', 'int shared;')
        for name in ('one', 'two'):
            self.header(f'smtpoll/transport/{name}.hpp', '#include "smtpoll/transport/shared.hpp"',
                        f'#include <lib{name}>', f'int {name};')
        self.opt_in('smtpoll/base/a.hpp', SMTPOLL_ONE='smtpoll/transport/one.hpp',
                    SMTPOLL_TWO='smtpoll/transport/two.hpp')
        text = self.text()
        self.assertIn('//   smtpoll/transport/one.hpp with SMTPOLL_ONE\n', text)
        self.assertEqual(text.count('#include <vector>'), 1)
        self.assertEqual(text.count('int shared;'), 1)
        head = '// About smtpoll/transport'
        shared, one, two, end = (text.index(line) for line in (
            '\n\n#if defined(SMTPOLL_ONE) || defined(SMTPOLL_TWO)\n\n#include <shared>\n\n'
            f'// ---- smtpoll/transport/shared.hpp ----\n{head}/shared.hpp',
            f'\n\n#if defined(SMTPOLL_ONE)\n\n#include <libone>\n\n// ---- smtpoll/transport/one.hpp ----\n{head}/one.hpp',
            f'\n\n#if defined(SMTPOLL_TWO)\n\n#include <libtwo>\n\n// ---- smtpoll/transport/two.hpp ----\n{head}/two.hpp',
            'int two;\n\n#endif\n\n#endif\n\n#endif\n'))
        self.assertLess(text.index('int a;'), shared)
        self.assertEqual([shared, one, two, end], sorted([shared, one, two, end]))

    def test_an_include_in_a_comment_is_text(self):
        self.header('smtpoll/base/a.hpp', '// #include "x.hpp"', '/* for instance', '#include "y.hpp"', '*/', 'int a;')
        self.entry('smtpoll/base/config.hpp', 'smtpoll/base/a.hpp')
        self.assertIn('// #include "x.hpp"\n/* for instance\n#include "y.hpp"\n*/\nint a;', self.text())

    def test_the_same_bytes_every_time(self):
        self.header('smtpoll/base/a.hpp', '#include <vector>', '#include <array>', '#include <string>')
        self.entry('smtpoll/base/config.hpp', 'smtpoll/base/a.hpp')
        self.assertEqual(self.text(), self.text())

    def test_check_goes_red_when_a_byte_changes(self):
        self.entry('smtpoll/base/config.hpp')
        code, printed = self.amalgamate('--check')
        self.assertEqual(code, 1, 'there is no output yet')
        self.text()
        self.assertEqual(self.amalgamate('--check'), (0, ''))
        for change in (lambda text: text + b'\n', lambda text: text.replace(b'1.2.3', b'1.2.4'), lambda text: b''):
            fresh = self.output.read_bytes()
            self.output.write_bytes(change(fresh))
            code, printed = self.amalgamate('--check')
            self.assertEqual(code, 1)
            self.assertIn('is stale. To mend it: python3 single_include/amalgamate.py', printed)
            self.output.write_bytes(fresh)
        self.header('smtpoll/base/config.hpp', CONFIG, '// changed')
        self.assertEqual(self.amalgamate('--check')[0], 1)

    def test_version_is_that_of_the_macro(self):
        self.assertEqual(self.amalgamate('--version'), (0, '1.2.3\n'))


class Laws(Tree):
    def refuse(self, place, sentence):
        """The script says `sentence` about `place`, and writes nothing."""
        for options in ([], ['--check']):
            code, printed = self.amalgamate(*options)
            self.assertEqual(code, 1)
            self.assertRegex(printed, f'(?m)^include/{place}: .*{sentence}')
        self.assertFalse(self.output.exists())

    def refuse_header(self, path, number, sentence, *lines):
        """As refuse, for line `number` of `lines` in header `path`, whose guard has the four lines before."""
        self.header(path, *lines)
        self.entry('smtpoll/base/config.hpp', path)
        self.refuse(f'{path}:{number + 4}', sentence)

    def test_floors(self):
        allowed = {'base': 'base', 'message': 'base message', 'protocol': 'base protocol', 'socket': 'base socket',
                   'transport': 'base socket transport', 'client': 'base message protocol socket transport client',
                   'pop3': 'base protocol socket transport client pop3'}
        self.assertEqual(set(amalgamate.FLOORS), {*allowed, 'pop3.hpp', 'testing.hpp'})
        for floor in allowed:
            self.header(f'smtpoll/{floor}/low.hpp', '')
        for upper in allowed:
            for lower in allowed:
                path = f'smtpoll/{upper}/high.hpp'
                self.header(path, f'#include "smtpoll/{lower}/low.hpp"')
                self.entry('smtpoll/base/config.hpp', path, *(f'smtpoll/{floor}/low.hpp' for floor in allowed))
                if lower in allowed[upper].split():
                    self.text()
                    self.output.unlink()
                else:
                    self.refuse(f'{path}:5', f'against the floors, {upper} does not know {lower}')
            (self.root / 'include' / path).unlink()

    def test_what_is_opt_in_stands_above_all_floors(self):
        folders = set(amalgamate.FLOORS) - {'pop3.hpp', 'testing.hpp'}
        self.assertEqual(set(amalgamate.FLOORS['testing.hpp']), folders - {'pop3'})
        self.assertEqual(set(amalgamate.FLOORS['pop3.hpp']), folders - {'message'})
        for header in ('pop3.hpp', 'testing.hpp'):
            for floor in folders:
                self.header(f'smtpoll/{header}', '')
                self.refuse_header(f'smtpoll/{floor}/a.hpp', 1, f'against the floors, {floor} does not know {header}',
                                   f'#include "smtpoll/{header}"')
            (self.root / f'include/smtpoll/{floor}/a.hpp').unlink()

    def test_no_floor_knows_the_one_include(self):
        sentence = 'against the floors, client does not know smtpoll.hpp'
        self.refuse_header('smtpoll/client/a.hpp', 1, sentence, '#include "smtpoll/smtpoll.hpp"')

    def test_a_folder_that_is_no_floor(self):
        for path in ('smtpoll/attic/a.hpp', 'smtpoll/a.hpp'):
            self.header(path, '')
            self.entry('smtpoll/base/config.hpp', path)
            self.refuse(f'{path}:1', 'lies on no floor')

    def test_macro_without_prefix(self):
        self.refuse_header('smtpoll/base/a.hpp', 2, '#define MAX_SIZE: a macro of ours starts with SMTPOLL_', '',
                           '#  define MAX_SIZE(x) x', '#undef MAX_SIZE')

    def test_macro_for_a_system_header_is_taken_back(self):
        for name in ('NOMINMAX', 'WIN32_LEAN_AND_MEAN'):
            sentence = f'#define {name} without an #undef {name} after it'
            self.refuse_header('smtpoll/base/a.hpp', 2, sentence, f'#undef {name}', f'#define {name}')
            self.header('smtpoll/base/a.hpp', f'#define {name}', '#if 1', '#include <a>', '#endif', f'#undef {name}')
            self.text()
            self.output.unlink()

    def test_local_include_under_if(self):
        self.header('smtpoll/base/b.hpp', '')
        self.refuse_header('smtpoll/base/a.hpp', 2, 'a local include under #if', '#ifdef _WIN32',
                           '#include "smtpoll/base/b.hpp"', '#endif')

    def test_local_include_in_the_middle(self):
        self.header('smtpoll/base/b.hpp', '')
        self.refuse_header('smtpoll/base/a.hpp', 3, 'code after a local include', 'int a;',
                           '#include "smtpoll/base/b.hpp"', 'int b;')

    def test_local_include_in_another_form(self):
        self.header('smtpoll/base/b.hpp', '')
        for target in ('"b.hpp"', '<smtpoll/base/b.hpp>', 'SMTPOLL_FILE', '"other/b.hpp"'):
            sentence = f'#include {target}: ours are written "smtpoll/floor/file.hpp", all others <file>'
            self.refuse_header('smtpoll/base/a.hpp', 1, sentence, f'#include {target}')

    def test_no_entry(self):
        self.refuse('smtpoll/smtpoll.hpp', 'there is no such file; the script wants it')

    def test_include_of_nothing(self):
        self.header('smtpoll/base/a.hpp', '#include "smtpoll/base/b.hpp"')
        self.entry('smtpoll/base/config.hpp', 'smtpoll/base/a.hpp')
        self.refuse('smtpoll/base/b.hpp', 'there is no such file; smtpoll/base/a.hpp wants it')

    def test_circle(self):
        self.header('smtpoll/base/a.hpp', '#include "smtpoll/base/b.hpp"')
        self.header('smtpoll/base/b.hpp', '#include "smtpoll/base/a.hpp"')
        self.entry('smtpoll/base/config.hpp', 'smtpoll/base/a.hpp')
        self.refuse('smtpoll/base/a.hpp', 'circle: smtpoll/base/a.hpp -> smtpoll/base/b.hpp -> smtpoll/base/a.hpp')

    def test_orphan(self):
        self.entry('smtpoll/base/config.hpp')
        self.header('smtpoll/base/a.hpp', '')
        self.refuse('smtpoll/base/a.hpp', 'an orphan: smtpoll/smtpoll.hpp does not reach it')

    def test_opt_in_keeps_the_laws(self):
        path = 'smtpoll/transport/tls.hpp'
        self.opt_in(SMTPOLL_TLS=path)
        self.refuse(path, 'there is no such file; smtpoll/smtpoll.hpp wants it')
        self.header(path, '#include "smtpoll/transport/tls_detail.hpp"', '#define TLS')
        self.header('smtpoll/transport/tls_detail.hpp', 'int tls;')
        self.refuse(f'{path}:6', '#define TLS: a macro of ours starts with SMTPOLL_')
        self.header(path, '#include "smtpoll/client/high.hpp"')
        self.header('smtpoll/client/high.hpp', '')
        self.refuse(f'{path}:5', 'against the floors, transport does not know client')

    def test_opt_in_is_reached_by_its_macro_only(self):
        path = 'smtpoll/transport/tls.hpp'
        self.header(path, '')
        self.opt_in(path, SMTPOLL_TLS=path)
        self.refuse(path, 'opt-in by SMTPOLL_TLS, but smtpoll/smtpoll.hpp reaches it without')

    def test_opt_in_is_by_one_macro_of_ours_and_in_the_entry(self):
        path = 'smtpoll/transport/tls.hpp'
        self.header(path, '')
        for condition in ('if defined(TLS)', 'ifdef SMTPOLL_TLS', 'if defined(SMTPOLL_A) || defined(SMTPOLL_B)'):
            self.header('smtpoll/smtpoll.hpp', '#include "smtpoll/base/config.hpp"', f'#{condition}',
                        f'#include "{path}"', '#endif')
            self.refuse('smtpoll/smtpoll.hpp:7', 'a local include under #if')
        self.header('smtpoll/transport/a.hpp', '#if defined(SMTPOLL_TLS)', f'#include "{path}"', '#endif')
        self.entry('smtpoll/base/config.hpp', 'smtpoll/transport/a.hpp', path)
        self.refuse('smtpoll/transport/a.hpp:6', 'a local include under #if')

    def test_include_guard(self):
        path = 'smtpoll/base/a.hpp'
        right = guarded(path, 'int a;')
        name = 'SMTPOLL_BASE_A_HPP'
        for wrong in ('int a;\n', f'#pragma once\n{right}', right.replace(name, 'SMTPOLL_A_HPP'), right + 'int b;\n',
                      right.replace(f'#define {name}', '#define SMTPOLL_BASE_B_HPP'), 'int b;\n' + right,
                      right + '#ifndef SMTPOLL_B\nint b;\n#endif\n'):
            self.write(f'include/{path}', wrong)
            self.entry('smtpoll/base/config.hpp', path)
            self.refuse(f'{path}:1', f'the include guard {name} is missing, wrong, or not around the whole file')

    def test_length(self):
        path = 'smtpoll/base/a.hpp'
        lines_beside = guarded(path, '').count('\n') - 1
        self.refuse_header(path, 601 - 4, 'longer than 600 lines', *['// line'] * (601 - lines_beside))
        self.header(path, *['// line'] * (600 - lines_beside))
        self.text()


if __name__ == '__main__':
    unittest.main()
