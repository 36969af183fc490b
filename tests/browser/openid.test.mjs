// A plain web application signs its users in with a certified relying party (the npm package
// `openid-client`): the user comes to Postern, redeems a temporary code and is back in the application.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Application, acme, redeem } from "./application.mjs";
import { startBrowser } from "./browser.mjs";
import { Postern, someone } from "./postern.mjs";
import { screen } from "./visit.mjs";

let browser, application, postern;

before(async () => {
  application = await Application.start();
  const files = { "applications/acme.yaml": acme(application.origin) };
  postern = await Postern.start(application.origin, { files });
  await application.delegate(postern.origin, "shop");
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await postern?.stop();
  application?.stop();
});

/** A new browser that begins a sign-in. */
async function begin(context, query = "") {
  const profile = await browser.newContext();
  context.after(() => profile.close());
  const page = await profile.newPage();
  await page.goto(`${application.origin}/login${query}`);
  return page;
}

test("a user comes back signed in, and the code stays out of referrer and history", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await begin(t);
  await screen(page, "Get back into your account", "openid-1-sign-in");
  await redeem(page, user, code);
  await page.getByRole("heading", { name: `Hello, ${user}` }).waitFor();
  assert.equal(await page.locator("p").textContent(), "no referrer");

  // Neither Postern's page nor the start of the request lies behind the application's.
  await page.goBack();
  assert.ok(!page.url().includes("/oidc/auth"), page.url());
});

test("a mistyped code is asked for again, and a reload goes on where the journey waits", async (t) => {
  const user = someone();
  const code = await postern.issue(user);
  const page = await begin(t, `?${new URLSearchParams({ login_hint: user })}`);
  assert.equal(await page.getByLabel("User ID").inputValue(), user, "the application's hint is filled in");
  await redeem(page, null, "999999999999");
  await page.getByRole("heading", { name: "That did not work" }).waitFor();
  await page.reload();
  await redeem(page, user, code);
  await page.getByRole("heading", { name: `Hello, ${user}` }).waitFor();
});

test("a user without a code returns with access_denied", async (t) => {
  const page = await begin(t);
  await page.getByRole("button", { name: "Contact support" }).click();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByRole("heading", { name: "Not signed in" }).waitFor();
  assert.equal(await page.locator("p").textContent(), "access_denied");
});

test("a silent sign-in is answered with login_required", async (t) => {
  const page = await begin(t, "?prompt=none");
  assert.equal(await page.locator("p").textContent(), "login_required");
});

test("a page in another browser cannot go on with the request", async (t) => {
  const [mine, other] = [await begin(t), await begin(t)];
  const entry = (page) => page.locator("#entry").getAttribute("data-interaction");
  const stolen = await entry(mine);
  const status = await other.evaluate(async (interaction) => {
    const query = new URLSearchParams({ clientId: "shop", ssoInteractionId: interaction });
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ headers: [], data: { params: {} } });
    return (await fetch(`/ido/api/v2/auth/sso?${query}`, { method: "POST", headers, body })).status;
  }, stolen);
  assert.equal(status, 404);
});

test("a page that cannot reach its service can be left for the application", async (t) => {
  const page = await begin(t);
  const url = `${application.origin}/back?error=temporarily_unavailable`;
  const body = JSON.stringify({ headers: [], data: { state: "rejected", data: { url } } });
  const answer = (status) => page.route("**/ido/api/v2/auth/assert?*", (route) => {
    assert.ok(new URL(route.request().url()).searchParams.get("ssoInteractionId"), "the request goes with each call");
    return route.fulfill({ status, body, contentType: "application/json" });
  });
  await answer(503);
  await redeem(page, someone(), "123456123456");
  await page.getByRole("heading", { name: "The service is not available" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Back to the application" }).getAttribute("href"), url);

  // A fault that no second try mends leads back at once.
  await page.unroute("**/ido/api/v2/auth/assert?*");
  await answer(409);
  await redeem(page, null, "123456123456");
  await page.getByRole("heading", { name: "Not signed in" }).waitFor();
});
