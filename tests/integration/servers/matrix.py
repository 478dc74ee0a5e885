"""Tries smtpoll with real servers, looks into their stores, and prints what each row came to with each of them.

usage: matrix.py PROGRAMS [--readme] [--keep] [SERVER...]
PROGRAMS is the folder of matrix_send and smuggling_send. Without a name it takes all servers. A cell is "yes" only if all
that the row has sent was found in the server's store, each message once and equal to what was put in.
"""

import argparse
import concurrent.futures
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import matrix_store
import matrix_table

HERE = pathlib.Path(__file__).resolve().parent
SMUGGLED = 400

# In the order of the columns. The second value: the server keeps line ends as they came, so those are judged too.
SERVERS = {
    'postfix': ('Postfix', False),
    'exim': ('Exim', False),
    'opensmtpd': ('OpenSMTPD', False),
    'sendmail': ('Sendmail', False),
    'dovecot': ('Dovecot submission', False),
    'aiosmtpd': ('aiosmtpd', True),
    'haraka': ('Haraka', True),
    'smtp-server': ('smtp-server', True),
}
# The longest wait: for packages, and for servers who know no patience but their own.
START_SECONDS, SEND_SECONDS, IDLE_SECONDS = 300, 1200, 1500


class Fault(Exception):
    """The server could not be tried at all."""


def free_port():
    with socket.socket() as door:
        door.bind(('127.0.0.1', 0))
        return door.getsockname()[1]


def greets(port):
    try:
        with socket.create_connection(('127.0.0.1', port), 5) as wire:
            greeted = wire.recv(4) == b'220 '
            wire.sendall(b'QUIT\r\n')
            return greeted
    except OSError:
        return False


class Server:
    """A server from its start to its end."""

    def __init__(self, name, folder, certificates):
        self.name, self.folder, self.port = name, folder, free_port()
        folder.mkdir(mode=0o755)
        shutil.copytree(certificates, folder / 'tls')
        self.log = (folder / 'recipe.log').open('wb')

    def __enter__(self):
        self.process = subprocess.Popen(['sh', HERE / f'{self.name}.sh', self.folder, str(self.port)],
                                        stdin=subprocess.PIPE, stdout=self.log, stderr=self.log)
        end = time.monotonic() + START_SECONDS
        while not ((self.folder / 'version').is_file() and greets(self.port)):
            if self.process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise Fault('does not start: ' + (self.folder / 'recipe.log').read_text(errors='replace')[-2000:])
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
        self.log.close()

    def version(self):
        return (self.folder / 'version').read_text(encoding='utf-8').strip()

    def begin(self, programs, name, *more):
        """Starts matrix_send with a folder for its contents; what it says goes into a file beside that."""
        sent = self.folder / name
        sent.mkdir()
        with (self.folder / f'{name}.out').open('wb') as out:
            return subprocess.Popen([programs / 'matrix_send', str(self.port), self.folder / 'tls/ca.pem', sent, *more],
                                    stdout=out, stderr=out)


def end(process, seconds, what):
    try:
        if process.wait(seconds) != 0:
            raise Fault(f'{what} ended with {process.returncode}')
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Fault(f'{what} takes more than {seconds} s') from None


def smuggle(server, programs, lines_as_they_came):
    """The cell of contents that try to be more than one message."""
    store, sent = server.folder / 'mail/new', server.folder / 'smuggled'
    for file in store.iterdir():
        file.unlink()
    sent.mkdir()
    send = subprocess.run([programs / 'smuggling_send', '127.0.0.1', str(server.port), str(SMUGGLED), sent, 'alice',
                           'opensesame'], capture_output=True, text=True, timeout=SEND_SECONDS, check=False)
    matrix_store.wait_for(lambda: len(list(store.iterdir())), SMUGGLED)
    check = subprocess.run([sys.executable, HERE.parent / 'smuggling_check.py', str(SMUGGLED), sent, store]
                           + (['--line-ends'] if lines_as_they_came else []), capture_output=True, text=True, check=False)
    if send.returncode == 0 and check.returncode == 0:
        return 'ok', f'{SMUGGLED} of {SMUGGLED}'
    return 'fault', ' '.join((send.stdout.strip().splitlines()[-3:] if send.returncode else [])
                             + check.stdout.strip().splitlines()[-3:])


def column(name, programs, base, certificates):
    """A server's cells and its version."""
    _, lines_as_they_came = SERVERS[name]
    with Server(name, base / name, certificates) as server:
        idle = server.begin(programs, 'idle', 'idle')
        try:
            end(server.begin(programs, 'rows'), SEND_SECONDS, 'matrix_send')
            if not greets(server.port):
                raise Fault('the server has ended')
            end(idle, IDLE_SECONDS, 'matrix_send idle')
        except Fault as fault:
            idle.kill()
            said = ''.join((server.folder / f'{part}.out').read_text(errors='replace')[-500:] for part in ('rows', 'idle'))
            raise Fault(f'{fault}: {said}') from None
        cells = matrix_store.judge(server.folder, ['rows', 'idle'], lines_as_they_came)
        cells['smuggling'] = smuggle(server, programs, lines_as_they_came)
        return cells, server.version()


def try_server(name, *arguments):
    began = time.monotonic()
    try:
        cells, version = column(name, *arguments)
    except Fault as fault:
        cells, version = {'started and tried': ('fault', ' '.join(str(fault).split()))}, SERVERS[name][0]
    print(f'{version}: {time.monotonic() - began:.0f} s', file=sys.stderr)
    for row, (status, note) in cells.items():
        if status == 'fault':
            print(f'  {row}: {note}', file=sys.stderr)
    return name, version, cells


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('programs', type=pathlib.Path)
    parser.add_argument('--readme', action='store_true')
    parser.add_argument('--keep', action='store_true', help='keep what the servers have written, and say where')
    parser.add_argument('servers', nargs='*', metavar='SERVER', help=' '.join(SERVERS))
    arguments = parser.parse_intermixed_args()
    unknown = [name for name in arguments.servers if name not in SERVERS]
    if unknown:
        parser.error(f'there is no server {unknown[0]}, but {" ".join(SERVERS)}')
    base = pathlib.Path(tempfile.mkdtemp(prefix='smtpoll-servers.'))
    try:
        base.chmod(0o755)
        certificates = base / 'certificates'
        certificates.mkdir()
        subprocess.run(['sh', HERE.parent / 'tls_certificates.sh', certificates], capture_output=True, check=True)
        names = [name for name in SERVERS if not arguments.servers or name in arguments.servers]
        # Some take minutes to lose their patience: meanwhile others are tried.
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            columns = list(pool.map(lambda name: try_server(name, arguments.programs.resolve(), base, certificates), names))
    finally:
        if arguments.keep:
            print(base, file=sys.stderr)
        else:
            shutil.rmtree(base)
    text, ours = matrix_table.markdown(columns)
    print(text)
    if arguments.readme:
        matrix_table.write_readme(text)
    return 1 if ours else 0


sys.exit(main())
