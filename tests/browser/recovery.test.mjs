// The recovery page, used as a person would: with the mouse, the keyboard and the clipboard, on a
// desk and on a phone. Screenshots are left in results/.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { Postern, another, someone } from "./postern.mjs";
import { desk, focused, phone, screen, screenshot, openPage as visit } from "./visit.mjs";

let postern, browser;

before(async () => {
  postern = await Postern.start("https://app.acme.example");
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await postern?.stop();
});

const openPage = (context, options) => visit(context, browser, postern.origin, options);

const userField = (page) => page.getByLabel("User ID");
const codeField = (page) => page.getByLabel("Temporary code");
const button = (page) => page.getByRole("button", { name: "Login with Temporary Code" });

async function logIn(page, user, code) {
  await userField(page).fill(user);
  await codeField(page).fill(code);
  await button(page).click();
}

for (const [device, options] of Object.entries({ desk, phone })) {
  for (const colorScheme of ["light", "dark"]) {
    test(`a person gets back in on a ${device} in ${colorScheme} mode`, async (t) => {
      const user = someone();
      const code = await postern.issue(user);
      const page = await openPage(t, { ...options, colorScheme });
      await screen(page, "Get back into your account", `${device}-${colorScheme}-1-start`);

      await logIn(page, user, another(code));
      await screen(page, "That did not work", `${device}-${colorScheme}-2-denied`);
      assert.equal(await focused(page), "failure");
      assert.equal(await codeField(page).inputValue(), "");
      assert.equal(await userField(page).inputValue(), user);

      await logIn(page, user, code);
      await screen(page, "You are back in", `${device}-${colorScheme}-3-success`);
      assert.equal(await focused(page), "welcome-title");
    });
  }
}

test("the keyboard alone is enough", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await openPage(t);
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "field-0");
  await page.keyboard.type(user);
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "field-1");
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
  assert.equal(await focused(page), "field-1");
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
  assert.equal(await focused(page), "field-1");
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
