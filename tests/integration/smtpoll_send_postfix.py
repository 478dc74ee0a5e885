#!/usr/bin/env python3
"""The command-line sender in the place of sendmail, to a Postfix: cron's mail, a script's with -t and Bcc, git send-email,
and an attachment. For run_postfix.sh, as its program and as its checker.

usage: smtpoll_send_postfix.py HOST PORT COUNT OUTDIR     sends; SMTPOLL_SEND names the program
       smtpoll_send_postfix.py COUNT OUTDIR MAILDIR       compares what arrived
"""

import email
import email.policy
import os
import pathlib
import shutil
import subprocess
import sys

CRON = ('From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@box> run-parts /etc/cron.daily\nMIME-Version: 1.0\n'
        'Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\n\nf\xfcnf Dateien\n.\n..\n')
LETTER = ('From: Script <script@test.example>\nTo: to@test.example\nCc: Carol <cc@test.example>\nBcc: bcc@test.example\n'
          'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?=\n\n.one\n..two\n')


def run(words, environment, stdin=b''):
    subprocess.run([str(word) for word in words], env=environment, input=stdin, stdout=subprocess.DEVNULL, timeout=60,
                   check=True)


def patches(folder):
    return sorted(folder.glob('*.patch'))


def send(host, port, folder):
    sendmail = folder / 'sendmail'
    sendmail.symlink_to(pathlib.Path(os.environ['SMTPOLL_SEND']).resolve())
    configuration = folder / 'configuration'
    configuration.write_text(f'server smtp://{host}:{port}\ndomain test.example\nalias root=admin@test.example\n')
    environment = {'PATH': os.environ['PATH'], 'HOME': str(folder), 'LC_ALL': 'C.UTF-8', 'TZ': 'UTC',
                   'SMTPOLL_SEND_CONFIG': str(configuration)}
    run([sendmail, '-FCronDaemon', '-i', '-B8BITMIME', '-oem', 'root'], environment, CRON.encode())
    run([sendmail, '-t', '-i', '-f', 'bounces@test.example'], environment, LETTER.encode())
    attachment = folder / 'attachment.bin'
    attachment.write_bytes(os.urandom(300000))
    run([os.environ['SMTPOLL_SEND'], '--from', 'alice', '--to', 'attached', '--subject', 'A file', '--attach',
         attachment], environment)
    if not shutil.which('git') or not pathlib.Path('/usr/lib/git-core/git-send-email').exists():
        print('without git send-email; sh tests/tools/setup.sh git installs it')
        return
    git = ['git', '-C', folder / 'repository', '-c', 'user.name=Zo\xeb', '-c', 'user.email=zoe@test.example']
    run(['git', 'init', '-q', folder / 'repository'], environment)
    for i in range(4):
        (folder / 'repository/file').write_text(f'line {i}\n.\nna\xefve\nFrom here\n')
        run([*git, 'add', 'file'], environment)
        run([*git, 'commit', '-qm', f'Change {i}: na\xefve\n\n.With a dot in front, and\nFrom here on.'], environment)
    run([*git, 'format-patch', '-q', '-o', folder, '-3'], environment)
    run([*git, 'send-email', '--confirm=never', '--suppress-cc=all', '--to=list@test.example', '--bcc=secret@test.example',
         '--smtp-server', sendmail, *patches(folder)], environment)


def check(folder, maildir):
    arrived = {}
    for file in maildir.iterdir():
        message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        assert message.defects == [], (file, message.defects)
        assert message['Date'] and message['Message-ID'] and not message['Bcc']
        # Whoever got it by Bcc is named by Postfix, and by nobody else.
        to = message['Delivered-To']
        for hidden in ('bcc@', 'secret@'):
            assert hidden in to or hidden not in message.as_string()
        arrived.setdefault(to, []).append(message)
    cron, = arrived.pop('admin@test.example')
    assert cron.get_content() == CRON.split('\n\n', 1)[1]
    assert cron['From'].addresses[0].addr_spec == 'root@test.example' and cron['To'] == 'root@test.example'
    for to in ('to', 'cc', 'bcc'):
        letter, = arrived.pop(f'{to}@test.example')
        assert letter['Subject'] == 'Gr\xfc\xdfe' and letter['Return-Path'] == '<bounces@test.example>'
        assert letter.get_content() == LETTER.split('\n\n', 1)[1]
    attached, = arrived.pop('attached@test.example')
    part, = attached.iter_attachments()
    assert part.get_content() == (folder / 'attachment.bin').read_bytes()
    sent = [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in patches(folder)]
    for to in ('list', 'secret') if sent else ():
        got = sorted(arrived.pop(f'{to}@test.example'), key=lambda message: message['Subject'])
        assert [(m['Subject'], m.get_content()) for m in got] == [(m['Subject'], m.get_content()) for m in sent]
        assert len(got) == 3
    assert not arrived, arrived.keys()
    print(f'cron, a script with Bcc, an attachment and {len(sent)} patches arrived as they were sent')


if len(sys.argv) == 5:
    send(sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[4]))
elif len(sys.argv) == 4:
    check(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
else:
    sys.exit(__doc__)
