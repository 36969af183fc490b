// Starts the `postern` binary on free loopback ports, with a configuration that knows `origin`.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { answers, freePorts, startProcess } from "./process.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
/** The binary; those of the services are beside it. */
export const binary = process.env.POSTERN_BIN ?? join(here, "../../target/debug/postern");

export class Postern {
  #process;

  /** `files` are further files of the configuration, by their paths in it. */
  static async start(origin, { config = "../config", settings = [], files = {} } = {}) {
    const folder = await configuration(origin, config, files);
    const flags = ["http", "issuer-grpc", "verifier-grpc", "runner-grpc", "admin"];
    const ports = await freePorts(flags.length);
    const listen = flags.flatMap((flag, index) => [`--${flag}-listen`, `127.0.0.1:${ports[index]}`]);
    const postern = new Postern();
    [postern.origin, postern.issuer, postern.verifier] = ports.map((port) => `http://127.0.0.1:${port}`);
    postern.folder = folder;
    try {
      const options = { env: { POSTERN_LOG: "info" } };
      const flagsOfAll = ["--config", folder, ...listen, ...settings];
      postern.#process = await startProcess(binary, flagsOfAll, options, () => answers(`${postern.origin}/openapi.json`));
    } catch (error) {
      await postern.stop();
      throw error;
    }
    return postern;
  }

  /** Issues a code as the help desk's backend does. */
  issue(user, type) {
    return issue(this.origin, user, type);
  }

  /** Issues a code for the journey that shows the number. */
  issueFor(user, number) {
    return issue(this.origin, user, "user_id", { pairing_number: number });
  }

  /** What the process printed until now: its log and the audit trail. */
  printed() {
    return this.#process.printed();
  }

  /** The process ID. */
  get pid() {
    return this.#process.pid;
  }

  /** The published keys. */
  async keys() {
    return (await (await fetch(`${this.origin}/.well-known/jwks.json`)).json()).keys;
  }

  async stop() {
    await this.#process?.stop();
    await rm(this.folder, { recursive: true });
  }
}

/** The demo's journey that pairs. */
const recovery = "account-recovery.yaml";

/** Copies a configuration of acme, so that it knows `origin`, and its page may run the demo's recovery. */
export async function configuration(origin, config = "../config", files = {}) {
  const folder = await mkdtemp(join(tmpdir(), "postern-"));
  await cp(join(here, config), folder, { recursive: true });
  await cp(join(here, "../../services/postern/demo/journeys", recovery), join(folder, "journeys", recovery));
  const application = join(folder, "applications/acme.yaml");
  const known = "https://app.acme.example/recovered";
  const text = await readFile(application, "utf8");
  const journeys = "temp-code-form]";
  const changed = text.replace(known, `${origin}/back`).replace(journeys, "temp-code-form, account-recovery]");
  await writeFile(application, changed);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

/** Issues a code with the guide's steps 5 and 6. */
export async function issue(origin, user, type = "user_id", more = {}) {
  const { access_token: token } = await post(`${origin}/oidc/token`, {
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: "acme-support",
      client_secret: "acme-support-secret",
    }),
  });
  const { code } = await post(`${origin}/cis/v1/auth/otp/send`, {
    headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ channel: "direct", identifier_type: type, identifier: user, ...more }),
  });
  return code;
}

/** A user that is unique to the test. */
export function someone() {
  return `jane-${crypto.randomUUID()}`;
}

/** A code of the same shape that is not `code`. */
export function another(code) {
  return (code.startsWith("2") ? "3" : "2") + code.slice(1);
}

async function post(url, request) {
  const response = await fetch(url, { method: "POST", ...request });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}
