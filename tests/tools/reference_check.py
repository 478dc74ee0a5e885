"""The reference: every local link leads somewhere, what people look for has a page, and a browser shows it.

usage: reference_check.py HTML_FOLDER
"""

import html.parser
import pathlib
import subprocess
import sys
import tempfile
import unittest
import urllib.parse

FOLDER = pathlib.Path(sys.argv.pop()).resolve()

# What a reader must find, with a word of its page.
PAGES = {
    'classsmtpoll_1_1BasicSMTPSocket.html': 'PollBudget',
    'classsmtpoll_1_1BasicPOP3Socket.html': 'RetrieveMessage',
    'classsmtpoll_1_1EmailMessage.html': 'BodyPlainText',
    'structsmtpoll_1_1Error.html': 'reply_code',
    'structsmtpoll_1_1SecureSettings.html': 'CertificateAuthorityFile',
    'namespacesmtpoll.html': 'Describe',
}


class Page(html.parser.HTMLParser):
    """The links of one page, and the names that links may lead to."""

    def __init__(self, text):
        super().__init__()
        self.links, self.names = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ('href', 'src') and value:
                self.links.add(value)
            if name in ('id', 'name') and value:
                self.names.add(value)


def broken_links(folder):
    """Each local link that leads nowhere, and how many local links there are."""
    pages = {path.name: Page(path.read_text(encoding='utf-8')) for path in folder.glob('*.html')}
    broken, count = [], 0
    for name, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = urllib.parse.unquote(parts.path) or name
            fragment = urllib.parse.unquote(parts.fragment)
            if not (folder / target).exists():
                broken.append(f'{name}: {link}')
            elif fragment and target in pages and fragment not in pages[target].names:
                broken.append(f'{name}: {link}')
    return broken, count


def shown(page):
    """The page as a browser has it once its scripts have run."""
    with tempfile.TemporaryDirectory() as profile:
        result = subprocess.run(['chromium', '--headless', '--no-sandbox', '--disable-gpu', f'--user-data-dir={profile}',
                                 '--virtual-time-budget=10000', '--dump-dom', page.as_uri()],
                                capture_output=True, text=True, timeout=120, check=False)
        return result.stdout


class Reference(unittest.TestCase):
    def test_local_links_lead_somewhere(self):
        broken, count = broken_links(FOLDER)
        self.assertGreater(count, 1000)
        self.assertEqual(broken, [])
        print(f'{count} local links')

    def test_a_broken_link_is_found(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / 'a.html').write_text('<a href="b.html#x">1</a><a href="b.html#y">2</a><a href="c.html">3</a>'
                                           '<a href="#z">4</a><a href="https://example.org/">5</a>', encoding='utf-8')
            (folder / 'b.html').write_text('<p id="x"></p>', encoding='utf-8')
            broken, count = broken_links(folder)
            self.assertEqual(count, 4)
            self.assertEqual(sorted(broken), ['a.html: #z', 'a.html: b.html#y', 'a.html: c.html'])

    def test_what_people_look_for_is_there(self):
        for page, word in PAGES.items():
            with self.subTest(page=page):
                self.assertIn(word, (FOLDER / page).read_text(encoding='utf-8'))
        for path in FOLDER.glob('*.html'):
            self.assertNotIn('smtpoll::detail::', path.name)

    def test_a_browser_shows_it(self):
        index = shown(FOLDER / 'index.html')
        self.assertIn('The classes that most programs need', index)
        # The menu is made by a script: it is there only where the page was opened and its scripts were found.
        self.assertIn('id="main-menu"', index)
        self.assertIn('href="annotated.html"', index)
        self.assertNotIn('id="main-menu"', (FOLDER / 'index.html').read_text(encoding='utf-8'))
        self.assertIn('Starts to connect to Address:Port', shown(FOLDER / 'classsmtpoll_1_1BasicSMTPSocket.html'))


if __name__ == '__main__':
    unittest.main()
