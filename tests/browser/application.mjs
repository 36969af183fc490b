// A plain web application whose users sign in at an OpenID provider: with the npm package `openid-client`, a
// certified relying party.
import { once } from "node:events";
import { createServer } from "node:http";

import * as oidc from "openid-client";

/** The configuration of `acme` with a relying party, `shop`, whose users come back to `origin`. */
export const acme = (origin) => `id: acme
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

/** Redeems a code on the recovery page, as `user` unless the page knows who it is. */
export async function redeem(page, user, code) {
  if (user) await page.getByLabel("User ID").fill(user);
  await page.getByLabel("Temporary code").fill(code);
  await page.getByRole("button", { name: "Login with Temporary Code" }).click();
}

export class Application {
  #server = createServer((request, response) => this.#answer(request, response)).listen(0, "127.0.0.1");
  #provider;
  #login;
  /** The claims of the last user's ID token. */
  claims;

  static async start() {
    const application = new Application();
    await once(application.#server, "listening");
    application.origin = `http://127.0.0.1:${application.#server.address().port}`;
    return application;
  }

  /** Signs users in at that provider from now on, as a client without a secret, which calls it by `fetch`. */
  async delegate(issuer, client, fetch = globalThis.fetch) {
    const options = { execute: [oidc.allowInsecureRequests], [oidc.customFetch]: fetch };
    this.#provider = await oidc.discovery(new URL(issuer), client, undefined, oidc.None(), options);
  }

  stop() {
    this.#server.close();
  }

  async #answer({ url, headers }, response) {
    const here = new URL(url, this.origin);
    if (here.pathname === "/login") {
      response.writeHead(302, { location: await this.#begin(here.searchParams) }).end();
      return;
    }
    response.setHeader("content-type", "text/html");
    try {
      const user = await this.#end(here);
      response.end(`<h1>Hello, ${user}</h1><p>${headers.referer ?? "no referrer"}</p>`);
    } catch (error) {
      response.end(`<h1>Not signed in</h1><p>${error.error ?? error.code}</p>`);
    }
  }

  /** Begins a sign-in with these further parameters; answers with where the browser goes. */
  async #begin(parameters) {
    const verifier = oidc.randomPKCECodeVerifier();
    this.#login = { verifier, state: oidc.randomState(), nonce: oidc.randomNonce() };
    const address = oidc.buildAuthorizationUrl(this.#provider, {
      redirect_uri: `${this.origin}/back`, scope: "openid", state: this.#login.state, nonce: this.#login.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
      ...Object.fromEntries(parameters),
    });
    return address.href;
  }

  /** Ends a sign-in with the provider's answer; answers with who the user is. */
  async #end(address) {
    const { verifier, state, nonce } = this.#login;
    const tokens = await oidc.authorizationCodeGrant(this.#provider, address, {
      pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
    });
    this.claims = tokens.claims();
    return this.claims.preferred_username ?? this.claims.sub;
  }
}
