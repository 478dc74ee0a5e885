#!/bin/sh
# For servers that hand a message to a program: puts it into the store as recipe.sh says.
# usage: sh store.sh DIR RECIPIENT [SENDER] <MESSAGE
set -eu
# Whom SMTP calls <>, Sendmail calls so.
sender=${3:-}
[ "$sender" != MAILER-DAEMON ] || sender=
file=$(mktemp "$1/mail/tmp/XXXXXXXX")
{
  printf 'Return-Path: <%s>\nX-Original-To: %s\n' "$sender" "$2"
  cat
} >"$file"
chmod 644 "$file"
mv "$file" "$1/mail/new/"
