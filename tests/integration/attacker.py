#!/usr/bin/env python3
"""Attacks the client in the middle of its way to a real Postfix, one attack a run, for STARTTLS and implicit TLS.

usage: attacker.py PROGRAM...   each an attacker_client; exit code 77, with a word, where something is missing

After each attack nothing of credentials, envelope or content stands in the attacker's log (attacker_wire.py), the
client's error is the right one and says what to do, and what the client holds of its message is true: what it calls
sent lies in a mailbox, what it calls queued does not.
"""

import base64
import concurrent.futures
import glob
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from attacker_wire import Attack, Cut, Middle

HERE = pathlib.Path(__file__).parent
os.environ['PATH'] += ':/usr/sbin:/sbin'
TLS_HANDSHAKE, UNTRUSTED, NAME, EXPIRED, REFUSED = 1015, 1016, 1017, 1018, 1022
NO_AUTH, UNEXPECTED = 1007, 1005
# Unicode 3.2 does not know the last character (RFC 3454 A.1): SCRAM leaves it as it is, on both sides.
USER, PASSWORD = 'alice', 'open-sesame-of-alice\U0001f98a'


def skip(word):
    print(f'skipped: {word}')
    sys.exit(77)


class Servers:
    """A Postfix of our own on four ports: plain and wrapped, with AUTH and without it behind TLS."""

    def __init__(self, folder):
        self.folder = folder
        held = [socket.create_server(('127.0.0.1', 0)) for _ in range(4)]
        ports = [one.getsockname()[1] for one in held]
        for one in held:
            one.close()
        self.starttls, self.wrapped, self.starttls_no_auth, self.wrapped_no_auth = ports
        self.run('sh', HERE / 'postfix.sh', 'start', folder, str(self.starttls))
        etc = folder / 'etc'
        (etc / 'sasl').mkdir()
        (etc / 'sasl/smtpd.conf').write_text('pwcheck_method: auxprop\nauxprop_plugin: sasldb\n'
                                             f'sasldb_path: {etc}/sasldb2\n'
                                             'mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256\n')
        self.run('saslpasswd2', '-p', '-c', '-f', etc / 'sasldb2', '-u', 'test.example', USER, input=PASSWORD)
        shutil.chown(etc / 'sasldb2', 'postfix')
        tls = folder / 'tls'
        tls.mkdir()
        self.run('sh', HERE / 'tls_certificates.sh', tls)
        self.run('postconf', '-c', etc, '-e', f'smtpd_tls_cert_file={tls}/good.pem',
                 f'smtpd_tls_key_file={tls}/good.key', 'smtpd_tls_security_level=may',
                 'smtpd_sasl_auth_enable=yes', 'smtpd_sasl_local_domain=test.example',
                 f'cyrus_sasl_config_path={etc}/sasl', 'smtpd_sasl_security_options=noanonymous')
        for port, options in ((self.wrapped, ['wrappermode=yes']), (self.starttls_no_auth, ['auth=no']),
                              (self.wrapped_no_auth, ['wrappermode=yes', 'auth=no'])):
            service = f'127.0.0.1:{port}/inet'
            self.run('postconf', '-c', etc, '-M', f'{service}=127.0.0.1:{port} inet n - n - - smtpd')
            for option in options:
                name = {'wrappermode': 'smtpd_tls_wrappermode', 'auth': 'smtpd_sasl_auth_enable'}[option.split('=')[0]]
                self.run('postconf', '-c', etc, '-P', f'{service}/{name}={option.split("=")[1]}')
        self.run('postfix', '-c', etc, 'reload')
        for port in ports:
            self.wait_for(port)

    @staticmethod
    def run(*command, **more):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **more)
        if done.returncode != 0:
            sys.exit(f'FAILED: {command}:\n{done.stdout}{done.stderr}')

    @staticmethod
    def wait_for(port):
        deadline = time.monotonic() + 20
        while True:
            try:
                return socket.create_connection(('127.0.0.1', port)).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def mailbox(self):
        """All that has arrived, once the queue is empty."""
        deadline = time.monotonic() + 60
        while any(path.is_file() for part in ('maildrop', 'incoming', 'active', 'deferred')
                  for path in (self.folder / 'queue' / part).rglob('*')):
            if time.monotonic() > deadline:
                sys.exit('FAILED: the queue does not become empty')
            time.sleep(0.05)
        return '\n'.join(path.read_text() for path in (self.folder / 'mail/new').iterdir())

    def stop(self):
        subprocess.run(['sh', HERE / 'postfix.sh', 'stop', self.folder], check=False)


