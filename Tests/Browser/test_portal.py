"""Rules for all pages, and requests that the portal refuses."""
import re

from playwright.sync_api import expect

from browser import ADDRESS, BrowserTest


class Pages(BrowserTest):
    def test_every_page_has_a_language_a_title_one_heading_and_controls_with_names(self):
        page = self.page()
        mail = self.ask(page)
        self.look_at(page)
        for path in ("/", "/sign-in", "/inbox", "/nowhere", "/auth/callback?token=x"):
            page.goto(self.portal + path)
            self.look_at(page)
        page.goto(mail.link)
        self.look_at(page)
        self.press(page)
        self.expect_signed_in(page)
        self.look_at(page)
        page.goto(self.portal + "/invoices")
        self.look_at(page)
        page.goto(mail.link)
        self.look_at(page)
        self.press(page)
        self.stack.mail(ADDRESS, 2)
        self.look_at(page)
        page.goto(f"{self.postern}/auth/open?token={'A' * 43}")
        self.look_at(page)

    def look_at(self, page):
        with self.subTest(page=page.url.partition("?")[0], title=page.title()):
            self.assertTrue(page.title())
            expect(page.locator("html")).to_have_attribute("lang", "en")
            expect(page.get_by_role("heading", level=1)).to_have_count(1)
            expect(page.get_by_role("main")).to_have_count(1)
            for control in page.locator("button:visible, input:visible, a:visible").all():
                expect(control).to_have_accessible_name(re.compile(r"\S"))
            width = page.viewport_size
            page.set_viewport_size({"width": 320, "height": 640})
            self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), 320, "wider than a phone")
            page.set_viewport_size(width)


class Sessions(BrowserTest):
    def test_signing_out_ends_the_session(self):
        laptop = self.device()
        page = laptop.new_page()
        self.open(page, self.ask(page))
        self.expect_signed_in(page)
        [cookie] = [cookie for cookie in laptop.cookies() if cookie["name"] == "portal-session"]
        self.assertTrue(cookie["httpOnly"])
        self.assertEqual(cookie["sameSite"], "Lax")
        page.get_by_role("button", name="Sign out").click()
        expect(page).to_have_url(self.portal + "/")
        self.assertNotIn("portal-session", [cookie["name"] for cookie in laptop.cookies()])
        self.expect_signed_out(laptop)
        laptop.add_cookies([cookie])  # A copy of the cookie is useless.
        self.expect_signed_out(laptop)

    def test_another_site_can_neither_sign_out_nor_send_email(self):
        laptop = self.device()
        page = laptop.new_page()
        self.open(page, self.ask(page))
        self.expect_signed_in(page)
        for path in ("/sign-out", "/sign-in", "/auth/code"):
            for fields in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                           {"Origin": "http://localhost:1"}, {"Origin": "null"}, {}):
                with self.subTest(path=path, fields=fields):
                    answer = laptop.request.post(self.portal + path, form={"email": "eve@example.com"}, headers=fields)
                    self.assertEqual(answer.status, 403)
        page.reload()
        self.expect_signed_in(page)
        self.assertEqual(self.stack.mails("eve@example.com"), [])

    def test_a_destination_on_another_site_is_dropped(self):
        for number, next in enumerate(("//evil.example", "/\\evil.example", "https://evil.example/", "x"), 1):
            with self.subTest(next=next):
                page = self.page()
                mail = self.ask(page, next=next, number=number)
                self.open(page, mail)
                self.expect_signed_in(page, "/account")

    def test_the_destination_comes_from_the_request_not_from_the_callback_url(self):
        page = self.page()
        mail = self.ask(page, next="/invoices")
        opened = page.request.post(f"{self.postern}/auth/open", form={"token": mail.token}, max_redirects=0)
        page.goto(opened.headers["location"].replace("invoices", "account"))
        self.expect_signed_in(page, "/invoices")

    def test_a_refused_token_is_explained_and_a_new_link_offered(self):
        page = self.page()
        self.assertEqual(page.goto(f"{self.portal}/auth/callback?token={'A' * 43}&next=/invoices").status, 400)
        expect(page.get_by_role("heading")).to_have_text("This link doesn't work here")
        page.get_by_role("link", name="Sign in again").click()
        expect(page).to_have_url(self.portal + "/sign-in?next=%2Finvoices")

    def test_the_callback_says_that_sign_in_is_unavailable(self):
        page = self.page()
        self.stack.stop("handler")
        self.assertEqual(page.goto(f"{self.portal}/auth/callback?token={'A' * 43}").status, 503)
        expect(page.get_by_role("heading")).to_have_text("You're not signed in yet")

    def test_the_portal_refuses_other_host_names(self):
        answer = self.device().request.get(self.portal + "/inbox", headers={"Host": "evil.example"})
        self.assertEqual(answer.status, 421)


class OtherIssuer(BrowserTest):
    settings = {"POSTERN_ISSUER": "https://postern.example.com"}

    def test_an_assertion_from_another_issuer_does_not_sign_in(self):
        laptop = self.device()
        page = laptop.new_page()
        self.open(page, self.ask(page))
        expect(page.get_by_role("heading")).to_have_text("You're not signed in yet")
        self.expect_signed_out(laptop)
