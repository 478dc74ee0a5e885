// The server that smtp-server.sh starts: node smtp_server.js DIR PORT.
'use strict';
const fs = require('fs');
const { SMTPServer } = require('smtp-server');

const [folder, port] = process.argv.slice(2);
let count = 0;

function judge(auth, session, callback) {
  const right = auth.username === 'alice' &&
    (auth.method === 'CRAM-MD5' ? auth.validatePassword('opensesame')
      : (auth.method === 'XOAUTH2' ? auth.accessToken : auth.password) === 'opensesame');
  callback(right ? null : new Error('wrong credentials'), right ? { user: 'alice' } : undefined);
}

function fault(code, text) {
  const error = new Error(text);
  error.responseCode = code;
  return error;
}

function onRcptTo(address, session, callback) {
  callback(address.address === 'refused@test.example' ? fault(550, 'Nobody lives here') : null);
}

function onData(stream, session, callback) {
  const pieces = [];
  stream.on('data', (piece) => pieces.push(piece));
  stream.on('end', () => {
    if (stream.sizeExceeded) return callback(fault(552, 'Too large'));
    const sender = session.envelope.mailFrom ? session.envelope.mailFrom.address : '';
    for (const { address } of session.envelope.rcptTo) {
      const name = String(++count);
      const head = Buffer.from(`Return-Path: <${sender}>\r\nX-Original-To: ${address}\r\n`);
      fs.writeFileSync(`${folder}/mail/tmp/${name}`, Buffer.concat([head, ...pieces]));
      fs.renameSync(`${folder}/mail/tmp/${name}`, `${folder}/mail/new/${name}`);
    }
    callback(null, 'stored');
  });
}

const server = new SMTPServer({
  name: 'mail.test.example',
  key: fs.readFileSync(`${folder}/tls/good.key`),
  cert: fs.readFileSync(`${folder}/tls/good.pem`),
  size: 75000000,
  socketTimeout: 10000,
  authOptional: true,
  allowInsecureAuth: true,
  authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'],
  onAuth: judge,
  onRcptTo,
  onData,
});
// Without it a client that goes away is the end of the server.
server.on('error', (error) => console.error(error.message));
server.listen(Number(port), '127.0.0.1');
