"""Every member of the seed's classes has a test of its name."""

import re
import unittest

from toolchain import ROOT

MEMBERS = {
    'SMTPSocket': """Address Port BytesAvailable BytesLeftToSend Handle IsConnected LocalAddress RemoteAddress Messages
        NetworkInterface UserName Password Connect SendMail Poll Close Disconnect DisconnectFromServer DeleteAllMessages
        EndOfFile Flush Listen Lookahead Purge Read ReadAll Write ConnectionEstablished DataAvailable Error MailSent
        MessageSent SendProgress ServerError""",
    'SMTPSecureSocket': """SSLEnabled SSLConnected SSLConnecting SMTPConnectionType SSLConnectionType CertificateFile
        CertificatePassword CertificateRejectionFile CertificateAuthorityFile""",
    'POP3Socket': """Connect DisconnectFromServer CountMessages ListMessages RetrieveMessage RetrieveLines DeleteMessage
        RollbackServer CheckServerConnection SendServerCommand Close Disconnect Poll EncryptPassword ConnectionEstablished
        LoginSuccessful Disconnected Error ServerError MessageCount ListReceived MessageReceived TopLinesReceived
        MessageDeleted RollbackSuccessful ServerAvailable ServerCommandReply""",
    'NetworkInterface': 'Name IPAddress MACAddress SubnetMask',
    'System': 'NetworkInterface NetworkInterfaces',
    'EmailMessage': """FromAddress Subject BodyPlainText BodyHTML BodyEnriched ToAddress CCAddress BCCAddress AddRecipient
        AddCCRecipient AddBCCRecipient Attachments Headers Source ReversePath Options EnvelopeID Notify RecipientOptions
        Signer AddInline Check Fault Render""",
    'EmailAttachment': 'Name MIMEType Data ContentEncoding LoadFromFile LoadFromCallback InlineContentID',
    'InternetHeaders': 'AppendHeader AddHeader SetHeader Delete DeleteAll Count Name Value Source',
}
NAMES = [name
         for file in sorted((ROOT / 'tests').glob('*/*_test.cpp'))
         for name in re.findall(r'TEST_CASE\("(.*?)"\)', file.read_text(encoding='utf-8'))]


class Seed(unittest.TestCase):
    def test_each_member_has_a_test(self):
        for owner, members in MEMBERS.items():
            for member in members.split():
                with self.subTest(member=f'{owner}.{member}'):
                    # "Class.A, B and C: what" names A, B and C.
                    named = re.compile(rf'{owner}\.([^:]*[ ,])?{member}($|[ ,:.])')
                    self.assertTrue(any(named.match(name) for name in NAMES))


if __name__ == '__main__':
    unittest.main()
