#!/usr/bin/env python3
"""The command-line sender: its options, sendmail's, cron's and git's ways to call it, exit codes, the progress bar.

usage: smtpoll_send_check.py PROGRAM
"""

import email
import email.policy
import json
import os
import pathlib
import pty
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

import smtp_recorder
import tls_server

PROGRAM = str(pathlib.Path(sys.argv.pop()).resolve())
GIT_SEND_EMAIL = '/usr/lib/git-core/git-send-email'


class Sender(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = {'PATH': os.environ['PATH'], 'HOME': folder.name, 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC'}
        self.configure('domain box.example.org')
        for name in ('sendmail', 'mailq'):
            (self.folder / name).symlink_to(PROGRAM)

    def configure(self, *lines):
        path = self.folder / 'configuration'
        path.write_text('# as /etc/smtpoll_send.conf\n' + ''.join(line + '\n' for line in lines))
        self.environment['SMTPOLL_SEND_CONFIG'] = str(path)

    def record(self, answers=None):
        recorder = smtp_recorder.Recorder()
        recorder.answers = answers or {}
        self.addCleanup(recorder.close)
        self.environment['SMTP_SERVER'] = recorder.url
        return recorder

    def run_program(self, *arguments, stdin='', program=PROGRAM):
        if isinstance(stdin, str):
            stdin = stdin.encode()
        return subprocess.run([program, *map(str, arguments)], input=stdin, env=self.environment, capture_output=True,
                              timeout=60, check=False)

    def send(self, *arguments, code=0, **more):
        result = self.run_program(*arguments, **more)
        self.assertEqual(result.returncode, code, result.stderr.decode())
        return result


def parse(mail):
    """What was received, its line ends, which are all CRLF, as python has them."""
    content = mail['content'].replace(b'\r\n', b'\n')
    assert content.replace(b'\n', b'\r\n') == mail['content'] and b'\r' not in content
    return email.message_from_bytes(content, policy=email.policy.default)


class Options(Sender):
    def test_a_message_of_options(self):
        recorder = self.record()
        attachment = self.folder / 'r\xe9sum\xe9.bin'
        attachment.write_bytes(bytes(range(256)))
        result = self.send('--from', 'Al <alice@x.org>', '--to', 'bob@y.org', '--to=carol@y.org', '--cc', 'dan@y.org',
                           '--bcc', 'eve@y.org', '--subject', 'Gr\xfc\xdfe', '--body', 'Hello', '--html', '<p>Hello</p>',
                           '--attach', attachment, '--header', 'X-Mailer: test', 'fred@y.org')
        self.assertEqual((result.stdout, result.stderr), (b'', b''))
        self.assertEqual(recorder.mails[0]['from'], 'alice@x.org')
        self.assertEqual(recorder.mails[0]['to'],
                         [f'{name}@y.org' for name in ('bob', 'carol', 'fred', 'dan', 'eve')])
        message = parse(recorder.mails[0])
        self.assertEqual(message['Subject'], 'Gr\xfc\xdfe')
        self.assertEqual(message['X-Mailer'], 'test')
        self.assertEqual(message['Cc'], 'dan@y.org')
        self.assertNotIn(b'eve@', recorder.mails[0]['content'])
        self.assertEqual(message.get_body(('plain',)).get_content().strip(), 'Hello')
        part = next(message.iter_attachments())
        self.assertEqual((part.get_filename(), part.get_content()), (attachment.name, attachment.read_bytes()))

    def test_the_body_from_standard_input(self):
        recorder = self.record()
        self.send('--from', 'alice@x.org', '--to', 'bob@y.org', '--stdin', stdin='one\n.\n..two\n')
        self.assertEqual(parse(recorder.mails[0]).get_content(), 'one\n.\n..two\n')

    def test_addresses_get_domains_and_aliases(self):
        recorder = self.record()
        self.configure('domain box.example.org', 'alias root=ops@example.org')
        self.send('--from', 'alice', '--to', '"Doe, Jane" <jane>, root, Team: a, b@y.org;', '--body', 'x')
        self.assertEqual(recorder.mails[0]['from'], 'alice@box.example.org')
        self.assertEqual(recorder.mails[0]['to'],
                         ['jane@box.example.org', 'ops@example.org', 'a@box.example.org', 'b@y.org'])

    def test_a_ready_made_message(self):
        recorder = self.record()
        path = self.folder / 'ready.eml'
        path.write_text('From: Al <alice@x.org>\nTo: bob@y.org,\n carol@y.org\nbCC: eve@y.org\nSubject: hi\n\n.body\n')
        self.send('--eml', path)
        self.assertEqual(recorder.mails[0]['to'], ['bob@y.org', 'carol@y.org', 'eve@y.org'])
        self.assertNotIn(b'eve', recorder.mails[0]['content'])
        message = parse(recorder.mails[0])
        self.assertEqual(message.get_content(), '.body\n')
        self.assertTrue(message['Date'] and message['Message-ID'])
        self.send('--eml', '-', '--to', 'dan@y.org', '--header', 'Subject: other', stdin=path.read_bytes())
        self.assertEqual(recorder.mails[1]['to'], ['dan@y.org'])
        self.assertEqual(parse(recorder.mails[1]).get_all('Subject'), ['other'])

    def test_a_dry_run_connects_to_nobody(self):
        recorder = self.record()
        result = self.send('--from', 'alice@x.org', '--to', 'bob@y.org', '--subject', 'hi', '--body', 'x', '--dry-run')
        self.assertEqual(email.message_from_bytes(result.stdout)['Subject'], 'hi')
        self.assertIn(b'to bob@y.org', result.stderr)
        self.assertEqual(recorder.lines, [])

    def test_verbose_shows_the_dialogue_and_no_secret(self):
        recorder = self.record({'EHLO': '250-x\r\n250 AUTH PLAIN', 'AUTH': '235 ok'})
        result = self.send('--from', 'alice@x.org', '--to', 'bob@y.org', '--tls', 'never', '--auth', 'alice:sesame',
                           '--verbose', '--report', '--body', 'x')
        self.assertIn(b'> MAIL FROM:<alice@x.org>', result.stderr)
        self.assertIn(b'> AUTH PLAIN ****', result.stderr)
        self.assertIn('AUTH PLAIN AGFsaWNlAHNlc2FtZQ==', recorder.lines)
        report = json.loads(result.stdout)
        self.assertEqual((report['mechanism'], report['messages']['sent']), ('PLAIN', 1))
        for secret in (b'sesame', b'AGFsaWNlAHNlc2FtZQ'):
            self.assertNotIn(secret, result.stdout + result.stderr)

    def test_passwords_from_the_environment_a_file_and_a_url(self):
        password = self.folder / 'password'
        password.write_text('sesame\n')
        words = ['--from', 'alice@x.org', '--to', 'bob@y.org', '--tls', 'never', '--body', 'x']
        recorder = self.record({'EHLO': '250-x\r\n250 AUTH PLAIN', 'AUTH': '235 ok'})
        self.send(*words, '--auth', 'alice', '--password-file', password)
        self.send(*words, '--server', f'smtp://alice:ses%61me@127.0.0.1:{recorder.port}')
        self.environment['SMTP_PASSWORD'] = 'sesame'
        self.send(*words, '--auth', 'alice')
        self.assertEqual(recorder.lines.count('AUTH PLAIN AGFsaWNlAHNlc2FtZQ=='), 3)

    def test_the_progress_bar_is_for_terminals(self):
        self.record()
        attachment = self.folder / 'large.bin'
        attachment.write_bytes(bytes(60000))
        words = ['--from', 'alice@x.org', '--to', 'bob@y.org', '--attach', str(attachment)]
        self.assertEqual(self.send(*words).stderr, b'')
        terminal, end = pty.openpty()
        subprocess.run([PROGRAM, *words], env=self.environment, stderr=end, timeout=60, check=True)
        os.close(end)
        shown = b''
        try:
            while piece := os.read(terminal, 4096):
                shown += piece
        except OSError:
            pass  # the end of a terminal
        os.close(terminal)
        self.assertIn(b'#', shown)
        self.assertIn(b'100 %', shown)
        self.assertTrue(shown.endswith(b'sent, kept\r\n'), shown)


class Sendmail(Sender):
    def test_recipients_from_the_header(self):
        recorder = self.record()
        letter = ('From: Al <alice@x.org>\nTo: "Last, First" <bob@y.org>\nCc: carol@y.org\nBcc: eve@y.org,\n fred@y.org\n'
                  'Subject: hi\n\nbody\n.\nmore\n')
        self.send('-t', '-i', stdin=letter)
        self.send('-ti', '-f', 'bounce@x.org', '--', 'dan@y.org', stdin=letter)
        self.send('-oi', '-t', '-r<>', stdin=letter)
        all_of_them = ['bob@y.org', 'carol@y.org', 'eve@y.org', 'fred@y.org']
        self.assertEqual([mail['to'] for mail in recorder.mails],
                         [all_of_them, ['dan@y.org', *all_of_them], all_of_them])
        self.assertEqual([mail['from'] for mail in recorder.mails], ['alice@x.org', 'bounce@x.org', ''])
        for mail in recorder.mails:
            self.assertNotIn(b'eve', mail['content'])
            self.assertNotIn(b'fred', mail['content'])
            self.assertEqual(parse(mail).get_content(), 'body\n.\nmore\n')

    def test_a_dot_ends_the_message_without_i(self):
        recorder = self.record()
        self.send('bob@y.org', stdin='Subject: hi\n\nbody\n.\nmore\n', program=self.folder / 'sendmail')
        self.send('-i', 'bob@y.org', stdin='Subject: hi\n\nbody\n.\nmore\n', program=self.folder / 'sendmail')
        self.assertEqual([parse(mail).get_content() for mail in recorder.mails], ['body\n', 'body\n.\nmore\n'])

    def test_without_t_the_header_names_nobody(self):
        recorder = self.record()
        self.send('-i', 'bob@y.org', stdin='To: carol@y.org\nBcc: eve@y.org\nSubject: hi\n\nbody\n')
        self.assertEqual(recorder.mails[0]['to'], ['bob@y.org'])
        self.assertNotIn(b'eve', recorder.mails[0]['content'])
        self.send('-i', stdin='Subject: hi\n\nbody\n', code=64)

    def test_resent_fields_are_the_recipients_of_a_resent_message(self):
        recorder = self.record()
        self.send('-t', '-i', stdin='Resent-To: dan@y.org\nResent-Bcc: eve@y.org\nResent-From: a@x.org\nFrom: b@x.org\n'
                                    'To: bob@y.org\nDate: Thu, 1 Jan 1970 00:00:00 +0000\n\nbody\n')
        self.assertEqual(recorder.mails[0]['to'], ['dan@y.org', 'eve@y.org'])
        self.assertNotIn(b'eve', recorder.mails[0]['content'])

    def test_cron(self):
        """As Debian's cron calls it, by what it writes."""
        recorder = self.record()
        self.configure('domain box.example.org', 'alias root=ops@example.org', 'from box@example.org')
        self.send('-FCronDaemon', '-i', '-B8BITMIME', '-oem', 'root', program=self.folder / 'sendmail', stdin=(
            'From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@box> /usr/local/bin/backup\nMIME-Version: 1.0\n'
            'Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n'
            'X-Cron-Env: <SHELL=/bin/sh>\n\nSicherung f\xfcr heute fertig\n.\n'))
        mail, message = recorder.mails[0], parse(recorder.mails[0])
        self.assertEqual((mail['from'], mail['to']), ('box@example.org', ['ops@example.org']))
        self.assertIn('BODY=8BITMIME', mail['line'])
        self.assertEqual(message['From'].addresses[0].addr_spec, 'root@box.example.org')
        self.assertEqual(message['To'].addresses[0].addr_spec, 'root@box.example.org')
        self.assertEqual(message.get_content(), 'Sicherung f\xfcr heute fertig\n.\n')
        self.assertTrue(message['Date'] and message['Message-ID'])
        self.assertEqual(message.defects, [])

    def test_what_mail_programs_leave_out(self):
        """mail(1) and scripts: no From, a line of an mbox, no header at all."""
        recorder = self.record()
        self.send('-i', '-F', 'The "Box"', 'bob@y.org', stdin='From alice Thu Jan  1 00:00:00 1970\nSubject: hi\n\nbody\n')
        self.send('-i', 'bob@y.org', stdin='just a line: with a colon\nand more\n')
        first, second = (parse(mail) for mail in recorder.mails)
        self.assertEqual(first['From'].addresses[0].display_name, 'The "Box"')
        self.assertTrue(first['From'].addresses[0].addr_spec.endswith('@box.example.org'))
        self.assertEqual((first['Subject'], first.get_content()), ('hi', 'body\n'))
        self.assertEqual(second.get_content(), 'just a line: with a colon\nand more\n')

    def test_its_other_jobs(self):
        for arguments, program in ((['-bp'], PROGRAM), (['-q'], PROGRAM), ([], self.folder / 'mailq')):
            self.assertIn(b'empty', self.send(*arguments, program=program).stdout)
        self.send('-bs', code=64)

    @unittest.skipUnless(pathlib.Path(GIT_SEND_EMAIL).exists() and shutil.which('git'),
                         'git send-email is missing; sh tests/tools/setup.sh git installs it')
    def test_git_send_email(self):
        recorder = self.record()
        git = ['git', '-C', self.folder / 'repository', '-c', 'user.name=Z\xf6e', '-c', 'user.email=zoe@x.org']
        subprocess.run(['git', 'init', '-q', self.folder / 'repository'], env=self.environment, check=True)
        for i in range(3):
            (self.folder / 'repository/file').write_text(f'line {i}\n.\nna\xefve\n')
            subprocess.run([*git, 'add', 'file'], env=self.environment, check=True)
            subprocess.run([*git, 'commit', '-qm', f'Change {i}: na\xefve'], env=self.environment, check=True)
        subprocess.run([*git, 'format-patch', '-q', '-o', '..', '-2'], env=self.environment, check=True)
        patches = sorted(self.folder.glob('*.patch'))
        self.assertEqual(len(patches), 2)
        for way in (['--smtp-server', self.folder / 'sendmail'], ['--sendmail-cmd', f'{PROGRAM} --sendmail']):
            recorder.mails.clear()
            said = subprocess.run([*git, 'send-email', '--confirm=never', '--suppress-cc=all', '--to=list@y.org',
                                   '--bcc=eve@y.org', '--envelope-sender=bounce@x.org', *way, *patches],
                                  env=self.environment, capture_output=True, timeout=60, check=False)
            self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
            self.assertEqual([(mail['from'], mail['to']) for mail in recorder.mails],
                             2 * [('bounce@x.org', ['list@y.org', 'eve@y.org'])])
            for mail, patch in zip(recorder.mails, patches):
                self.assertNotIn(b'eve@', mail['content'])
                message = parse(mail)
                self.assertEqual(message['From'].addresses[0].display_name, 'Z\xf6e')
                self.assertIn('na\xefve', message['Subject'])
                wanted = email.message_from_bytes(patch.read_bytes(), policy=email.policy.default)
                self.assertEqual(message.get_content(), wanted.get_content())


class ExitCodes(Sender):
    WORDS = ['--from', 'alice@x.org', '--to', 'bob@y.org', '--body', 'x', '--timeout', '5']

    def test_of_what_the_server_says(self):
        for answers, code in (({'RCPT': '550 5.1.1 no such user'}, 67), ({'RCPT': '550 unknown user'}, 67),
                              ({'RCPT': '554 5.7.1 relay access denied'}, 69), ({'RCPT': '450 4.2.0 greylisted'}, 75),
                              ({'.': '552 5.3.4 too large'}, 69), ({'.': '451 4.3.0 later'}, 75), ({'.': 'cut'}, 74),
                              ({'DATA': 'cut'}, 75), ({'': '554 go away'}, 69), ({'': '421 busy'}, 75),
                              ({'': 'SSH-2.0-x'}, 76), ({'EHLO': '250-x\r\n250 SIZE 10'}, 69)):
            with self.subTest(answers=answers):
                self.record(answers)
                result = self.send(*self.WORDS, code=code)
                self.assertIn(b'What usually helps', result.stderr)

    def test_of_a_login(self):
        for answer, code in (('535 5.7.8 no', 77), ('454 4.7.0 later', 75)):
            self.record({'EHLO': '250-x\r\n250 AUTH PLAIN', 'AUTH': answer})
            self.send(*self.WORDS, '--tls', 'never', '--auth', 'alice:sesame', code=code)
        self.record()
        self.send(*self.WORDS, '--auth', 'alice:sesame', code=76)  # no STARTTLS is offered
        self.send(*self.WORDS, '--tls', 'never', '--auth', 'alice:sesame', code=78)  # nor AUTH

    def test_some_recipients_refused(self):
        recorder = self.record({'RCPT TO:<BOB': '550 5.1.1 no such user'})
        result = self.send(*self.WORDS, '--to', 'carol@y.org', code=67)
        self.assertEqual(recorder.mails[0]['to'], ['carol@y.org'])
        self.assertIn(b'bob@y.org: refused, 550 no such user', result.stderr)
        self.send(*self.WORDS, '--to', 'carol@y.org', '--all-or-none', code=67)
        self.assertEqual(len(recorder.mails), 1)

    def test_of_the_way_to_the_server(self):
        with socket.create_server(('127.0.0.1', 0)) as listener:
            port = listener.getsockname()[1]
        self.send(*self.WORDS, '--server', f'smtp://127.0.0.1:{port}', code=75)
        self.send(*self.WORDS, '--server', 'smtp://no-such-host.invalid', code=68)

    def test_of_what_it_is_asked(self):
        recorder = self.record()
        for words in (['--nothing'], ['--to'], ['--stdin=x'], ['--server', 'http://x'], ['--server', 'smtp://x:99999'],
                      ['--tls', 'perhaps'], ['--header', 'none'], ['--header', 'bcc: eve@y.org'], ['-Z']):
            with self.subTest(words=words):
                self.send('--from', 'alice@x.org', '--to', 'bob@y.org', *words, code=64)
        self.send('--from', 'alice@x.org', '--body', 'x', code=64)
        self.send('--from', 'alice@x.org', '--to', 'bob@@y.org', code=65)
        self.send(*self.WORDS, '--subject', 'a\nb', code=65)
        self.send(*self.WORDS, '--attach', self.folder / 'nothing', code=66)
        self.send('--eml', self.folder / 'nothing', code=66)
        self.send(*self.WORDS, '--mechanism', 'MAGIC', code=78)
        self.assertEqual(recorder.mails, [])
        self.configure('no-such-option x')
        self.assertIn(b'configuration', self.send(*self.WORDS, code=64).stderr)

    def test_help_names_every_option(self):
        said = self.send('--help').stdout.decode()
        for name in ('server', 'auth', 'eml', 'stdin', 'dry-run', 'verbose', 'attach', 'header'):
            self.assertIn(f'--{name} ', said)
        self.assertRegex(self.send('--version').stdout.decode(), r'^smtpoll_send \d+\.\d+\.\d+\n$')


class Tls(Sender):
    @unittest.skipUnless(shutil.which('openssl'), 'the openssl command is missing; sh tests/tools/setup.sh tls')
    def test_starttls_and_implicit_tls(self):
        script = pathlib.Path(__file__).with_name('tls_certificates.sh')
        subprocess.run(['sh', script, self.folder], capture_output=True, check=True)
        words = ['--from', 'alice@example.org', '--to', 'bob@example.org', '--body', 'Top secret', '--auth',
                 'alice:open-sesame']
        for mode, scheme in (('starttls', 'smtp'), ('tls', 'smtps')):
            server = tls_server.Server(self.folder, {'mode': mode, 'after': 'AUTH PLAIN'})
            self.addCleanup(server.close)
            url = ['--server', f'{scheme}://localhost:{server.port}']
            self.assertIn(b'CertificateAuthorityFile', self.send(*words, *url, code=76).stderr)
            self.send(*words, *url, '--ca', self.folder / 'ca.pem')
            server.settle()
            self.assertIn(b'Top secret', server.secret)
            self.assertNotIn(b'alice', server.plain)


if __name__ == '__main__':
    unittest.main()
