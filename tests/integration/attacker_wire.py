"""An attacker between a client and a real server: relays all, changes what one attack wants, and keeps a log.

The log is all that the client has sent: as it was on the wire, and decrypted where the attacker was taken for the
server.
An attack overrides the methods of Attack; the base class only listens. RFC 3207 6 lists most of them.
"""

import select
import socket
import ssl
import struct
import threading

PATIENCE = 15


class Cut(Exception):
    """The attacker ends the connection with the client."""


class Attack:
    """What is done to one connection. `record` is a whole TLS record, header included (RFC 8446 5.1)."""

    certificate = None  # (chain, key): the attacker answers the handshake himself
    reset = False       # cut by RST instead of FIN
    script = None       # what an earlier session's server said, in the place of the server

    def reply(self, text):
        """A reply of the server before TLS, whole; what the client gets instead."""
        return text

    def command(self, line):
        """A line of the client before TLS; a reply to give in the server's place, or None to let it pass."""
        del line

    def record(self, number, record):
        """The server's record `number` after TLS began, counted from 0; what the client gets instead."""
        del number
        return record

    def heard(self, size):
        """The client has sent `size` bytes since TLS began."""


class Middle:
    """Listens for one client and relays it to the server at `port`; `implicit`: TLS from the first byte on."""

    def __init__(self, attack, port, implicit):
        self.attack, self.server_port, self.implicit = attack, port, implicit
        self.log = bytearray()
        self.recorded = []  # pieces of what the server said; None where the client spoke
        self.records = 0
        self.fault = None
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.listener.settimeout(PATIENCE)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def join(self):
        self.thread.join(2 * PATIENCE)
        if self.thread.is_alive():
            raise AssertionError('the attacker has not come to an end')
        if self.fault is not None:
            raise self.fault

    def run(self):
        with self.listener:
            self.client, _ = self.listener.accept()
        self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server = None
        try:
            if self.attack.script is not None:
                self.play(self.attack.script)
            else:
                self.server = socket.create_connection(('127.0.0.1', self.server_port), PATIENCE)
                self.server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self.implicit or self.talk_plain():
                    if self.attack.certificate:
                        self.pretend()
                    else:
                        self.relay()
        except Cut:
            if self.attack.reset:
                self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            else:
                self.drain()
        except OSError:
            pass  # an end that is gone ends the relay
        except Exception as fault:
            self.fault = fault
        finally:
            self.client.close()
            if self.server is not None:
                self.server.close()

    def drain(self):
        """FIN, and then all that the client still says."""
        self.client.shutdown(socket.SHUT_WR)
        self.client.settimeout(PATIENCE)
        while data := self.client.recv(65536):
            self.log += data

    def from_client(self, size=65536):
        data = self.client.recv(size)
        self.log += data
        if self.recorded and self.recorded[-1] is not None:
            self.recorded.append(None)
        return data

    def to_client(self, data):
        self.recorded.append(bytes(data))
        self.client.sendall(data)

    def talk_plain(self):
        """The dialogue until TLS begins, by line; false where it never does."""
        said, heard, starting = b'', b'', False
        while True:
            readable, _, _ = select.select([self.client, self.server], [], [], PATIENCE)
            if not readable:
                raise AssertionError('nobody says anything before TLS')
            if self.server in readable:
                data = self.server.recv(65536)
                if not data:
                    return False
                said += data
                # The last line of a reply has a blank behind its code (RFC 5321 4.2).
                if said.endswith(b'\n') and said.splitlines()[-1][3:4] == b' ':
                    self.to_client(self.attack.reply(said))
                    if starting and said.startswith(b'220'):
                        return True
                    said, starting = b'', False
            if self.client in readable:
                # Byte by byte, so that nothing of the handshake is taken.
                byte = self.from_client(1)
                if not byte:
                    return False
                heard += byte
                if byte == b'\n':
                    answer = self.attack.command(heard)
                    if answer is not None:
                        self.to_client(answer)
                        if self.attack.certificate:
                            return True
                    else:
                        starting = heard.upper() == b'STARTTLS\r\n'
                        self.server.sendall(heard)
                    heard = b''

    def relay(self):
        """Raw bytes for the server, record by record for the client."""
        rest, sent = b'', 0
        while True:
            readable, _, _ = select.select([self.client, self.server], [], [], PATIENCE)
            if not readable:
                raise AssertionError('nobody says anything')
            if self.client in readable:
                data = self.from_client()
                if not data:
                    return
                self.server.sendall(data)
                sent += len(data)
                self.attack.heard(sent)
            if self.server in readable:
                data = self.server.recv(65536)
                if not data:
                    return
                rest += data
                while len(rest) >= 5 and len(rest) >= 5 + int.from_bytes(rest[3:5], 'big'):
                    size = 5 + int.from_bytes(rest[3:5], 'big')
                    record, rest = rest[:size], rest[size:]
                    number, self.records = self.records, self.records + 1
                    self.to_client(self.attack.record(number, record))

    def pretend(self):
        """The attacker as the server; what he is told goes on to the real one in plain text."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.attack.certificate)
        self.client.settimeout(PATIENCE)
        with context.wrap_socket(self.client, server_side=True) as secured:
            while True:
                ready = [secured] if secured.pending() else select.select([secured, self.server], [], [], PATIENCE)[0]
                if secured in ready:
                    data = secured.recv(65536)
                    if not data:
                        return
                    self.log += data
                    self.server.sendall(data)
                elif self.server in ready:
                    data = self.server.recv(65536)
                    if not data:
                        return
                    secured.sendall(data)

    def play(self, script):
        """Says what was said in an earlier session, a piece whenever the client has spoken."""
        self.client.settimeout(PATIENCE)
        for piece in script:
            if piece is not None:
                self.client.sendall(piece)
            elif not self.from_client():
                return
        self.drain()
