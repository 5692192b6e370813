"""Takes the two pictures of README.md: the sign-in page, and an email with a link and a code."""
import base64, struct, zlib
from collections import Counter

from playwright.sync_api import sync_playwright

from browser import launch
from stack import Stack

ADDRESS = "ada@example.com"
COLOURS = 64
# Returns width, height and the pixels, four bytes each, of a PNG file.
PIXELS = """async (png) => {
  const image = await createImageBitmap(await (await fetch("data:image/png;base64," + png)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  const { data } = canvas.getImageData(0, 0, image.width, image.height);
  let text = "";
  for (let i = 0; i < data.length; i += 8192) text += String.fromCharCode(...data.subarray(i, i + 8192));
  return [image.width, image.height, btoa(text)];
}"""


def take(folder):
    """Saves sign-in.png and email.png in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, Stack() as stack:
        browser = launch(playwright)
        context = browser.new_context(locale="en-GB", color_scheme="light", viewport={"width": 720, "height": 480})
        page = context.new_page()
        page.goto(stack.portal + "/sign-in")
        field = page.locator("#email")
        field.fill(ADDRESS)
        field.blur()
        save(page, folder / "sign-in.png")
        field.press("Enter")
        email = stack.mail(ADDRESS)
        handler, portal = email.link.partition("/auth/open")[0], stack.portal.removeprefix("http://")
        page.goto("about:blank")  # The portal's Content-Security-Policy allows no inline styles.
        page.set_content(
            email.html.replace(handler, "https://sign-in.example.com").replace(portal, "portal.example.com"))
        save(page, folder / "email.png", full_page=True)
        browser.close()


def save(page, file, **options):
    """Saves a screenshot with a palette, which is a third of the size: the most frequent colours, for each other colour
    the nearest of these."""
    png = base64.b64encode(page.screenshot(**options)).decode()
    reader = page.context.new_page()  # Without the Content-Security-Policy of the page.
    width, height, text = reader.evaluate(PIXELS, png)
    reader.close()
    data = base64.b64decode(text)
    pixels = list(zip(data[0::4], data[1::4], data[2::4]))
    counts = Counter(pixels)
    palette = [colour for colour, _ in counts.most_common(COLOURS)]
    index = {colour: min(range(len(palette)), key=lambda i: distance(colour, palette[i])) for colour in counts}
    rows = (bytes(index[pixel] for pixel in pixels[start : start + width]) for start in range(0, len(pixels), width))
    # PNG (Third Edition) §11.2.1: 8 bits, a palette, no interlacing; §9.2: no filter.
    file.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", b"".join(map(bytes, palette)))
        + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 9))
        + chunk(b"IEND", b""))


def distance(one, other):
    return sum((a - b) ** 2 for a, b in zip(one, other))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
