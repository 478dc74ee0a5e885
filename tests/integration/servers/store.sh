#!/bin/sh
# For servers that hand a message to a program: puts it into the store as recipe.sh says.
# usage: sh store.sh DIR RECIPIENT [SENDER] <MESSAGE
set -eu
file=$(mktemp "$1/mail/tmp/XXXXXXXX")
{
  printf 'Return-Path: <%s>\nX-Original-To: %s\n' "${3:-}" "$2"
  cat
} >"$file"
chmod 644 "$file"
mv "$file" "$1/mail/new/"
