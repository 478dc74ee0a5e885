#!/usr/bin/env python3
"""Runs a program of TLS tests with certificates of its own and servers as it asks for them (tls_server.py).

usage: tls_run.py PROGRAM [ARGUMENT...]; exit code 77, with a word, where the openssl command is missing
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import tls_server

if shutil.which('openssl') is None:
    print('skipped: there is no openssl command; sh tests/tools/setup.sh tls installs it')
    sys.exit(77)
with tempfile.TemporaryDirectory() as folder:
    script = pathlib.Path(__file__).with_name('tls_certificates.sh')
    made = subprocess.run(['sh', script, folder], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        sys.exit(f'{script.name} failed:\n{made.stderr}')
    port = tls_server.start(pathlib.Path(folder))
    environment = dict(os.environ, TLS_CONTROL_PORT=str(port), TLS_FOLDER=folder)
    sys.exit(subprocess.run(sys.argv[1:], env=environment, check=False).returncode)
