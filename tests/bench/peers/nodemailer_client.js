// nodemailer in the benchmarks: a pool of one connection, with enough messages queued that it never waits for one.
//
// usage: nodemailer_client.js MODE PORT COUNT [FILE]    (data, base64 or recipients)
'use strict';
const nodemailer = require('nodemailer');

const [mode, port, count, file] = process.argv.slice(2);
const sender = 'sender@bench.example';
const line = 'The quick brown fox jumps over the lazy dog, and then once more.'.slice(0, 62) + '\r\n';

function message() {
  const mail = {from: sender, to: 'recipient@bench.example', subject: 'A message of the benchmark',
                text: line.repeat(16)};
  if (mode === 'base64') {
    mail.text = 'See the attachment.\r\n';
    mail.attachments = [{filename: 'attachment.bin', path: file, contentType: 'application/octet-stream'}];
  }
  if (mode === 'recipients')
    mail.envelope = {from: sender, to: Array.from({length: count}, (_, n) => `recipient${n}@bench.example`)};
  return mail;
}

async function main() {
  const transport = nodemailer.createTransport({host: '127.0.0.1', port: Number(port), secure: false,
                                                ignoreTLS: true, pool: true, maxConnections: 1,
                                                maxMessages: Infinity});
  let left = mode === 'recipients' ? 1 : Number(count);
  const worker = async () => {
    while (left-- > 0) await transport.sendMail(message());
  };
  await Promise.all(Array.from({length: mode === 'data' ? 10 : 1}, worker));
  transport.close();
}

main().catch((fault) => {
  console.error('nodemailer:', fault.message);
  process.exitCode = 1;
});
