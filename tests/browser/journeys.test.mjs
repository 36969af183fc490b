// The recovery page shows any journey: forms, information, ways out, and a pairing number.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBrowser } from "./browser.mjs";
import { Postern, another, someone } from "./postern.mjs";
import { desk, focused, openPage as visit, phone, screen } from "./visit.mjs";

let postern, browser;

before(async () => {
  postern = await Postern.start("https://app.acme.example", { config: "config" });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await postern?.stop();
});

const open = (context, journey, options) =>
  visit(context, browser, `${postern.origin}/?client_id=acme-web&journey=${journey}`, options);
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const heading = (page, name) => page.getByRole("heading", { name, exact: true }).waitFor();

/** Goes to the screen with the number, as that user. */
async function call(page, user) {
  await page.getByLabel("User ID").fill(user);
  await press(page, "Continue");
}

test("a journey with a form leads to a login, also after a wrong code and a reload", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await open(t, "temp-code-form");
  await screen(page, "Get back into your account", "form-1-start");
  await page.getByLabel("User ID").fill(user);
  await page.getByLabel("Temporary code").fill(another(code));
  await press(page, "Login with Temporary Code");
  await screen(page, "That did not work", "form-2-denied");
  assert.equal(await focused(page), "failure");
  assert.equal(await page.getByLabel("User ID").inputValue(), user);
  assert.equal(await page.getByLabel("Temporary code").inputValue(), "");

  const started = [];
  page.on("request", (request) => { if (request.url().includes("anonymous_invoke")) started.push(request.url()); });
  await page.reload();
  await page.getByLabel("User ID").fill(user);
  await page.getByLabel("Temporary code").fill(code);
  await press(page, "Login with Temporary Code");
  await heading(page, "You are back in");
  assert.deepEqual(started, [], "the journey went on");
  assert.deepEqual(await page.evaluate(() => ({ ...sessionStorage })), {});
});

test("a rejected journey can be started again", async (t) => {
  const page = await open(t, "temp-code-form");
  for (let failures = 0; failures < 3; failures += 1) {
    await page.getByLabel("User ID").fill(someone());
    await page.getByLabel("Temporary code").fill("123456123456");
    await press(page, "Login with Temporary Code");
    if (failures < 2) await page.waitForFunction(() => document.querySelector("input.code").value === "");
  }
  await screen(page, "You are not logged in", "rejected");
  assert.equal(await focused(page), "title");
  await press(page, "Start again");
  await heading(page, "Get back into your account");
});

