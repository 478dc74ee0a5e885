#!/usr/bin/env python3
"""The small machines: a Cortex-M3 without an operating system, and lwIP. Builds, runs, measures and compares.

Each sends two messages, one with an attachment from flash, to an SMTP server of another make (aiosmtpd) on this
machine. What arrives is compared byte for byte with what the same messages are rendered to here, and read by python's
parser. The image must hold no heap, and a second image that has one must be caught.

usage: embedded.py [cortex-m3 | lwip]...
The last line of each target is `embedded: NAME ...`; the exit code is 0 where all passed, 77 where a tool is missing.
"""

import asyncio
import email
import email.policy
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / 'tests/embedded'
WARNINGS = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Wold-style-cast', '-Werror']
BARE = ['-fno-exceptions', '-fno-rtti', '-Os', '-ffunction-sections', '-fdata-sections']
SMALL = ['-DSMTPOLL_SMALL', '-DSMTPOLL_NO_AUTH']
ARM = ['-mcpu=cortex-m3', '-mthumb', '-ffreestanding', '-fno-threadsafe-statics', '-fno-unwind-tables',
       '-fno-asynchronous-unwind-tables']

# What must not be in an image: the heap of C, of C++, and what newlib asks the system for.
HEAP = re.compile(r'^(_?(malloc|calloc|realloc|free)(_r)?|_?sbrk(_r)?|operator (new|delete).*)$')

MOST_CODE = 24 * 1024  # .text and .rodata of smtpoll, bytes
MOST_RAM = 2 * 1024  # beside the buffers that the user sized
MOST_STACK = 1024



class Failed(Exception):
    pass


def run(*command, **options):
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False, **options)
    if result.returncode:
        raise Failed(f'{" ".join(map(str, command))}\n{result.stdout}')
    return result.stdout


def check(what, holds):
    print(f'{"ok    " if holds else "FAILED"}  {what}')
    if not holds:
        raise Failed(what)


class Mailbox:
    """aiosmtpd on a port of its own; keeps the envelopes."""

    def __enter__(self):
        from aiosmtpd.smtp import SMTP
        self.envelopes = []
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(
            self.loop.create_server(lambda: SMTP(self, enable_SMTPUTF8=True), '127.0.0.1', 0))
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.server.close()
        self.loop.close()

    async def handle_DATA(self, _server, _session, envelope):
        self.envelopes.append(envelope)
        return '250 2.0.0 taken'


def rendered(folder):
    """What the messages are on the wire, by a program of this machine."""
    program = folder / 'render'
    run('g++', '-std=c++17', '-O1', *WARNINGS, '-I', ROOT / 'include', HERE / 'render.cpp', HERE / 'message.cpp',
        '-o', program)
    return [subprocess.run([program, str(number)], capture_output=True, check=True).stdout for number in (0, 1)]


def measurements():
    """The attachment's bytes, as message.cpp makes them."""
    state, values = 1, bytearray()
    for _ in range(5000):
        state = (state * 1103515245 + 12345) & 0xffffffff
        values.append(state >> 16 & 0xff)
    return bytes(values)


def check_delivery(envelopes, wanted):
    check('two messages arrived', len(envelopes) == 2)
    for envelope, content in zip(envelopes, wanted):
        check('their envelopes', (envelope.mail_from, envelope.rcpt_tos) == (
            'chip@example.org', ['operator@example.org', 'archive@example.org', 'shadow@example.org']))
        # Over DATA the last line has to end, whether it did or not.
        ended = content if content.endswith(b'\r\n') else content + b'\r\n'
        check(f'{len(content)} bytes arrived as they were rendered here', envelope.original_content == ended)
    mail = email.message_from_bytes(envelopes[0].original_content, policy=email.policy.default)
    attachments = list(mail.iter_attachments())
    check('python reads subject, name and body',
          (str(mail['Subject']), mail['To'].addresses[0].display_name, mail.get_body().get_content()) == (
              'Température 21.5 °C, all is well', 'Zoë, on duty', 'All is well at 21.5 °C.\r\nThe end.\r\n'))
    check('python reads the attachment and its name',
          [(one.get_filename(), one.get_content()) for one in attachments] == [('meßwerte.bin', measurements())])
    plain = email.message_from_bytes(envelopes[1].original_content, policy=email.policy.default)
    check('python reads the dots', plain.get_content() == '.\r\n..two dots\r\n.and one\r\n\r\n.\r\n')


