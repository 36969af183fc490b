// A plain web application signs its users in with a certified relying party (the npm package
// `openid-client`): the user comes to Postern, redeems a temporary code and is back in the application.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import * as oidc from "openid-client";

import { startBrowser } from "./browser.mjs";
import { Postern, someone } from "./postern.mjs";
import { screen } from "./visit.mjs";

let browser, application, origin, postern, provider, login;

/** The application `acme` with a relying party, whose users come back to `origin`. */
const acme = (origin) => `id: acme
name: Acme
clients:
  - id: acme-support
    secret_sha256: 8aa0f733cc5abfccabfd934eef7c107b1300709c21ef40cec8ddef0ec6793f8c
    scopes: [codes:issue]
  - id: shop
    redirect_uris: ["${origin}/back"]
    openid: true
    journey: temp-code-form
temp_code: { length: 12 }
tokens: { scope: "openid recovery" }
`;

/** The application: `/login` begins a sign-in, `/back` ends it and says who it was. */
async function answer({ url }, response) {
  const here = new URL(url, origin);
  if (here.pathname === "/login") {
    const verifier = oidc.randomPKCECodeVerifier();
    login = { verifier, state: oidc.randomState(), nonce: oidc.randomNonce() };
    const address = oidc.buildAuthorizationUrl(provider, {
      redirect_uri: `${origin}/back`, scope: "openid", state: login.state, nonce: login.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
      ...Object.fromEntries(here.searchParams),
    });
    response.writeHead(302, { location: address.href }).end();
    return;
  }
  try {
    const tokens = await oidc.authorizationCodeGrant(provider, here, {
      pkceCodeVerifier: login.verifier, expectedState: login.state, expectedNonce: login.nonce, idTokenExpected: true,
    });
    response.setHeader("content-type", "text/html");
    response.end(`<h1>Hello, ${tokens.claims().sub}</h1><p>${response.req.headers.referer ?? "no referrer"}</p>`);
  } catch (error) {
    response.setHeader("content-type", "text/html");
    response.end(`<h1>Not signed in</h1><p>${error.error ?? error.code}</p>`);
  }
}

before(async () => {
  application = createServer(answer).listen(0, "127.0.0.1");
  await once(application, "listening");
  origin = `http://127.0.0.1:${application.address().port}`;
  postern = await Postern.start(origin, { files: { "applications/acme.yaml": acme(origin) } });
  provider = await oidc.discovery(new URL(postern.origin), "shop", undefined, oidc.None(), {
    execute: [oidc.allowInsecureRequests],
  });
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await postern?.stop();
  application?.close();
});

/** A new browser that begins a sign-in. */
async function begin(context, query = "") {
  const profile = await browser.newContext();
  context.after(() => profile.close());
  const page = await profile.newPage();
  await page.goto(`${origin}/login${query}`);
  return page;
}

async function redeem(page, user, code) {
  if (user) await page.getByLabel("User ID").fill(user);
  await page.getByLabel("Temporary code").fill(code);
  await page.getByRole("button", { name: "Login with Temporary Code" }).click();
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