class Strip(Attack):
    """STARTTLS is taken out of the offer."""

    def reply(self, text):
        return re.sub(rb'250-STARTTLS\r\n', b'', text)


class Answer(Attack):
    """STARTTLS is answered in the server's place."""

    def __init__(self, text):
        self.text = text

    def command(self, line):
        return self.text if line.upper().startswith(b'STARTTLS') else None


class Behind(Attack):
    """Plain replies stand behind the server's 220, in the same segment (RFC 3207 6, RFC 9051's injection)."""

    def reply(self, text):
        ours = b'250-mail.test.example\r\n250 AUTH PLAIN\r\n235 2.7.0 ok\r\n250 2.1.0 ok\r\n'
        return text + ours if b'TLS' in text and text.startswith(b'220 2.0.0') else text


class Early(Attack):
    """Replies to commands that have not been given yet stand behind the greeting."""

    def reply(self, text):
        return text + b'250-mail.test.example\r\n250 AUTH PLAIN\r\n' if b'ESMTP' in text else text


class Offer(Attack):
    """The plain EHLO reply offers only AUTH by passwords in clear; `strip`: and no STARTTLS."""

    def __init__(self, strip=False):
        self.strip = strip

    def reply(self, text):
        if not text.startswith(b'250-'):
            return text
        text = re.sub(rb'250-AUTH[ =][^\r]*\r\n', b'', text)
        if self.strip:
            text = re.sub(rb'250-STARTTLS\r\n', b'', text)
        return text.replace(b'250-', b'250-AUTH PLAIN LOGIN\r\n250-', 2).replace(b'250-AUTH PLAIN LOGIN\r\n', b'', 1)


class Pretend(Answer):
    """Another certificate, by whoever is in the middle."""

    def __init__(self, folder, name):
        super().__init__(b'220 2.0.0 Ready to start TLS\r\n')
        self.certificate = folder / f'tls/{name}.pem', folder / f'tls/{name}.key'


class PlainOnly(Attack):
    """A plain greeting where TLS is due."""

    script = [None, b'220 mail.test.example ESMTP\r\n', None, b'250 AUTH PLAIN\r\n']


class Replay(Attack):
    def __init__(self, script):
        self.script = script


class CutBefore(Attack):
    """The wire ends in the place of record `at`, without close_notify."""

    def __init__(self, at, reset=False):
        self.at, self.reset = at, reset

    def record(self, number, record):
        if number == self.at:
            raise Cut
        return record


class CutAfter(Attack):
    """The wire is reset when the client has sent so much."""

    reset = True

    def __init__(self, size):
        self.size = size

    def heard(self, size):
        if size >= self.size:
            raise Cut


class Insert(Attack):
    """Bytes of the attacker's stand before record `at`; None: that record comes twice."""

    def __init__(self, at, what):
        self.at, self.what = at, what

    def record(self, number, record):
        if number != self.at:
            return record
        return (self.what or record) + record


def tls_record(kind, content):
    return bytes([kind, 3, 3]) + len(content).to_bytes(2, 'big') + content


GARBAGE = {
    'a plain reply': b'250 2.0.0 Ok: queued\r\n',
    'a reply as an application record': tls_record(23, b'250 2.0.0 Ok: queued\r\n'),
    'a plain close_notify': tls_record(21, b'\x01\x00'),
    'a record twice': None,
}


