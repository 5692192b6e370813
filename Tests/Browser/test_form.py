"""The portal's form, with and without scripts."""
import re, sys

from playwright.sync_api import expect

from browser import ADDRESS, BrowserTest
from stack import ROOT

sys.path.append(str(ROOT / "deploy/portal"))
from pages import wait_text


class Form(BrowserTest):
    def test_a_person_signs_in_from_the_form_through_the_email(self):
        laptop = self.device()
        page = laptop.new_page()
        page.goto(self.portal)
        page.get_by_role("link", name="Your account").click()
        page.get_by_label("Email address").fill(ADDRESS)
        page.wait_for_load_state()  # Before that, the form would be submitted without its script.
        page.get_by_role("button", name="Send me a link").click()
        expect(page.get_by_role("heading", name="Check your email")).to_be_focused()
        expect(page.locator("#sent .address")).to_have_text(ADDRESS)
        with laptop.expect_page() as inbox:
            page.get_by_role("link", name="Open the demo inbox").click()
        message = inbox.value.frame_locator("iframe")
        with laptop.expect_page() as confirmation:  # The inbox reloads until the email is there.
            message.get_by_role("link").first.click()
        self.press(confirmation.value)
        self.expect_signed_in(confirmation.value)

    def test_the_email_in_the_inbox_has_link_and_code(self):
        page = self.page()
        mail = self.ask(page)
        page.goto(self.portal + "/inbox")
        text = page.locator("details[open]").first
        expect(text).to_contain_text(f"To{ADDRESS}", ignore_case=True)
        expect(text.locator("pre")).to_contain_text(mail.code)
        expect(text.locator("pre a")).to_have_attribute("href", mail.link)
        message = page.frame_locator("iframe")
        expect(message.locator("body")).to_contain_text(mail.code)
        expect(message.get_by_role("link").first).to_have_attribute("href", mail.link)

    def test_an_invalid_address_is_refused_next_to_its_field_and_no_email_is_sent(self):
        for scripts in (True, False):
            with self.subTest(scripts=scripts):
                page = self.page(java_script_enabled=scripts)
                page.goto(self.portal + "/sign-in?next=/invoices")
                field = page.get_by_label("Email address")
                field.fill("ada@example")
                page.get_by_role("button", name="Send me a link").click()
                expect(field).to_have_accessible_description("Invalid email address")
                expect(field).to_have_attribute("aria-invalid", "true")
                expect(field).to_have_value("ada@example")
                if scripts:
                    expect(field).to_be_focused()
                field.fill(ADDRESS)
                page.get_by_role("button", name="Send me a link").click()
                expect(page.get_by_role("heading", name="Check your email")).to_be_visible()
                self.stack.mail(ADDRESS, 1 if scripts else 2)
                self.assertEqual(self.stack.mails("ada@example"), [])

    def test_without_scripts_a_person_signs_in_with_the_link(self):
        page = self.page(java_script_enabled=False)
        self.open(page, self.ask(page, next="/invoices"))
        self.expect_signed_in(page, "/invoices")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("link", name="Sign in")).to_be_visible()

    def test_without_scripts_a_person_signs_in_with_the_code(self):
        page = self.page(java_script_enabled=False)
        mail = self.ask(page, next="/invoices")
        self.enter_code(page, mail.code)
        self.expect_signed_in(page, "/invoices")

    def test_without_scripts_a_new_email_can_be_sent_and_its_code_works(self):
        page = self.page(java_script_enabled=False)
        self.ask(page, next="/invoices")
        page.get_by_role("button", name="Send a new email").click()
        self.enter_code(page, self.stack.mail(ADDRESS, 2).code)
        self.expect_signed_in(page, "/invoices")

    def test_a_new_email_can_be_sent_and_its_code_works(self):
        page = self.page()
        self.ask(page)
        page.get_by_role("button", name="Send a new email").click()
        expect(page.locator("#sent [role=status]")).to_have_text("We sent a new email.")
        self.enter_code(page, self.stack.mail(ADDRESS, 2).code)
        self.expect_signed_in(page)

    def test_the_email_is_in_the_language_of_the_browser(self):
        for number, scripts in enumerate((True, False), 1):
            with self.subTest(scripts=scripts):
                mail = self.ask(self.page(locale="de-DE", java_script_enabled=scripts), number=number)
                self.assertIn('lang="de"', mail.html)

    def test_an_error_is_in_the_language_of_the_browser(self):
        for scripts in (True, False):
            with self.subTest(scripts=scripts):
                page = self.page(locale="ar", java_script_enabled=scripts)
                page.goto(self.portal + "/sign-in")
                field = page.get_by_label("Email address")
                field.fill("ada@example")
                page.get_by_role("button", name="Send me a link").click()
                expect(field).to_have_accessible_description("عنوان البريد الإلكتروني غير صالح")
                if scripts:
                    expect(page.locator("#email-error span")).to_have_attribute("lang", "ar")

    def test_the_form_says_that_sign_in_is_unavailable_with_and_without_scripts(self):
        pages = [self.page(java_script_enabled=scripts) for scripts in (True, False)]
        for page in pages:
            page.goto(self.portal + "/sign-in")
        self.stack.stop("handler")
        for page in pages:
            page.get_by_label("Email address").fill(ADDRESS)
            page.get_by_role("button", name="Send me a link").click()
            expect(page.get_by_role("status").filter(visible=True)).to_have_text(
                "Sign-in is unavailable right now: try again shortly.")
            expect(page.get_by_label("Email address")).to_have_value(ADDRESS)
        self.complaints = [line for line in self.complaints if "ERR_CONNECTION_REFUSED" not in line]

    def test_the_form_can_be_used_with_the_keyboard_alone(self):
        page = self.page()
        page.goto(self.portal + "/sign-in")
        self.tab_to(page, page.get_by_label("Email address"))
        page.keyboard.type(ADDRESS)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Check your email")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_label("6-digit code")).to_be_focused()
        page.keyboard.type(self.stack.mail(ADDRESS).code)
        page.keyboard.press("Enter")
        self.expect_signed_in(page)

    def test_a_wait_is_in_seconds_below_a_minute_and_in_minutes_rounded_up_above(self):
        page = self.page()
        page.goto(self.portal + "/sign-in")
        for seconds, text in {1: "1 second", 2: "2 seconds", 59: "59 seconds", 60: "1 minute", 61: "2 minutes",
                              298: "5 minutes", 300: "5 minutes", 301: "6 minutes"}.items():
            with self.subTest(seconds):
                self.assertEqual(wait_text(seconds), text)
                self.assertEqual(page.evaluate("(seconds) => waitText(seconds)", seconds), text)


