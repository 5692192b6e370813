"""The link and the code of an email, and the confirmation page."""
import re
from urllib.parse import urlsplit

from playwright.sync_api import expect

from browser import ADDRESS, BrowserTest
from others import auto_submitting, elsewhere, slow

CODE_INVALID = "That code didn't work: check it, or open the link in the email instead"
CODE_RULE = "Must be 6 digits"


class Links(BrowserTest):
    def test_a_used_link_says_so_and_offers_a_new_one_that_works(self):
        page = self.page()
        mail = self.ask(page, next="/invoices")
        self.open(page, mail)
        self.expect_signed_in(page, "/invoices")
        phone = self.device()
        self.expect_refused(phone, mail, "used")
        self.request_new_link_and_sign_in(phone, page, "/invoices")

    def test_an_expired_link_says_so_and_keeps_address_and_destination(self):
        page = self.page()
        mail = self.ask(page, next="/invoices?page=2")
        self.stack.expire(mail)
        phone = self.device()
        self.expect_refused(phone, mail, "expired")
        self.request_new_link_and_sign_in(phone, page, "/invoices?page=2")

    def test_a_newer_link_supersedes_the_earlier_one_which_says_so(self):
        page = self.page()
        earlier = self.ask(page)
        newer = self.ask(page, number=2)
        self.expect_refused(self.device(), earlier, "newer")
        self.open(page, newer)
        self.expect_signed_in(page)

    def test_a_link_requested_from_a_superseded_one_supersedes_the_newer_one(self):
        page = self.page()
        earlier = self.ask(page)
        newer = self.ask(page, number=2)
        phone = self.device()
        self.expect_refused(phone, earlier, "newer")
        self.request_new_link_and_sign_in(phone, page, "/account", number=3)
        self.expect_refused(phone, newer, "newer")

    def test_an_unknown_link_is_explained_and_offers_no_button(self):
        for token in ("A" * 43, "A" * 42, ""):
            with self.subTest(token=token):
                page = self.page()
                self.assertEqual(page.goto(f"{self.postern}/auth/open?token={token}").status, 410)
                expect(page.get_by_role("heading")).to_have_count(1)
                expect(page.get_by_role("button")).to_have_count(0)

    def test_a_link_still_works_after_a_scanner_opened_it(self):
        page = self.page()
        mail = self.ask(page)
        scanner = self.device()
        for method in ("GET", "HEAD", "GET", "GET"):
            self.assertEqual(scanner.request.fetch(mail.link, method=method).status, 200)
        visit = scanner.new_page()
        visit.goto(mail.link, wait_until="networkidle")
        visit.reload(wait_until="networkidle")
        self.open(page, mail)
        self.expect_signed_in(page)

    def test_a_link_signs_in_only_where_it_was_asked_for(self):
        laptop, phone, attacked = self.device(), self.device(), self.device()
        page = laptop.new_page()
        mail = self.ask(page, next="/invoices")
        attacked.new_page().goto(self.portal + "/sign-in")  # It has a verifier of its own.
        for device in (phone, attacked):
            elsewhere = device.new_page()
            self.open(elsewhere, mail)
            expect(elsewhere.get_by_role("heading")).to_have_text("This link doesn't work here")
            self.expect_signed_out(device)
        self.open(page, mail)
        self.expect_signed_in(page, "/invoices")

    def test_a_link_that_no_browser_asked_for_does_not_sign_in(self):
        page = self.page()
        page.goto(self.portal + "/sign-in")
        wanted = {"email": ADDRESS, "callback_origin": self.portal}
        self.assertEqual(page.request.post(f"{self.postern}/auth/send-magic-link", data=wanted).status, 200)
        self.open(page, self.stack.mail(ADDRESS))
        expect(page.get_by_role("heading")).to_have_text("This link doesn't work here")
        self.expect_signed_out(page.context)

    def test_the_destination_is_kept(self):
        queries = ("", "?page=2&sort=a%20b", "?customer=M%C3%BCller%20%26%20%E7%94%B0")
        for number, path in enumerate(("/invoices" + query for query in queries), 1):
            with self.subTest(path=path):
                page = self.page()
                page.goto(self.portal + path)
                page.get_by_label("Email address").fill(ADDRESS)
                page.get_by_role("button", name="Send me a link").click()
                self.open(page, self.stack.mail(ADDRESS, number))
                self.expect_signed_in(page, path)

    def test_a_double_click_signs_in(self):
        page = self.page()
        for number in range(1, 6):
            page.goto(self.ask(page, number=number).link)
            page.get_by_role("button").dblclick()
            self.expect_signed_in(page)
            page.get_by_role("button", name="Sign out").click()

    def test_a_second_click_does_not_cancel_a_slow_sign_in(self):
        page = self.page()
        mail = self.ask(page, next="/invoices")
        self.stack.stop("portal")
        with slow(self.postern) as (url, is_holding, release):
            self.stack.start_portal(url, issuer=self.postern)
            page.goto(mail.link)
            pressed = []
            page.on("request", lambda request: request.method == "POST" and pressed.append(request.url))
            box = page.get_by_role("button").bounding_box()
            place = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            page.mouse.click(*place)
            self.assertTrue(self.wait(page, is_holding.is_set))
            page.mouse.click(*place)
            release.set()
            self.expect_signed_in(page, "/invoices")
            self.assertEqual(pressed, [f"{self.postern}/auth/open"])

    def test_a_callback_can_redirect_to_another_origin(self):
        page = self.page()
        mail = self.ask(page)
        self.stack.stop("portal")
        with elsewhere(urlsplit(self.portal).port) as place:
            page.goto(mail.link)
            self.press(page)
            expect(page).to_have_url(place)

    def test_the_button_works_again_until_the_sign_in_is_complete(self):
        page = self.page()
        mail = self.ask(page, next="/invoices")
        lost = page.request.post(f"{self.postern}/auth/open", form={"token": mail.token}, max_redirects=0)
        self.assertEqual(lost.status, 303)
        self.open(page, mail)
        self.expect_signed_in(page, "/invoices")
        late = self.device().new_page()
        self.assertEqual(late.goto(lost.headers["location"]).status, 400)

    def test_a_form_on_another_site_does_not_exchange_a_link(self):
        page = self.page()
        mail = self.ask(page)
        for host in ("localhost", "127.0.0.1"):  # Another site, and Postern's own with another port.
            with self.subTest(host=host), auto_submitting(f"{self.postern}/auth/open", mail.token) as port:
                victim = self.page()
                victim.goto(f"http://{host}:{port}/")
                expect(victim).to_have_url(f"{self.postern}/auth/open")
                expect(victim.get_by_role("button")).to_be_visible()
        self.open(page, mail)
        self.expect_signed_in(page)

    def test_the_confirmation_page_can_be_used_with_the_keyboard_alone(self):
        page = self.page()
        page.goto(self.ask(page).link)
        self.tab_to(page, page.get_by_role("button"))
        page.keyboard.press("Enter")
        self.expect_signed_in(page)

    def test_the_confirmation_page_is_in_the_language_of_the_browser(self):
        mail = self.ask(self.page())
        page = self.page(locale="de-DE")
        answer = page.goto(mail.link)
        self.assertEqual(answer.headers["content-language"], "de")
        expect(page.locator("html")).to_have_attribute("lang", "de")
        expect(page.get_by_role("button")).to_have_text(re.compile("anmelden", re.IGNORECASE))

    def test_a_link_leaves_no_trace_in_referrers_caches_or_logs(self):
        page = self.page()
        answers = []
        page.on("response", lambda answer: answer.request.is_navigation_request() and answers.append(answer))
        mail = self.ask(page)
        self.open(page, mail)
        self.expect_signed_in(page)
        with_token = [answer for answer in answers if "token=" in answer.url]
        self.assertEqual(len(with_token), 2)
        for answer in with_token:
            self.assertEqual(answer.headers["referrer-policy"], "no-referrer")
            self.assertEqual(answer.headers["cache-control"], "no-store")
        for answer in answers:
            self.assertNotIn("token=", answer.request.headers.get("referer", ""))
        exchange_token = re.search("token=([^&]+)", with_token[1].url)[1]
        for secret in (mail.token, exchange_token, mail.code):
            self.assertNotIn(secret, self.stack.logs())

    def expect_refused(self, device, mail, why):
        """Opens the link on a page that stays open."""
        page = device.new_page()
        self.assertEqual(page.goto(mail.link).status, 410)
        expect(page.locator("body")).to_contain_text(re.compile(rf"\b{why}\b"))
        expect(page.get_by_role("button")).to_contain_text(re.compile("a…\u2060?@example\\.com"))
        expect(page.get_by_role("link")).to_have_attribute("href", re.compile("^" + self.portal))

    def request_new_link_and_sign_in(self, device, page, path, number=2):
        """Requests a link from the page that a device shows, and opens it in the browser that asked first."""
        self.press(device.pages[-1])
        self.open(page, self.stack.mail(ADDRESS, number))
        self.expect_signed_in(page, path)


