// The same sign-in over three services behind a gateway with TLS: one public URL, one cookie for its host alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Apart } from "./apart.mjs";
import { Application, acme, redeem } from "./application.mjs";
import { startBrowser } from "./browser.mjs";
import { Gateway } from "./gateway.mjs";
import { someone } from "./postern.mjs";

let browser, application, gateway, apart;

before(async () => {
  application = await Application.start();
  gateway = await Gateway.start();
  const files = { "applications/acme.yaml": acme(application.origin) };
  apart = await Apart.start(application.origin, { issuer: gateway.origin, files });
  gateway.lead(apart.helpDesk, apart.origin);
  await application.delegate(gateway.origin, "shop", gateway.fetch);
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await apart?.stop();
  gateway?.stop();
  application?.stop();
});

test("a user comes back signed in through the gateway, by a cookie that only its host can set", async (t) => {
  const user = someone();
  const code = await apart.issue(user);
  const profile = await browser.newContext({ ignoreHTTPSErrors: true });
  t.after(() => profile.close());
  const page = await profile.newPage();
  await page.goto(`${application.origin}/login?${new URLSearchParams({ login_hint: user })}`);
  assert.equal(new URL(page.url()).origin, gateway.origin);
  const cookies = await profile.cookies(gateway.origin);
  const [{ name, secure, httpOnly, sameSite, path, domain }] = cookies;
  assert.equal(cookies.length, 1);
  assert.deepEqual({ name, secure, httpOnly, sameSite, path, domain }, {
    name: "__Host-postern-browser", secure: true, httpOnly: true, sameSite: "Lax", path: "/", domain: "localhost",
  });
  await redeem(page, null, code);
  await page.getByRole("heading", { name: `Hello, ${user}` }).waitFor();
  assert.equal(await page.locator("p").textContent(), "no referrer");
});

test("a page without a backend redeems its own code, and one of another origin does not", async (t) => {
  const profile = await browser.newContext({ ignoreHTTPSErrors: true });
  t.after(() => profile.close());
  const page = await profile.newPage();
  const outcome = async (origin) => {
    await page.goto(origin);
    return page.evaluate(async (endpoint) => {
      const body = new URLSearchParams({ grant_type: "authorization_code", client_id: "shop", code: "A".repeat(43),
        redirect_uri: `${location.origin}/back`, code_verifier: "x".repeat(43) });
      return (await fetch(endpoint, { method: "POST", body })).json().then(({ error }) => error, String);
    }, `${gateway.origin}/oidc/token`).catch(() => "blocked");
  };
  assert.equal(await outcome(`${application.origin}/other`), "invalid_grant");
  const other = await Application.start();
  t.after(() => other.stop());
  assert.equal(await outcome(`${other.origin}/other`), "blocked");
});
