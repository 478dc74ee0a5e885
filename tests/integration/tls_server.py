"""The servers of the TLS tests, each made as a test asks for it: SMTP by this script, TLS by `openssl s_server`.

In between stands a front that sees the raw bytes: it speaks the plain part of STARTTLS, and can cut, stall, chop or spoil
the stream. A test opens a control connection and says what it wants in one line of NAME=VALUE (URL-encoded):

  mode=tls|starttls|plain|echo   when TLS begins: at once, by STARTTLS, never; echo is TLS that sends back what it gets
  cert=NAME                      certificate and key by tls_certificates.sh; default good
  by=python                      TLS by python's ssl instead, which can end in order
  args=WORDS                     more arguments for s_server
  talk=1                         let s_server talk: what it says of a connection comes back by "info" too
  offer=0                        STARTTLS is not offered; answer=TEXT: the reply to STARTTLS, all that follows it included
  before=TEXT after=TEXT         lines of the EHLO reply before and after TLS
  piece=N                        bytes for the client go N at a time
  stall=N cut=N                  after N bytes of TLS for the client: no more, or the connection is closed
  flip=N                         one bit of byte N of TLS for the client is another
  spoil=TEXT                     TEXT for the client instead of all that TLS has to say
  on.VERB=TEXT                   the reply to a command; "cut" closes the raw connection, "end" says
                                 close_notify before (by python), "!X" types X at s_server first

The answer is the port. Then "saw" asks for all that the server has read, decrypted, "info" for what s_server tells (errors at least), "plain"
for what came before TLS: each answer is a line with a size, and as many bytes. The server ends with its control connection.
"""

import os
import pathlib
import queue
import re
import select
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

PATIENCE = 20


class Connection:
    """One client, from its first byte to its last."""

    def __init__(self, server, client):
        self.server, self.client = server, client
        self.tls = None
        self.to_client = 0
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def run(self):
        try:
            mode = self.server.options['mode']
            if mode in ('starttls', 'plain') and not self.talk_plain():
                return
            self.splice()
        except OSError:
            pass
        finally:
            self.close()

    def close(self):
        for end in (self.client, self.tls):
            if end is not None:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def send_plain(self, text):
        self.forward(text)

    def talk_plain(self):
        """The dialogue before TLS; true where TLS follows."""
        options = self.server.options
        dialogue = Dialogue(self.server, self.send_plain, self.close, before_tls=True)
        dialogue.greet()
        # Byte by byte, so that nothing of the handshake is taken.
        line = b''
        while True:
            byte = self.client.recv(1)
            if not byte:
                return False
            self.server.plain += byte
            line += byte
            if byte == b'\n':
                if line.upper() == b'STARTTLS\r\n' and options['mode'] == 'starttls':
                    answer = options.get('answer', '220 go ahead\r\n')
                    self.send_plain(answer.encode())
                    if answer.startswith('220'):
                        return True
                else:
                    dialogue.take(line)
                line = b''

    def splice(self):
        """Raw bytes between the client and s_server, spoilt as the test wants."""
        options = self.server.options
        if 'spoil' in options:
            self.client.recv(1, socket.MSG_PEEK)
            self.client.sendall(options['spoil'].encode('latin-1'))
        self.tls = self.server.connect_tls(self)
        self.server.begin(self)
        up = b''  # for s_server, which may not take it before we have taken what it has
        while True:
            readable, _, _ = select.select([self.tls] if len(up) > 65536 else [self.client, self.tls],
                                           [self.tls] if up else [], [])
            if self.client in readable:
                data = self.client.recv(65536)
                if not data:
                    self.tls.sendall(up)
                    return self.drain_tls()
                up += data
            try:
                up = up[self.tls.send(up, socket.MSG_DONTWAIT) if up else 0:]
            except BlockingIOError:
                pass
            if self.tls in readable:
                data = self.tls.recv(65536)
                if not data:
                    return None
                if 'spoil' not in options and not self.limit(data):
                    return None

    def drain_tls(self):
        """The client has ended: s_server reads what is left, and ends too."""
        self.tls.shutdown(socket.SHUT_WR)
        self.tls.settimeout(PATIENCE)
        while self.tls.recv(65536):
            pass

    def limit(self, data):
        """Forwards to the client; false where the connection is to be cut."""
        options = self.server.options
        flip = int(options.get('flip', -1)) - self.to_client
        if 0 <= flip < len(data):
            data = data[:flip] + bytes([data[flip] ^ 4]) + data[flip + 1:]
        for name in ('stall', 'cut'):
            if name in options:
                room = int(options[name]) - self.to_client
                if len(data) >= room:
                    self.forward(data[:room])
                    self.to_client += room
                    return name == 'stall'
        self.to_client += len(data)
        self.forward(data)
        return True

    def forward(self, data):
        size = int(self.server.options.get('piece', 0)) or max(len(data), 1)
        for start in range(0, len(data), size):
            self.client.sendall(data[start:start + size])


