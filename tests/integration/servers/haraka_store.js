// What haraka.sh gives Haraka for a plugin: takes mail for whomever at test.example, and puts it into the store.
'use strict';
const fs = require('fs');
const path = require('path');
const { Writable } = require('stream');

const store = path.join(process.env.HARAKA, 'mail');
let count = 0;

exports.register = function () {
  this.register_hook('rcpt', 'judge');
  this.register_hook('queue', 'keep');
  this.register_hook('queue_outbound', 'keep');
};

exports.judge = function (next, connection, [recipient]) {
  if (recipient.address === 'refused@test.example') return next(DENY, 'Nobody lives here');
  next(OK);
};

exports.keep = function (next, connection) {
  const { mail_from, rcpt_to, message_stream } = connection.transaction;
  const pieces = [];
  const whole = new Writable({
    write(piece, _, done) {
      pieces.push(piece);
      done();
    },
  });
  whole.on('finish', () => {
    for (const recipient of rcpt_to) {
      const name = String(++count);
      const head = Buffer.from(`Return-Path: <${mail_from.address}>\r\nX-Original-To: ${recipient.address}\r\n`);
      fs.writeFileSync(path.join(store, 'tmp', name), Buffer.concat([head, ...pieces]));
      fs.renameSync(path.join(store, 'tmp', name), path.join(store, 'new', name));
    }
    next(OK);
  });
  message_stream.pipe(whole);
};
