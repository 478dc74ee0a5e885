"""What the figures must show. `r` has the medians by work and column, and under 'extras' what extras.py measured."""

import dataclasses
import typing


@dataclasses.dataclass
class Bar:
    """`value(r)` against `limit`; a KeyError or None says that it was not measured."""
    work: str
    text: str
    limit: float
    value: typing.Callable
    at_most: bool = False

    def judge(self, results):
        """The value and whether it is good enough; (None, None) where it cannot be said."""
        try:
            value = self.value(results)
        except KeyError:
            return None, None
        if value is None:
            return None, None
        return value, value <= self.limit if self.at_most else value >= self.limit


def faster(work, column, than_work, than):
    return lambda r: r[work][column]['rate'] / r[than_work][than]['rate']


def cpu(work):
    return lambda r: r[work]['smtpoll']['cpu'] / r['data']['libcurl']['cpu']


def fastest_streaming(r):
    others = [r['base64'][name]['rate'] for name in ('libcurl', 'POCO', 'VMime', 'smtplib', 'nodemailer')
              if name in r['base64']]
    return r['base64']['smtpoll']['rate'] / max(others) if others else None


def round_trips(work):
    return lambda r: r[work]['smtpoll']['round_trips']


def flights(work, column):
    return lambda r: r[work][column]['flights']


def call_count(mode, what):
    return lambda r: r['extras']['calls'][mode][what]


def compiled(than):
    return lambda r: r['extras']['compile']['smtpoll'] / r['extras']['compile'][than]


def encoder(name):
    return lambda r: r['extras']['encoders'][name]



BARS = [
    Bar('grouped', 'flights a message', 2, lambda r: r['grouped']['smtpoll']['flights'], at_most=True),
    Bar('one bdat', 'flights a message', 1.05, lambda r: r['one bdat']['smtpoll']['flights'], at_most=True),
    Bar('data', 'of the floor', 0.85, faster('data', 'smtpoll', 'data', 'floor')),
    Bar('data', 'x smtp-source', 4, faster('data', 'smtpoll', 'data', 'smtp-source')),
    Bar('data', 'x libcurl', 4, faster('data', 'smtpoll', 'data', 'libcurl')),
    Bar('data', 'x smtplib', 15, faster('data', 'smtpoll', 'data', 'smtplib')),
    Bar('data', 'x nodemailer', 15, faster('data', 'smtpoll', 'data', 'nodemailer')),
    Bar('data', 'x POCO', 100, faster('data', 'smtpoll', 'data', 'POCO')),
    Bar('data', 'x VMime', 100, faster('data', 'smtpoll', 'data', 'VMime')),
    Bar('data', "of libcurl's CPU", 0.25, cpu('data'), at_most=True),
    Bar('data', 'flights a message', 1.05, flights('data', 'smtpoll'), at_most=True),
    Bar('data', 'socket calls a message', 2, call_count('data', 'system_calls'), at_most=True),
    Bar('data', 'system calls a message by strace', 2, call_count('data', 'strace'), at_most=True),
    Bar('data', 'heap allocations a message', 0, call_count('data', 'allocations'), at_most=True),
    Bar('bdat', 'of the floor', 0.35, faster('bdat', 'smtpoll', 'bdat', 'floor')),
    Bar('bdat', 'x libcurl', 40, faster('bdat', 'smtpoll', 'data', 'libcurl')),
    Bar('bdat', 'x smtp-source', 30, faster('bdat', 'smtpoll', 'data', 'smtp-source')),
    Bar('bdat', 'x smtplib', 200, faster('bdat', 'smtpoll', 'data', 'smtplib')),
    Bar('bdat', "of libcurl's CPU", 0.05, cpu('bdat'), at_most=True),
    Bar('bdat', 'socket calls a message', 0.5, call_count('bdat', 'system_calls'), at_most=True),
    Bar('bdat', 'system calls a message by strace', 0.5, call_count('bdat', 'strace'), at_most=True),
    Bar('bdat', 'heap allocations a message', 0, call_count('bdat', 'allocations'), at_most=True),
    Bar('base64', 'of the floor', 0.75, faster('base64', 'smtpoll', 'base64', 'floor')),
    Bar('base64', 'of the floor without SIMD', 0.6, faster('base64', 'smtpoll scalar', 'base64', 'floor')),
    Bar('base64', 'x the fastest peer that streams', 10, fastest_streaming),
    Bar('base64', 'x libcurl with the data in memory', 2, faster('base64', 'smtpoll', 'base64', 'libcurl, in memory')),
    Bar('base64', "MiB of memory above the floor's", 1,
        lambda r: (r['base64']['smtpoll']['memory'] - r['base64']['floor']['memory']) / 1024, at_most=True),
    Bar('binary', 'x the base64 floor', 1.2, faster('binary', 'smtpoll', 'base64', 'floor')),
    Bar('late data', 'round trips a message', 1.1, round_trips('late data'), at_most=True),
    Bar('late bdat', 'round trips a message', 0.2, round_trips('late bdat'), at_most=True),
    Bar('late bdat', 'flights a message', 0.15, flights('late bdat', 'smtpoll'), at_most=True),
    Bar('recipients', "of the floor's time", 1.1,
        lambda r: r['recipients']['smtpoll']['seconds'] / r['recipients']['floor']['seconds'], at_most=True),
    Bar('sessions', 'bytes of memory a session', 16384, lambda r: r['extras']['sessions']['many']['memory_a_session'],
        at_most=True),
    Bar('sessions', "of one session's CPU a message", 2,
        lambda r: (r['extras']['sessions']['many']['cpu_a_message']
                   / r['extras']['sessions']['one']['cpu_a_message']), at_most=True),
    Bar('encoders', "x OpenSSL's base64, AVX2", 4, encoder('best')),
    Bar('encoders', "x OpenSSL's base64, scalar", 1.5, encoder('table')),
    Bar('encoders', 'x a scan byte by byte, with SIMD', 8, encoder('scan by best')),
    Bar('encoders', 'x a scan byte by byte, without', 3, encoder('scan by memchr')),
    Bar('compile', "of cpp-httplib's compile time", 0.2, compiled('cpp-httplib'), at_most=True),
    Bar('compile', 'x that of <string>, <vector>, <functional>', 2, compiled('standard'), at_most=True),
]

TITLES = {'sessions': '10,000 sessions in one thread', 'encoders': 'encoders alone', 'compile': '#include alone, -O2'}