class Dialogue:
    """SMTP as a server: replies to each line."""

    def __init__(self, server, send, cut, before_tls):
        self.server, self.send, self.cut, self.before_tls = server, send, cut, before_tls
        self.in_data = False
        self.rest = b''

    def say(self, text):
        self.send(text.encode() + b'\r\n')

    def greet(self):
        self.say('220 mx.example.org ESMTP test')

    def take(self, data):
        *lines, self.rest = (self.rest + data).split(b'\n')
        for line in lines:
            self.answer(line.rstrip(b'\r').decode('latin-1'))

    def answer(self, line):
        options = self.server.options
        if self.in_data:
            if line == '.':
                self.in_data = False
                self.reply('CONTENT', '250 2.0.0 queued')
            return
        verb = line.split(' ')[0].upper()
        if verb in ('EHLO', 'LHLO'):
            lines = ['mx.example.org'] + options.get('before' if self.before_tls else 'after', '').split('\n')
            if self.before_tls and options['mode'] == 'starttls' and options.get('offer') != '0':
                lines.append('STARTTLS')
            lines = [one for one in lines if one]
            text = ''.join(f'250-{one}\r\n' for one in lines[:-1]) + f'250 {lines[-1]}'
            return self.reply('EHLO', text)
        replies = {'AUTH': '235 2.7.0 ok', 'DATA': '354 go ahead', 'QUIT': '221 2.0.0 bye', 'MAIL': '250 2.1.0 ok',
                   'RCPT': '250 2.1.5 ok', 'RSET': '250 ok', 'NOOP': '250 ok', 'HELP': '214 help'}
        self.in_data = verb == 'DATA' and 'on.DATA' not in options
        return self.reply(verb, replies.get(verb, '500 what?'))

    def reply(self, verb, text):
        for step in self.server.options.get(f'on.{verb}', text).split('\t'):
            if step == 'cut':
                self.cut()
            elif step == 'end':
                self.server.end_in_order()
            elif step.startswith('!'):
                self.send(step[1:].encode() + b'\n')
                time.sleep(0.05)  # s_server takes a command only at the beginning of what it reads
            elif step:
                self.say(step)