class Limits(BrowserTest):
    settings = {"POSTERN_IP_LIMIT": "1/3s"}

    def test_a_limit_is_counted_down_and_then_a_new_email_is_sent(self):
        page = self.page()
        asked = []
        page.on("request", lambda request: request.method == "POST" and asked.append(request.url))
        self.ask(page)
        button, status = page.get_by_role("button", name="Send a new email"), page.locator("#sent [role=status]")
        status.evaluate("""(status) => {
            window.said = [];
            const note = () => said.at(-1) !== status.textContent && said.push(status.textContent);
            new MutationObserver(note).observe(status, {childList: true, subtree: true, characterData: true});
        }""")
        button.click()
        expect(status).to_have_text(re.compile(r"^Too many attempts\. Try again in [1-3] seconds?\.$"))
        expect(button).to_be_disabled()
        button.click(force=True)
        expect(status).to_have_text("You can try again now.")
        expect(button).to_be_enabled()
        expect(button).to_be_focused()
        self.assertEqual(asked, [self.postern + "/auth/send-magic-link"] * 2)
        counts = [int(count) for said in page.evaluate("said") for count in re.findall(r"in (\d) second", said)]
        self.assertEqual(counts, list(range(counts[0], 0, -1)))
        button.click()
        expect(status).to_have_text("We sent a new email.")
        self.stack.mail(ADDRESS, 2)

    def test_without_scripts_the_wait_is_shown_and_the_earlier_email_still_works(self):
        page = self.page(java_script_enabled=False)
        mail = self.ask(page, next="/invoices")
        with page.expect_response(self.portal + "/sign-in") as answer:
            page.get_by_role("button", name="Send a new email").click()
        self.assertEqual(answer.value.status, 429)
        seconds = answer.value.headers["retry-after"]
        self.assertIn(seconds, ("1", "2", "3"))
        expect(page.locator("#sent [role=status]")).to_have_text(
            f"Too many attempts. Try again in {seconds} second{'' if seconds == '1' else 's'}.")
        self.enter_code(page, mail.code)
        self.expect_signed_in(page, "/invoices")
