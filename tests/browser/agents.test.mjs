// A certified OpenID Provider (the npm package `oidc-provider`) signs an agent in by its authorization
// code flow; Postern discovers its keys and exchanges the ID token that it gives.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { Postern, someone } from "./postern.mjs";
import { startProvider } from "./provider.mjs";

const back = "https://desk.acme.example/back";
const client = { id: "postern-desk", secret: randomBytes(24).toString("hex") };

let postern, server, issuer;

/** Signs in as a browser does, following redirects with its cookies; answers with the ID token. */
async function signIn() {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const claims = { id_token: { amr: { essential: true } } };
  let url = `${issuer}/auth?${new URLSearchParams({
    client_id: client.id, response_type: "code", redirect_uri: back, scope: "openid staff",
    claims: JSON.stringify(claims), code_challenge: challenge, code_challenge_method: "S256",
  })}`;
  const cookies = new Map();
  for (let hop = 0; !url.startsWith(back); hop += 1) {
    assert.ok(hop < 10, `no end of redirects: ${url}`);
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const answer = await fetch(url, { redirect: "manual", headers: { cookie } });
    for (const text of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(text);
      cookies.set(name, value);
    }
    assert.ok(answer.headers.has("location"), `${answer.status}: ${await answer.text()}`);
    url = new URL(answer.headers.get("location"), url).href;
  }
  const code = new URL(url).searchParams.get("code");
  assert.ok(code, url);
  const answer = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "authorization_code", code, redirect_uri: back, code_verifier: verifier }),
  });
  const tokens = await answer.json();
  assert.ok(tokens.id_token, JSON.stringify(tokens));
  return tokens.id_token;
}

async function exchange(token) {
  const answer = await fetch(`${postern.origin}/oidc/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
      client_id: "acme-support", client_secret: "acme-support-secret",
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token", subject_token: token,
    }),
  });
  return { status: answer.status, ...(await answer.json()) };
}

before(async () => {
  server = await startProvider(client, back);
  issuer = server.issuer;
  const agents = [
    `issuer: ${issuer}`, `audience: ${client.id}`, "clients: [acme-support]", "require_amr: [mfa]", "claim: roles",
    "self: { user_id: employee_id, email: email }", "roles:",
    "  helpdesk: { applications: [acme], may: [issue, read] }", "",
  ].join("\n");
  postern = await Postern.start("http://127.0.0.1:1", { files: { "agents/acme.yaml": agents } });
});

after(async () => {
  await postern?.stop();
  server?.stop();
});

test("an ID token of a certified provider is exchanged, and its agent issues a code", async () => {
  const token = await signIn();
  const agent = await exchange(token);
  assert.equal(agent.status, 200, JSON.stringify(agent));
  assert.equal(agent.scope, "codes:issue codes:read lockouts:read");
  const send = (identifier) => fetch(`${postern.origin}/cis/v1/auth/otp/send`, {
    method: "POST",
    headers: { "Authorization": `Bearer ${agent.access_token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ channel: "direct", identifier_type: "user_id", identifier }),
  });
  const sent = await send(someone());
  assert.equal(sent.status, 200);
  assert.match((await sent.json()).code, /^[0-9]{12}$/);
  const own = await send("e-7");
  assert.equal(own.status, 403);
  assert.equal((await own.json()).error_code, "own_account");
});

test("a token of the provider that was changed is not exchanged", async () => {
  const [header, payload, signature] = (await signIn()).split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url"));
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: "agent-8" })).toString("base64url");
  const refused = await exchange([header, forged, signature].join("."));
  assert.deepEqual([refused.status, refused.error], [400, "invalid_request"]);
  assert.match(refused.error_description, /signature does not match/);
});
