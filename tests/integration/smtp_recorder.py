"""A small SMTP server in a thread, for tests of programs: it keeps what it is told, and answers as the test wants."""

import re
import socketserver
import threading


class Handler(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b'\r\n')

    def handle(self):
        answers = self.server.recorder.answers
        self.say(answers.get('', '220 recorder.test ESMTP'))
        mail = None
        while True:
            line = self.rfile.readline().decode('utf-8', 'surrogateescape').rstrip('\r\n')
            if not line:
                return
            self.server.recorder.lines.append(line)
            verb = re.match(r'[A-Za-z]+', line)
            verb = verb[0].upper() if verb else ''
            answer = next((answers[key] for key in sorted(answers, key=len, reverse=True)
                           if key and line.upper().startswith(key.upper())), None)
            if answer == 'cut':
                return
            if verb == 'MAIL':
                mail = {'from': re.search('<(.*?)>', line)[1], 'to': [], 'line': line}
            if verb == 'RCPT' and not answer:
                mail['to'].append(re.search('<(.*?)>', line)[1])
            if verb == 'DATA' and not answer:
                self.say('354 go on')
                if not self.take_content(mail, answers.get('.', '250 2.0.0 kept')):
                    return
                continue
            if verb == 'QUIT':
                self.say('221 bye')
                return
            self.say(answer or {'EHLO': '250-recorder.test\r\n250-8BITMIME\r\n250-SIZE 100000\r\n250 SMTPUTF8',
                                }.get(verb, '250 ok'))

    def take_content(self, mail, answer):
        content = b''
        while (line := self.rfile.readline()) not in (b'.\r\n', b''):
            content += line[1:] if line.startswith(b'.') else line
        if answer == 'cut':
            return False
        if answer.startswith('2'):
            self.server.recorder.mails.append(dict(mail, content=content))
        self.say(answer)
        return True


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Recorder:
    """`answers` maps the start of a command ('' the greeting, '.' the end of content) to a reply, or to 'cut'."""

    def __init__(self, **answers):
        self.answers = {name.replace('_', ' '): text for name, text in answers.items()}
        self.mails, self.lines = [], []
        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.recorder = self
        self.port = self.server.server_address[1]
        self.url = f'smtp://127.0.0.1:{self.port}'
        threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.01}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