class Server:
    """What one control connection asked for."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.plain, self.secret, self.told = b'', b'', b''
        self.child = None
        self.echo = queue.SimpleQueue()
        self.secured = None  # the server's end of TLS by python
        self.dialogue = None
        self.active = 0
        self.closing = False
        self.changed = threading.Condition()
        if options['mode'] != 'plain' and options.get('by') != 'python':
            self.start_tls()
        self.listener = socket.create_server(('127.0.0.1', 0), backlog=5)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def start_tls(self):
        name = self.options.get('cert', 'good')
        self.tls_path = tempfile.mktemp('.sock', 's', self.folder)
        command = ['openssl', 's_server', '-unix', self.tls_path, '-cert', f'{name}.pem', '-key', f'{name}.key',
                   '-cert_chain', f'{name}.pem'] + self.options.get('args', '').split()
        if 'talk' not in self.options:
            command.append('-quiet')
        self.child = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, bufsize=0)
        for work in (self.read_child, self.read_errors, self.type_echo):
            threading.Thread(target=work, daemon=True).start()

    def connect_tls(self, connection):
        """A connection with s_server, which may be starting only now, or with python's ssl."""
        if self.options.get('by') == 'python':
            ours, wire = socket.socketpair()
            threading.Thread(target=self.serve_by_python, args=[ours, connection.close], daemon=True).start()
            return wire
        deadline = time.monotonic() + PATIENCE
        while True:
            wire = socket.socket(socket.AF_UNIX)
            try:
                wire.connect(self.tls_path)
                return wire
            except OSError:
                wire.close()
                if self.child.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.003)

    def serve_by_python(self, wire, cut):
        name = self.options.get('cert', 'good')
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f'{name}.pem', self.folder / f'{name}.key')
        try:
            with context.wrap_socket(wire, server_side=True) as self.secured:
                self.dialogue = Dialogue(self, self.secured.sendall, cut, before_tls=False)
                if self.options['mode'] == 'tls':
                    self.dialogue.greet()
                while data := self.secured.recv(65536):
                    self.secret += data
                    self.dialogue.take(data)
        except OSError as error:
            self.told += str(error).encode()

    def end_in_order(self):
        self.secured.settimeout(PATIENCE)
        self.secured.unwrap().close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.changed:
                self.active += 1
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        connection = Connection(self, client)
        connection.run()
        client.close()
        if connection.tls is not None:
            connection.tls.close()
        with self.changed:
            self.active -= 1
            self.changed.notify_all()

    def type(self, data):
        try:
            self.child.stdin.write(data)
        except OSError:
            pass  # it has ended

    def begin(self, connection):
        """A client is connected with s_server."""
        if self.options['mode'] == 'echo' or self.child is None:
            return
        self.dialogue = Dialogue(self, self.type, connection.close, before_tls=False)
        if self.options['mode'] == 'tls':
            self.dialogue.greet()

    def read_child(self):
        """What s_server writes: what it says of each connection, where it may talk, and what the clients say."""
        talk = 'talk' in self.options
        while data := self.child.stdout.read(65536):
            if data == b'ERROR\n':  # s_server's own word, also where it is told to be quiet
                continue
            with self.changed:
                if talk:
                    self.told += data
                self.secret += data
            if self.options['mode'] == 'echo':
                self.echo.put(data)
            elif self.dialogue is not None:
                self.dialogue.take(self.only_smtp(data) if talk else data)
            with self.changed:
                self.changed.notify_all()

    def type_echo(self):
        """On a thread of its own: s_server may take nothing before we have read what it says."""
        while True:
            self.type(self.echo.get())

    def read_errors(self):
        while data := self.child.stderr.read(65536):
            self.told += data

    @staticmethod
    def only_smtp(data):
        lines = re.findall(rb'^(?:EHLO|AUTH|MAIL|RCPT|DATA|RSET|NOOP|QUIT|HELP).*\r\n|\.\r\n', data, re.MULTILINE)
        return b''.join(lines)

    def settle(self):
        """Waits until no client is there any more and s_server has told all."""
        with self.changed:
            self.changed.wait_for(lambda: self.active == 0, PATIENCE)
        if self.child is not None and self.child.stdout is not None:
            for _ in range(200):
                if not select.select([self.child.stdout], [], [], 0.01)[0]:
                    return
                time.sleep(0.005)

    def close(self):
        self.listener.close()
        if self.child is not None:
            self.child.kill()
            self.child.wait()


def control(folder, wire):
    """Serves one control connection."""
    server = None
    lines = wire.makefile('rb')
    try:
        for line in lines:
            word = line.decode().strip()
            if server is None:
                options = dict(urllib.parse.parse_qsl(word, keep_blank_values=True))
                server = Server(folder, options)
                wire.sendall(f'{server.port}\n'.encode())
                continue
            server.settle()
            answer = {'saw': server.plain + server.secret, 'info': server.told, 'plain': server.plain}[word]
            wire.sendall(f'{len(answer)}\n'.encode() + answer)
    except Exception as error:  # the test sees a control connection that ends
        print(f'tls_server: {error!r}', file=sys.stderr)
    finally:
        if server is not None:
            server.close()
        wire.close()


def start(folder):
    """Starts to listen for control connections; returns the port."""
    listener = socket.create_server(('127.0.0.1', 0), backlog=20)

    def accept():
        while True:
            wire, _ = listener.accept()
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=control, args=[folder, wire], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


if __name__ == '__main__':
    print(start(pathlib.Path(os.getcwd())), flush=True)
    threading.Event().wait()
