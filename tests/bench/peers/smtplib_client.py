"""Python's smtplib in the benchmarks: one SMTP object, a new EmailMessage for each message.

usage: smtplib_client.py MODE PORT COUNT [FILE]    (data, base64 or recipients)
"""

import email.message
import smtplib
import sys

SENDER = 'sender@bench.example'
RECIPIENT = 'recipient@bench.example'
BODY = ('The quick brown fox jumps over the lazy dog, and then once more.'[:62] + '\r\n') * 16


def message(body):
    mail = email.message.EmailMessage()
    mail['From'] = SENDER
    mail['To'] = RECIPIENT
    mail['Subject'] = 'A message of the benchmark'
    mail.set_content(body)
    return mail


def main():
    mode, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with smtplib.SMTP('127.0.0.1', port) as client:
        if mode == 'recipients':
            recipients = [f'recipient{index}@bench.example' for index in range(count)]
            client.send_message(message(BODY), to_addrs=recipients)
            return
        for _ in range(count):
            if mode == 'data':
                client.send_message(message(BODY))
                continue
            mail = message('See the attachment.\r\n')
            with open(sys.argv[4], 'rb') as file:
                mail.add_attachment(file.read(), maintype='application', subtype='octet-stream',
                                    filename='attachment.bin')
            client.send_message(mail)


main()