test("a session that is no more can be started again", async (t) => {
  const page = await open(t, "temp-code-form");
  await page.getByLabel("User ID").waitFor();
  await page.evaluate(() => {
    const [[key, value]] = Object.entries(sessionStorage);
    sessionStorage.setItem(key, value.replace(/"challenge":"[^"]*"/, '"challenge":"used"'));
  });
  await page.reload();
  await page.getByLabel("User ID").fill("jane");
  await page.getByLabel("Temporary code").fill("123456123456");
  await press(page, "Login with Temporary Code");
  await screen(page, "This page waited too long", "expired");
  await press(page, "Start again");
  await page.getByLabel("User ID").waitFor();
});

test("a start that fails is tried again", async (t) => {
  const page = await open(t, "temp-code-form");
  await page.getByLabel("User ID").waitFor();
  await page.evaluate(() => sessionStorage.clear());
  await page.route("**/ido/**", (route) => route.fulfill({ status: 429, headers: { "Retry-After": "90" }, body: "{}" }));
  await page.reload();
  await screen(page, "Too many tries just now", "start-failed");
  await page.getByText("Wait 2 minutes, then try again.").waitFor();
  await page.unroute("**/ido/**");
  await press(page, "Try again");
  await page.getByLabel("User ID").waitFor();
});

for (const [device, options] of [["desk", desk], ["phone", { ...phone, colorScheme: "dark" }]]) {
  test(`a journey of another kind is shown on a ${device}: information, fields, ways out`, async (t) => {
    const page = await open(t, "enrolment", options);
    await screen(page, "Order a new badge", `enrolment-${device}-1-information`);
    assert.ok(await page.locator("#help").isHidden(), "no code is asked for");
    await press(page, "Begin");
    await screen(page, "Your badge", `enrolment-${device}-2-form`);
    assert.equal(await focused(page), "title");
    assert.equal(await page.getByLabel("Department").getAttribute("autocomplete"), "organization-title");
    await press(page, "Order");
    await screen(page, "Something is missing", `enrolment-${device}-3-missing`);
    await press(page, "Ask the desk");
    await heading(page, "Visit the desk");
    await press(page, "Back");
    await page.getByLabel("Department").fill("Mail");
    await page.getByLabel("Reason").fill("lost");
    await press(page, "Order");
    await screen(page, "You are back in", `enrolment-${device}-4-done`);
    assert.ok(await page.getByText("A temporary code works once").isHidden());
    await page.reload();
    await press(page, "Begin");
    await press(page, "Not now");
    await heading(page, "You are not logged in");
  });
}

test("texts of a journey are shown as texts", async (t) => {
  const page = await open(t, "hostile");
  page.on("dialog", () => assert.fail("a script ran"));
  await heading(page, "<i>Title</i> {{client_id}}");
  await page.getByText("<img src=x onerror=alert(1)>").waitFor();
  await page.getByLabel("</script><script>alert(1)</script><b>Note</b>").fill("<p>");
  await page.getByRole("button", { name: "<u>Out</u>" }).waitFor();
  await press(page, "<b>Send</b>");
  await heading(page, "<b>Told</b>");
  await page.getByText("<a href=javascript:alert(1)>text</a>").waitFor();
  await press(page, "<s>Close</s>");
  await heading(page, "You are back in");
});

for (const [device, options] of [
  ["desk", desk], ["phone", phone], ["phone-dark", { ...phone, colorScheme: "dark" }],
  ["narrow-still", { viewport: { width: 320, height: 640 }, reducedMotion: "reduce" }],
]) {
  test(`the pairing number is shown on a ${device}, and is no code`, async (t) => {
    const user = someone();
    const code = await postern.issue(user);
    const page = await open(t, "pairing", options);
    await screen(page, "Get back into your account", `pairing-${device}-1-user`);
    await call(page, user);
    await screen(page, "Call support", `pairing-${device}-2-number`);
    const number = page.locator("#number");
    assert.equal(await number.getByText("Your number: 4 8 2 9 1 3").count(), 1);
    assert.deepEqual(await number.locator("[aria-hidden]").allInnerTexts(), ["482", "913"]);
    assert.equal(await page.getByRole("link", { name: "Call +49 (0)30 123-456" }).getAttribute("href"), "tel:+4930123456");
    await page.getByText("From 8 to 18. Have your badge at hand.").first().waitFor();

    const sent = [];
    page.on("request", (request) => sent.push(request.url()));
    await page.getByLabel("Temporary code").fill("482-913");
    await press(page, "Login with Temporary Code");
    await screen(page, "Check what you entered", `pairing-${device}-3-number-entered`);
    await page.getByRole("link", { name: "This is the number for support." }).waitFor();
    assert.deepEqual(sent, [], "it costs no attempt");

    await page.reload();
    await page.getByText("4 8 2 9 1 3").waitFor({ state: "attached" });
    await page.getByLabel("Temporary code").fill(code);
    await press(page, "Login with Temporary Code");
    await heading(page, "You are back in");
  });
}

for (const [device, options] of [["desk", desk], ["phone-dark", { ...phone, colorScheme: "dark" }]]) {
  test(`a number that expired on a ${device} is told, and replaced by a new one`, async (t) => {
    const page = await open(t, "pairing", options);
    await call(page, "hasty");
    await page.getByLabel("Temporary code").fill("123456123456");
    await page.getByText("This number has expired", { exact: true }).waitFor();
    await screen(page, "Call support", `expired-number-${device}`);
    assert.equal(await page.locator("#number").count(), 0);
    assert.match(await page.getByRole("status").textContent(), /^This number has expired\. If support/);
    assert.equal(await page.getByLabel("Temporary code").inputValue(), "123456123456", "the code may be good");
    await page.reload();
    await page.getByText("This number has expired", { exact: true }).waitFor();
    await press(page, "Get a new number");
    await page.getByText("5 5 5 5 6 6 6 6").waitFor({ state: "attached" });
    assert.deepEqual(await page.locator("#number [aria-hidden]").allInnerTexts(), ["5555", "6666"]);
  });
}

test("without a way to a new number the journey starts again, once the server answers", async (t) => {
  const page = await open(t, "pairing");
  await call(page, "hasty");
  await page.getByText("This number has expired", { exact: true }).waitFor();
  await page.evaluate(() => {
    const [[key, value]] = Object.entries(sessionStorage);
    const waiting = JSON.parse(value);
    waiting.step.escapes = [];
    sessionStorage.setItem(key, JSON.stringify(waiting));
  });
  await page.reload();
  await page.route("**/ido/**", (route) => route.abort("internetdisconnected"));
  await press(page, "Get a new number");
  await heading(page, "No connection");
  await page.unroute("**/ido/**");
  await page.getByLabel("Temporary code").fill("123456123456");
  await press(page, "Login with Temporary Code");
  await heading(page, "That did not work");
  await press(page, "Get a new number");
  await page.getByLabel("User ID").waitFor();
});

test("a page in German is German throughout", async (t) => {
  const page = await open(t, "pairing", { ...desk, locale: "de-AT" });
  await screen(page, "Zurück in Ihr Konto", "german-1-user");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
  await page.getByLabel("Benutzer-ID").fill("hasty");
  await press(page, "Weiter");
  await screen(page, "Rufen Sie den Support an", "german-2-number");
  await page.getByText("Diese Nummer ist abgelaufen", { exact: true }).waitFor();
  await page.getByLabel("Einmalcode", { exact: true }).fill("1");
  await press(page, "Mit Einmalcode anmelden");
  await page.getByRole("link", { name: "Ein Einmalcode hat 12 Ziffern" }).waitFor();
  await screen(page, "Prüfen Sie Ihre Eingabe", "german-3-mistake");
  const answer = await page.request.get(`${postern.origin}/`, { headers: { "Accept-Language": "fr" } });
  assert.match(answer.headers().vary, /accept-language/i);
  assert.match(await answer.text(), /<html lang="en">/);
});

test("only journeys of the client are shown", async (t) => {
  const page = await open(t, "hostile");
  for (const query of ["journey=nothing", "client_id=acme-support", "client_id=acme-web&journey=temp-code-authentication"]) {
    assert.equal((await page.request.get(`${postern.origin}/?${query}`)).status(), 404, query);
  }
});