# ---- Cortex-M3

def build_image(folder, name, *options, link=(), include=ROOT / 'include'):
    """Compiles and links the image."""
    objects = []
    for source in ('cortex_m3', 'board', 'message'):
        objects.append(folder / f'{name}-{source}.o')
        run('arm-none-eabi-g++', '-std=c++17', *WARNINGS, *BARE, *SMALL, *ARM, *options, '-I', include,
            '-c', HERE / f'{source}.cpp', '-o', objects[-1])
    image = folder / f'{name}.elf'
    run('arm-none-eabi-g++', *ARM, '-nostartfiles', '-specs=nano.specs', *link, '-Wl,--gc-sections', '-T',
        HERE / 'mps2_an385.ld', f'-Wl,-Map={image}.map', *objects, '-o', image)
    return image


def heap_symbols(image, tool):
    names = [line.split(' ', 2)[-1] for line in run(tool, '-C', image).splitlines()]
    return sorted({name for name in (re.sub(r'^[A-Za-z] ', '', name.strip()) for name in names) if HEAP.match(name)})


def sizes_by_file(image):
    """Bytes of each kind of section in the image, by the object or library member that they came from."""
    sizes = {}
    text = pathlib.Path(f'{image}.map').read_text(encoding='utf-8')
    text = text[text.index('Linker script and memory map'):]
    # " .text._ZN...   0x00000000  0x1c  file.o", where a long name stands on a line of its own.
    for section, size, file in re.findall(
            r'^ (\.(?:vectors|text|rodata|data|bss|init_array)\S*)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$', text, re.M):
        kind = section.split('.')[1]
        name = pathlib.Path(file).name
        sizes.setdefault(name, {}).setdefault(kind, 0)
        sizes[name][kind] += int(size, 16)
    return sizes


def cortex_m3(folder, wanted):
    image = build_image(folder, 'cortex-m3')
    found = heap_symbols(image, 'arm-none-eabi-nm')
    check(f'no heap in the image {" ".join(found)}', not found)
    # It would not be linked either: nobody has what the heap asks the system for.
    with_heap = build_image(folder, 'with-heap', '-DTEST_WITH_HEAP', link=['-Wl,--unresolved-symbols=ignore-all'])
    found = heap_symbols(with_heap, 'arm-none-eabi-nm')
    check('an image with a heap is found out', 'operator new[](unsigned int)' in found and '_sbrk_r' in found)

    # The object with main has nothing in it but the session, the socket policy and main: all of that counts as ours.
    sizes = sizes_by_file(image)['cortex-m3-cortex_m3.o']
    whole = run('arm-none-eabi-size', image).splitlines()[1].split()
    with Mailbox() as mailbox:
        report = run('qemu-system-arm', '-machine', 'mps2-an385', '-display', 'none', '-monitor', 'none',
                     '-semihosting-config', 'enable=on,target=native', '-serial', f'tcp:127.0.0.1:{mailbox.port}',
                     '-kernel', image, timeout=120)
        check_delivery(mailbox.envelopes, wanted)
    told = {name: int(value) for name, value in re.findall(r'(\w+) (\d+)', report)}
    check('the server took all three recipients of both', told['accepted'] == 6)

    text, rodata = sizes.get('text', 0), sizes.get('rodata', 0)
    ram = sizes.get('data', 0) + sizes.get('bss', 0) - told['buffers']
    stack = told['stack']
    print(f'        image: text {whole[0]}, data {whole[1]}, bss {whole[2]} with 4096 of stack; '
          f'session {told["session"]}, buffers {told["buffers"]}')
    check(f'code: {text} + {rodata} bytes, at most {MOST_CODE}', 0 < text + rodata <= MOST_CODE)
    check(f'RAM beside the buffers: {ram} bytes, at most {MOST_RAM}', 0 < ram <= MOST_RAM)
    check(f'stack: {stack} bytes, at most {MOST_STACK}', 0 < stack <= MOST_STACK)
    return f'embedded: cortex-m3 text {text} rodata {rodata} ram {ram} stack {stack}'