def in_base64(secret):
    """What stands in base64 for `secret`, at whatever place of its three it begins."""
    for lead in range(3):
        text = base64.b64encode(b'x' * lead + secret).decode()
        yield text[0 if lead == 0 else 4:len(text) // 4 * 4 - 4].encode()


def secrets_in(log, marker):
    found = []
    for secret in (PASSWORD.encode(), USER.encode() + b'\0', USER.encode() + b'@', b'bob@', marker.encode()):
        found += [one for one in (secret, *in_base64(secret)) if len(one) >= 4 and one in log]
    return found + [one for one in (b'AUTH ', b'MAIL FROM:', b'RCPT TO:', b'Subject:') if one in log.upper()]


class Result:
    def __init__(self, middle, output, marker):
        self.middle, self.marker = middle, marker
        self.told = dict(line.split(' ', 1) for line in output.splitlines())
        self.error, self.text, self.outcome = int(self.told['error']), self.told['text'], self.told['outcome']
        self.leaked = secrets_in(bytes(middle.log), marker)


class Bench:
    """Runs attacks, and counts what is not as it should be."""

    def __init__(self, servers, program):
        self.servers, self.program, self.results, self.failures, self.count = servers, program, [], 0, 0
        self.pool = concurrent.futures.ThreadPoolExecutor(4)

    def start(self, attack, how, api, size=100, auth=True, port=None):
        """The client through the attack; a future of its Result."""
        self.count += 1
        marker = f'Marker-{os.getpid()}-{pathlib.Path(self.program).name}-{self.count}-'
        implicit = how == 'tls'
        servers = self.servers
        if port is None:
            port = ((servers.wrapped if auth else servers.wrapped_no_auth) if implicit else
                    (servers.starttls if auth else servers.starttls_no_auth))
        return self.pool.submit(self.run, attack, how, api, size, port, marker, implicit)

    def run(self, attack, how, api, size, port, marker, implicit):
        middle = Middle(attack, port, implicit)
        command = [self.program, str(middle.port), how, api, str(size), marker, str(self.servers.folder / 'tls/ca.pem')]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        middle.join()
        result = Result(middle, done.stdout, marker)
        self.results.append(result)
        return result

    def check(self, holds, what, result):
        if not holds:
            self.failures += 1
            log = bytes(result.middle.log)[-300:]
            print(f'FAILED  {what}: {result.told}, leaked {result.leaked}, log ends {log!r}')

    def refused(self, what, future, errors, says):
        """The attack has cost the connection: one of `errors`, and a text that says what to do."""
        result = future.result()
        print(f'{what}: {result.text}')
        self.check(not result.leaked, f'{what}: nothing leaks', result)
        self.check(result.outcome == 'queued', f'{what}: queued', result)
        self.check(result.error in errors, f'{what}: error {errors}', result)
        self.check(re.search(says, result.text) is not None, f'{what}: it says /{says}/', result)

    def passed(self, what, future, auth='AUTH SCRAM-SHA-256'):
        result = future.result()
        self.check(not result.leaked, f'{what}: nothing leaks', result)
        self.check(result.outcome == 'sent', f'{what}: sent', result)
        self.check(result.told.get('auth', '').startswith(auth), f'{what}: by {auth}', result)
        return result

    def honest(self):
        """What the clients say of their messages is what Postfix made of them."""
        mailbox = self.servers.mailbox()
        seen = {'sent': 0, 'queued': 0, 'in doubt': 0}
        for result in self.results:
            seen[result.outcome] += 1
            copies = mailbox.count(f'Subject: {result.marker}')
            self.check(result.outcome != 'sent' or copies == 1, 'what was sent arrived, once', result)
            self.check(result.outcome != 'queued' or copies == 0, 'what is queued did not arrive', result)
        return seen


def controls(bench):
    """The attacker does see something where the client lets him; else the attacks would prove nothing."""
    folder = bench.servers.folder
    for what, future in (('no TLS', bench.start(Attack(), 'plain', 'session')),
                         ('any certificate', bench.start(Pretend(folder, 'stranger'), 'careless', 'session'))):
        result = future.result()
        print(f'control, {what}: the attacker reads {len(result.leaked)} secrets')
        bench.check(len(result.leaked) >= 6 and result.outcome == 'sent', f'control, {what}: leaks', result)


def named_attacks(bench):
    folder = bench.servers.folder
    jobs = []

    def add(what, attack, how, errors, says, **more):
        for api in ('session', 'poll'):
            jobs.append((f'{what}, {how}, {api}', bench.start(attack(), how, api, **more), errors, says))

    add('STARTTLS stripped', Strip, 'starttls', [REFUSED], 'STARTTLS')
    add('STARTTLS stripped, AUTH PLAIN offered', lambda: Offer(strip=True), 'starttls', [REFUSED], 'STARTTLS')
    for text in ('454 4.7.0 TLS not available', '502 5.5.1 not implemented'):
        add(f'STARTTLS answered by {text[:3]}', lambda text=text: Answer(f'{text}\r\n'.encode()), 'starttls', [REFUSED],
            text)
    add('plain text behind the 220', Behind, 'starttls', [UNEXPECTED], 'port 465')
    add('replies before they are due', Early, 'starttls', [UNEXPECTED], 'in between')
    add('AUTH from before TLS', Offer, 'starttls', [NO_AUTH], 'port for submission', auth=False)
    add('TLS without AUTH', Attack, 'tls', [NO_AUTH], 'port for submission', auth=False)
    add('a plain server for TLS', PlainOnly, 'tls', [TLS_HANDSHAKE], 'set SMTPConnectionType')
    for how in ('starttls', 'tls'):
        for name, error, says in (('self-signed', UNTRUSTED, 'name its authority'), ('stranger', UNTRUSTED, 'other-ca'),
                                  ('elsewhere', NAME, 'imap.example.org'), ('expired', EXPIRED, 'clock')):
            add(f'another certificate, {name}', lambda name=name: Pretend(folder, name), how, [error], says,
                port=bench.servers.starttls)
    for what, future, errors, says in jobs:
        bench.refused(what, future, errors, says)
    for api in ('session', 'poll'):
        bench.passed('AUTH downgraded before TLS', bench.start(Offer(), 'starttls', api))


def sweep(bench, what, how, api, records, attack):
    """One run for each record of the server's; a list of outcomes by record."""
    outcomes = []
    for at, future in enumerate([bench.start(attack(at), how, api) for at in range(records)]):
        result = future.result()
        bench.check(not result.leaked, f'{what} at record {at}: nothing leaks', result)
        bench.check(result.error != 0 or result.outcome == 'sent', f'{what} at record {at}: an error', result)
        outcomes.append(result.outcome)
    print(f'{what}, {how}, {api}, before each of {records} records: {", ".join(outcomes)}')
    return outcomes


def wire_attacks(bench):
    for how in ('starttls', 'tls'):
        for api in ('session', 'poll'):
            # What is on the wire where nothing is changed.
            quiet_result = bench.passed('the attacker only listens', bench.start(Attack(), how, api))
            quiet = quiet_result.middle
            bench.refused(f'replay, {how}, {api}', bench.start(Replay(quiet.recorded), how, api),
                          [TLS_HANDSHAKE], 'the TLS handshake failed')
            # RFC 5321 4.2.5: where the final reply was cut it is in doubt; queued before, sent only with that reply.
            for word, reset in (('cut', False), ('reset', True)) if api == 'session' else (('cut', False),):
                outcomes = sweep(bench, word, how, api, quiet.records, lambda at, reset=reset: CutBefore(at, reset))
                order = [('queued', 'in doubt', 'sent').index(one) for one in outcomes]
                holds = order == sorted(order) and order[0] == 0 and 1 in order
                bench.check(holds, f'{word}, {how}, {api}: queued, then in doubt, then sent: {outcomes}', quiet_result)
            # In the middle of a message that is larger than all that the wire holds.
            for size in (2000, 40000, 1000000):
                result = bench.start(CutAfter(size), how, api, size=12000000).result()
                print(f'cut after {size} bytes, {how}, {api}: {result.outcome}: {result.text}')
                bench.check(not result.leaked, f'cut after {size}: nothing leaks', result)
                bench.check(result.outcome == 'queued' and result.error != 0, f'cut after {size}: queued', result)
        for name, what in list(GARBAGE.items())[0 if how == 'starttls' else 2:]:
            sweep(bench, name, how, 'session', quiet.records, lambda at, what=what: Insert(at, what))


def main():
    if os.getuid() != 0:
        skip('only root can start a Postfix')
    for command, package in (('postfix', 'postfix'), ('saslpasswd2', 'sasl'), ('openssl', 'tls')):
        if shutil.which(command) is None:
            skip(f'there is no {command}; sh tests/tools/setup.sh {package} installs it')
    if not glob.glob('/usr/lib/*/sasl2/libscram.so'):
        skip('Cyrus SASL has no SCRAM; sh tests/tools/setup.sh sasl installs it')
    with tempfile.TemporaryDirectory(prefix='smtpoll-attacker.') as folder:
        servers = Servers(pathlib.Path(folder))
        try:
            failures = 0
            for program in sys.argv[1:]:
                bench = Bench(servers, program)
                for part in (controls, named_attacks, wire_attacks):
                    part(bench)
                seen = bench.honest()
                failures += bench.failures
                print(f'{pathlib.Path(program).name}: {bench.count} runs, {seen}, {bench.failures} failures')
        finally:
            servers.stop()
    sys.exit(1 if failures else 0)


if __name__ == '__main__':
    main()
