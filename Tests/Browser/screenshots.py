"""Saves screenshots of all pages of a sign-in in a folder: light, dark, and as wide as a phone.

README.md's two pictures are retaken with: Tests/Browser/screenshots --readme deploy/portal/pictures
"""
import json, pathlib, sys, urllib.error, urllib.request

from playwright.sync_api import expect, sync_playwright

import pictures
from browser import launch
from stack import Stack

LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1000, "height": 760}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1000, "height": 760}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}, "device_scale_factor": 2},
}


class Album:
    """The screenshots of one look."""

    def __init__(self, context, stack, folder, look):
        self.page, self.stack, self.folder, self.look = context.new_page(), stack, folder, look

    def take(self, name):
        self.page.screenshot(path=self.folder / f"{name}-{self.look}.png", full_page=True)

    def ask(self, address, number=1):
        self.page.goto(self.stack.portal + "/sign-in?next=/invoices")
        self.page.get_by_label("Email address").fill(address)
        self.page.get_by_role("button", name="Send me a link").click()
        expect(self.page.get_by_role("heading", name="Check your email")).to_be_visible()
        return self.stack.mail(address, number)

    def press(self):
        self.page.get_by_role("button").click()

    def form(self, address):
        page = self.page
        page.goto(self.stack.portal)
        self.take("start")
        page.goto(self.stack.portal + "/sign-in")
        self.take("form")
        page.get_by_label("Email address").fill("ada@example")
        page.get_by_role("button", name="Send me a link").click()
        expect(page.get_by_label("Email address")).to_have_attribute("aria-invalid", "true")
        self.take("form-error")
        mail = self.ask(address)
        self.take("check-your-mail")
        page.get_by_label("6-digit code").fill("000000" if mail.code != "000000" else "000001")
        page.locator("#sent").get_by_role("button", name="Sign in").click()
        expect(page.get_by_label("6-digit code")).to_have_attribute("aria-invalid", "true")
        self.take("check-your-mail-error")
        self.stack.use_up(address)
        page.get_by_role("button", name="Send a new email").click()
        expect(page.locator("#sent [role=timer]")).to_be_visible()
        self.take("check-your-mail-limited")
        page.goto(self.stack.portal + "/inbox")
        page.frame_locator("iframe").first.get_by_role("link").first.wait_for()
        self.take("inbox")

    def confirmation(self, address):
        page = self.page
        superseded, mail = self.ask(address), self.ask(address, 2)
        page.goto(mail.link)
        self.take("confirmation-live")
        self.press()
        page.wait_for_url(self.stack.portal + "/invoices")
        self.take("invoices")
        page.goto(self.stack.portal + "/account")
        self.take("account")
        page.goto(mail.link)
        self.take("confirmation-used")
        page.goto(superseded.link)
        self.take("confirmation-superseded")
        page.goto(f"{self.stack.postern}/auth/open?token={'A' * 43}")
        self.take("confirmation-unknown")
        page.goto(f"{self.stack.portal}/auth/callback?token={'A' * 43}&next=/invoices")
        self.take("callback-refused")
        page.goto(self.stack.portal + "/nowhere")
        self.take("missing")

    def expired(self, address):
        mail = self.ask(address)
        self.stack.expire(mail)
        self.page.goto(mail.link)
        self.take("confirmation-expired")
        self.press()
        self.stack.mail(address, 2)
        self.take("confirmation-sent")
        self.stack.use_up(address)
        self.page.goto(mail.link)
        self.press()
        self.take("confirmation-limited")


class LimitedStack(Stack):
    """A stack in which an address can get three emails."""

    def __init__(self):
        super().__init__(POSTERN_RECIPIENT_LIMIT="3/15m")

    def use_up(self, address):
        """Requests emails to an address until the limit is reached."""
        body = json.dumps({"email": address, "callback_origin": self.portal, "code": True}).encode()
        request = urllib.request.Request(
            self.postern + "/auth/send-magic-link", body, {"Content-Type": "application/json"})
        try:
            while True:
                urllib.request.urlopen(request, timeout=5).close()
        except urllib.error.HTTPError as refusal:
            if refusal.status != 429:
                raise


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, LimitedStack() as stack:
        browser = launch(playwright)
        for look, options in LOOKS.items():
            context = browser.new_context(locale="en-GB", **options)
            album = Album(context, stack, folder, look)
            album.form(f"ada+{look}@example.com")
            album.confirmation(f"grace+{look}@example.com")
            album.expired(f"edsger+{look}@example.com")
            context.close()
        browser.close()


if __name__ == "__main__":
    if sys.argv[1] == "--readme":
        pictures.take(pathlib.Path(sys.argv[2]))
    else:
        main(pathlib.Path(sys.argv[1]))