# ---- lwIP

def build_lwip(folder, name, *options):
    """Compiles and links the program."""
    program = folder / name
    run('g++', '-std=c++17', '-Wall', '-Wextra', '-Werror', *BARE, *SMALL, *options, '-I', ROOT / 'include', '-isystem',
        '/usr/include/lwip', HERE / 'lwip.cpp', HERE / 'message.cpp', '-o', program, '-llwip', '-pthread')
    return program


def lwip(folder, wanted):
    code = [line for line in (HERE / 'lwip_socket.hpp').read_text(encoding='utf-8').splitlines()
            if line.strip() and not line.strip().startswith(('//', '#'))]
    check(f'the socket policy has {len(code)} lines, fewer than 60', len(code) < 60)
    # lwIP itself is linked from the system's library, so its own memory is in the program; nothing of ours asks for any.
    result = subprocess.run([build_lwip(folder, 'lwip')], capture_output=True, check=False, timeout=60)
    told = {name: int(value) for name, value in re.findall(r'(\w+) (\d+)', result.stderr.decode())}
    check('both messages are sent, and no operator new is called', result.returncode == 0 and told['sent'] == 2)
    ended = [content if content.endswith(b'\r\n') else content + b'\r\n' for content in wanted]
    check('they arrived as they were rendered here',
          result.stdout == b''.join(b'%d\n%s' % (len(content), content) for content in ended))
    with_heap = subprocess.run([build_lwip(folder, 'lwip-heap', '-DTEST_WITH_HEAP')], capture_output=True, check=False,
                               timeout=60)
    check('a program that calls operator new is found out', with_heap.returncode < 0)
    return f'embedded: lwip policy {len(code)} lines, ram {told["session"] - told["buffers"]}'


TARGETS = {
    'cortex-m3': (cortex_m3, ['arm-none-eabi-g++', 'qemu-system-arm']),
    'lwip': (lwip, ['g++', '/usr/include/lwip/lwip/init.h']),
}


def main():
    names = sys.argv[1:] or list(TARGETS)
    try:
        import aiosmtpd.smtp  # noqa: F401
    except ImportError:
        # A package of Debian's belongs to Debian's python.
        debians = '/usr/bin/python3'
        if os.path.realpath(sys.executable) != os.path.realpath(debians) and os.path.exists(debians):
            os.execv(debians, [debians, *sys.argv])
        print('skipped: there is no aiosmtpd; sh tests/tools/setup.sh embedded installs it')
        return 77
    skipped = failed = False
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        wanted = rendered(pathlib.Path(folder))
        for name in names:
            target, tools = TARGETS[name]
            missing = [tool for tool in tools if not shutil.which(tool) and not pathlib.Path(tool).exists()]
            if missing:
                print(f'skipped: {name} needs {" ".join(missing)}; sh tests/tools/setup.sh embedded installs it')
                skipped = True
                continue
            try:
                lines.append(target(pathlib.Path(folder), wanted))
            except (Failed, subprocess.TimeoutExpired) as fault:
                print(fault)
                lines.append(f'embedded: {name} FAILED')
                failed = True
    print('\n'.join(lines))
    return 1 if failed else 77 if skipped else 0


if __name__ == '__main__':
    sys.exit(main())
