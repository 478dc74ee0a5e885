"""The server that aiosmtpd.sh starts: python3 aiosmtpd_server.py DIR PORT."""

import pathlib
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

FOLDER = pathlib.Path(sys.argv[1])


class Store:
    def __init__(self):
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == 'refused@test.example':
            return '550 5.1.1 Nobody lives here'
        envelope.rcpt_tos.append(address)
        return '250 2.1.5 Ok'

    async def handle_DATA(self, server, session, envelope):
        for recipient in envelope.rcpt_tos:
            self.count += 1
            file = FOLDER / f'mail/tmp/{self.count}'
            head = f'Return-Path: <{envelope.mail_from}>\r\nX-Original-To: {recipient}\r\n'
            file.write_bytes(head.encode() + envelope.original_content)
            file.rename(FOLDER / f'mail/new/{self.count}')
        return '250 2.0.0 Ok, stored'


def judge(server, session, envelope, mechanism, data):
    right = data.login == b'alice' and data.password == b'opensesame'
    return AuthResult(success=right, handled=False)


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(FOLDER / 'tls/good.pem', FOLDER / 'tls/good.key')
Controller(Store(), hostname='127.0.0.1', port=int(sys.argv[2]), server_hostname='mail.test.example', tls_context=context,
           authenticator=judge, enable_SMTPUTF8=True, data_size_limit=75000000, timeout=60).start()
threading.Event().wait()
