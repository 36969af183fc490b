// oauth2-proxy in front of an application that has no login: users come in through a temporary code.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { redeem } from "../browser/application.mjs";
import { startBrowser } from "../browser/browser.mjs";
import { Postern } from "../browser/postern.mjs";
import { answers, freePorts, startProcess } from "../browser/process.mjs";
import { acme } from "./recovery.mjs";

let application, browser, folder, origin, postern, proxy, received;

/** The application says what it was told of the user. */
function answer({ headers }, response) {
  received = headers;
  response.setHeader("content-type", "text/html");
  response.end(`<h1>Hello, ${headers["x-forwarded-user"]}</h1>`);
}

before(async () => {
  const [port] = await freePorts(1);
  origin = `http://127.0.0.1:${port}`;
  const secret = randomBytes(24).toString("hex");
  const back = `${origin}/oauth2/callback`;
  postern = await Postern.start(back, { files: acme("oauth2-proxy", secret, back) });
  application = createServer(answer).listen(0, "127.0.0.1");
  await once(application, "listening");
  folder = await mkdtemp(join(tmpdir(), "postern-oauth2-proxy-"));
  const upstream = `http://127.0.0.1:${application.address().port}`;
  const file = join(folder, "oauth2-proxy.cfg");
  await writeFile(join(folder, "secret"), secret, { mode: 0o600 });
  await writeFile(file, settings({ port, back, upstream, secret: join(folder, "secret") }), { mode: 0o600 });
  const binary = join(process.env.OAUTH2_PROXY, "oauth2-proxy");
  proxy = await startProcess(binary, ["--config", file], { cwd: folder, env: {} }, () => answers(`${origin}/ping`));
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await proxy?.stop();
  application?.close();
  await postern?.stop();
  if (folder) await rm(folder, { recursive: true });
});

const settings = ({ port, back, upstream, secret }) => `
http_address = "127.0.0.1:${port}"
upstreams = ["${upstream}"]
provider = "oidc"
provider_display_name = "a temporary code"
oidc_issuer_url = "${postern.origin}"
client_id = "oauth2-proxy"
client_secret_file = "${secret}"
redirect_url = "${back}"
scope = "openid"
code_challenge_method = "S256"
insecure_oidc_skip_nonce = false
oidc_email_claim = "sub"
email_domains = ["*"]
cookie_secret = "${randomBytes(16).toString("hex")}"
cookie_expire = "15m"
cookie_secure = false
`;

/** A new browser at the application. */
async function visit(context) {
  received = undefined;
  const profile = await browser.newContext();
  context.after(() => profile.close());
  const page = await profile.newPage();
  await page.goto(origin);
  await page.getByRole("button", { name: "Sign in with a temporary code" }).click();
  return page;
}

test("a user comes in through a temporary code, and the application is told who it is", async (t) => {
  const page = await visit(t);
  await redeem(page, "jane", await postern.issue("jane"));
  await page.getByRole("heading", { name: "Hello, jane" }).waitFor();
  assert.equal(received["x-forwarded-user"], "jane");
  assert.equal(received["x-forwarded-email"], "jane");

  // The proxy's session goes on without Postern.
  await page.goto(`${origin}/another/page`);
  await page.getByRole("heading", { name: "Hello, jane" }).waitFor();
});

test("a user without a code stays outside", async (t) => {
  const page = await visit(t);
  await page.getByRole("button", { name: "Contact support" }).click();
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByText("403", { exact: true }).waitFor();
  assert.equal(received, undefined, "nothing reaches the application");
});