class BehindAPrefix(BrowserTest):
    settings = {"POSTERN_BASE_PATH": "/api"}

    def test_postern_behind_a_prefix_signs_in(self):
        for number, scripts in enumerate((True, False), 1):
            with self.subTest(scripts=scripts):
                page = self.page(java_script_enabled=scripts)
                mail = self.ask(page, next="/invoices", number=number)
                self.assertTrue(mail.link.startswith(self.postern + "/auth/open?token="))
                self.open(page, mail)
                self.expect_signed_in(page, "/invoices")


class Codes(BrowserTest):
    def test_a_code_signs_in_where_it_is_entered(self):
        laptop = self.device()
        page = laptop.new_page()
        mail = self.ask(page, next="/invoices")
        phone = self.page()
        phone.goto(mail.link)  # The person reads the email there, and even looks at the page behind the link.
        self.enter_code(page, f" {mail.code[:3]} {mail.code[3:]} ")
        self.expect_signed_in(page, "/invoices")
        self.press(phone)
        expect(phone.locator("body")).to_contain_text(re.compile(r"\bused\b"))

    def test_a_wrong_code_is_refused_next_to_its_field_and_the_right_one_still_works(self):
        for number, scripts in enumerate((True, False), 1):
            with self.subTest(scripts=scripts):
                page = self.page(java_script_enabled=scripts)
                mail = self.ask(page, next="/invoices", number=number)
                field = page.get_by_label("6-digit code")
                for code, error in ((wrong(mail.code), CODE_INVALID),
                                    ("12345", CODE_RULE), ("", CODE_RULE)):
                    self.enter_code(page, code)
                    expect(field).to_have_accessible_description(error)
                    expect(field).to_have_attribute("aria-invalid", "true")
                self.enter_code(page, mail.code)
                self.expect_signed_in(page, "/invoices")

    def test_a_used_code_does_not_work_again(self):
        first, second = self.page(), self.page()
        mail = self.ask(first)
        request_id = first.locator("[name=request_id]").first.input_value()
        self.enter_code(first, mail.code)
        self.expect_signed_in(first)
        self.ask(second, "grace@example.com")
        for field in second.locator("[name=request_id]").all():
            field.evaluate("(field, value) => field.value = value", request_id)
        self.enter_code(second, mail.code)
        expect(second.get_by_label("6-digit code")).to_have_attribute("aria-invalid", "true")

    def test_after_five_wrong_codes_the_right_one_fails_and_the_link_still_works(self):
        page = self.page()
        mail = self.ask(page, next="/invoices")
        for code in [wrong(mail.code)] * 5 + [mail.code]:
            self.enter_code(page, code)
            expect(page.get_by_label("6-digit code")).to_have_attribute("aria-invalid", "true")
        self.open(page, mail)
        self.expect_signed_in(page, "/invoices")


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06}"
