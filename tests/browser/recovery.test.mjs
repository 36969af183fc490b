// The recovery page, used as a person would: with the mouse, the keyboard and the clipboard, on a
// desk and on a phone. Screenshots are left in results/.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { Postern, another, someone } from "./postern.mjs";

const results = new URL("results/", import.meta.url).pathname;
const desk = { viewport: { width: 1280, height: 860 } };
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

let postern, browser;

before(async () => {
  await mkdir(results, { recursive: true });
  postern = await Postern.start("https://app.acme.example");
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await postern?.stop();
});

/** Opens the page; the test fails if it logs an error, breaks its own policy or asks a third party. */
async function openPage(context, options = desk) {
  const profile = await browser.newContext(options);
  const page = await profile.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    // A refused request is logged by the browser itself.
    const refused = message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !refused) complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== postern.origin) complaints.push(request.url());
  });
  context.after(async () => {
    await profile.close();
    assert.deepEqual(complaints, []);
  });
  await page.goto(postern.origin);
  return page;
}

const userField = (page) => page.getByLabel("User ID");
const codeField = (page) => page.getByLabel("Temporary code");
const button = (page) => page.getByRole("button", { name: "Login with Temporary Code" });
const focused = (page) => page.evaluate(() => document.activeElement.id);

async function logIn(page, user, code) {
  await userField(page).fill(user);
  await codeField(page).fill(code);
  await button(page).click();
}

async function screenshot(page, name) {
  await page.screenshot({ path: `${results}${name}.png`, fullPage: true });
}

for (const [device, options] of Object.entries({ desk, phone })) {
  for (const colorScheme of ["light", "dark"]) {
    test(`a person gets back in on a ${device} in ${colorScheme} mode`, async (t) => {
      const user = someone();
      const code = await postern.issue(user);
      const page = await openPage(t, { ...options, colorScheme });
      await screenshot(page, `${device}-${colorScheme}-1-start`);

      await logIn(page, user, another(code));
      await page.getByRole("heading", { name: "That did not work" }).waitFor();
      assert.equal(await focused(page), "failure");
      assert.equal(await codeField(page).inputValue(), "");
      assert.equal(await userField(page).inputValue(), user);
      await screenshot(page, `${device}-${colorScheme}-2-denied`);

      await logIn(page, user, code);
      await page.getByRole("heading", { name: "You are back in" }).waitFor();
      assert.equal(await focused(page), "welcome-title");
      await screenshot(page, `${device}-${colorScheme}-3-success`);
      const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(width <= 0, "the page scrolls sideways");
    });
  }
}

test("the keyboard alone is enough", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await openPage(t);
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "user-id");
  await page.keyboard.type(user);
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "temp-code");
  await page.keyboard.type(code);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "You are back in" }).waitFor();
});

test("a code is pasted with the spaces and hyphens it came with", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await openPage(t);
  await userField(page).fill(user);
  await codeField(page).focus();
  await page.keyboard.insertText(` ${code.slice(0, 4)}-${code.slice(4, 8)} ${code.slice(8)} `);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "You are back in" }).waitFor();
});

test("a missing field is named, and its name leads to it", async (t) => {
  const page = await openPage(t);
  await userField(page).fill(someone());
  await button(page).click();
  assert.equal(await focused(page), "failure");
  assert.equal(await codeField(page).getAttribute("aria-invalid"), "true");
  assert.equal(await userField(page).getAttribute("aria-invalid"), null);
  await page.getByRole("link", { name: "Enter the temporary code" }).click();
  assert.equal(await focused(page), "temp-code");
  assert.equal(page.url(), `${postern.origin}/`);
});

test("a text that can be no code is told before it is sent, and what a chat adds to a code is not", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await openPage(t);
  const sent = [];
  page.on("request", (request) => { if (request.url().includes("/ido/")) sent.push(request.url()); });
  await logIn(page, user, "12345");
  assert.equal(await focused(page), "failure");
  await page.getByRole("heading", { name: "Check what you entered" }).waitFor();
  assert.equal(await codeField(page).getAttribute("aria-invalid"), "true");
  await screenshot(page, "unreadable-code");
  await page.getByRole("link", { name: "A temporary code has 12 digits" }).click();
  assert.equal(await focused(page), "temp-code");
  assert.deepEqual(sent, []);

  const arabic = code.replace(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit)));
  await logIn(page, user, `Code: ${arabic}.`);
  await page.getByRole("heading", { name: "You are back in" }).waitFor();
});

test("what only the server can tell is told as a mistake, and keeps the code", async (t) => {
  const page = await openPage(t);
  await logIn(page, "jane\u{fe0f}", "123456123456");
  await page.getByRole("heading", { name: "Check what you entered" }).waitFor();
  assert.equal(await codeField(page).inputValue(), "123456123456");
});

test("the page looks the same for every kind of denial", async (t) => {
  const page = await openPage(t);
  const shown = async (user, code) => {
    await logIn(page, user, code);
    await page.getByRole("heading", { name: "That did not work" }).waitFor();
    return page.locator("#failure").innerHTML();
  };
  const user = someone();
  const code = await postern.issue(user);
  const looks = new Set([await shown(someone(), code)]);
  for (let failures = 0; failures < 4; failures += 1) looks.add(await shown(user, another(code)));
  looks.add(await shown(user, code));
  assert.equal(looks.size, 1);
});

const troubles = [
  ["Too many tries just now", (route) => route.fulfill({ status: 429, headers: { "Retry-After": "90" }, body: "{}" })],
  ["The service is not available", (route) => route.fulfill({ status: 503, body: "{}" })],
  ["The service is not available", (route) => route.fulfill({ status: 200, body: "<html>" })],
  ["No connection", (route) => route.abort("internetdisconnected")],
];
for (const [index, [heading, answer]] of troubles.entries()) {
  test(`trouble ${index + 1} is told apart from a denial: ${heading}`, async (t) => {
    const page = await openPage(t);
    await page.route("**/ido/**", answer);
    await logIn(page, someone(), "123456123456");
    await page.getByRole("heading", { name: heading }).waitFor();
    assert.equal(await codeField(page).inputValue(), "123456123456", "the code may still be good");
    await screenshot(page, `trouble-${index + 1}`);
  });
}

test("the code stays out of the address, the history and storage", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await openPage(t);
  const addresses = [];
  page.on("request", (request) => addresses.push(request.url()));
  const entries = await page.evaluate(() => history.length);
  await logIn(page, user, code);
  await page.getByRole("heading", { name: "You are back in" }).waitFor();
  const kept = await page.evaluate(() => JSON.stringify([
    location.href, history.state, document.cookie, { ...localStorage }, { ...sessionStorage },
    document.body.innerHTML,
  ]));
  assert.ok(![kept, ...addresses].some((text) => text.includes(code)));
  assert.equal(await page.evaluate(() => history.length), entries);
});
