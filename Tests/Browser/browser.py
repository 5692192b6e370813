"""Shared by the browser tests: a person's devices, and the steps of a sign-in."""
import os, sys, unittest

from playwright.sync_api import expect, sync_playwright

from stack import Stack

CHROMIUM = "/usr/bin/chromium"
ADDRESS = "ada@example.com"

expect.set_options(timeout=10_000)


def launch(playwright):
    # Chromium's sandbox does not work for root.
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"] if os.getuid() == 0 else [])


def is_complaint(message):
    """Whether a console message reports a defect. A response with a status of 400 or more is not a defect."""
    return message.type in ("error", "warning") and "the server responded with a status of" not in message.text


class BrowserTest(unittest.TestCase):
    """A test with a stack of its own. It fails if a page logs an error or a warning to its console."""

    settings = {}

    @classmethod
    def setUpClass(cls):
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        cls.browser = launch(playwright)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.complaints = []
        self.stack = self.enterContext(Stack(**self.settings))
        self.portal, self.postern = self.stack.portal, self.stack.postern

    def tearDown(self):
        self.logs = self.stack.logs()
        self.assertEqual(self.complaints, [])

    def run(self, result=None):
        failed = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failed:
            print(self.id(), getattr(self, "logs", ""), sep="\n", file=sys.stderr)
        return result

    def device(self, **options):
        """Returns a new browser that shares nothing with others."""
        context = self.browser.new_context(**{"locale": "en-GB"} | options)
        self.addCleanup(context.close)
        context.set_default_timeout(10_000)
        context.on("console", lambda message: is_complaint(message) and self.complaints.append(message.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        return context

    def page(self, **options):
        return self.device(**options).new_page()

    def ask(self, page, address=ADDRESS, next="", number=1):
        """Opens the form, submits it, and returns the email."""
        page.goto(f"{self.portal}/sign-in{next and '?next=' + next}")
        page.get_by_label("Email address").fill(address)
        page.get_by_role("button", name="Send me a link").click()
        expect(page.get_by_role("heading", name="Check your email")).to_be_visible()
        return self.stack.mail(address, number)

    def enter_code(self, page, code):
        page.get_by_label("6-digit code").fill(code)
        page.locator("main").get_by_role("button", name="Sign in").click()

    def open(self, page, mail):
        """Opens a link, and presses the only button on its page."""
        answer = page.goto(mail.link)
        self.press(page)
        return answer

    def wait(self, page, condition):
        """Waits for a condition for ten seconds at most, while the page runs."""
        for _ in range(500):
            if condition():
                return True
            page.wait_for_timeout(20)
        return False

    def press(self, page):
        page.get_by_role("button").click()

    def expect_signed_in(self, page, path="/account", address=ADDRESS):
        expect(page).to_have_url(self.portal + path)
        expect(page.locator("main .address")).to_have_text(address)

    def expect_signed_out(self, device):
        page = device.new_page()
        page.goto(self.portal + "/account")
        expect(page).to_have_url(self.portal + "/sign-in?next=%2Faccount")
        page.close()

    def tab_to(self, page, control):
        for _ in range(20):
            page.keyboard.press("Tab")
            if control.evaluate("control => control === document.activeElement"):
                return
        self.fail("the Tab key does not reach the control")
