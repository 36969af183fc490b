// Starts the `postern` binary on free loopback ports, with a configuration that knows `origin`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const binary = process.env.POSTERN_BIN ?? join(here, "../../target/debug/postern");
const startLimitMs = 20_000;

export class Postern {
  #child;
  #folder;

  static async start(origin) {
    const folder = await mkdtemp(join(tmpdir(), "postern-"));
    await cp(join(here, "../config"), folder, { recursive: true });
    const application = join(folder, "applications/acme.yaml");
    const known = "https://app.acme.example/recovered";
    const text = await readFile(application, "utf8");
    await writeFile(application, text.replace(known, `${origin}/back`));

    const flags = ["http", "issuer-grpc", "verifier-grpc", "runner-grpc", "admin"];
    const ports = await freePorts(flags.length);
    const listen = flags.flatMap((flag, index) => [`--${flag}-listen`, `127.0.0.1:${ports[index]}`]);
    const child = spawn(binary, ["--config", folder, ...listen], {
      env: { POSTERN_LOG: "info" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (data) => { printed += data; });
    }
    const postern = new Postern();
    postern.origin = `http://127.0.0.1:${ports[0]}`;
    postern.#child = child;
    postern.#folder = folder;
    const began = Date.now();
    while (!(await answers(postern.origin))) {
      if (child.exitCode !== null || Date.now() - began > startLimitMs) {
        await postern.stop();
        throw new Error(`postern does not start:\n${printed}`);
      }
      await sleep(20);
    }
    return postern;
  }

  /** Issues a code as the help desk's backend does, with the guide's steps 5 and 6. */
  async issue(user) {
    const { access_token: token } = await this.#post("/oidc/token", {
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: "acme-support",
        client_secret: "acme-support-secret",
      }),
    });
    const { code } = await this.#post("/cis/v1/auth/otp/send", {
      headers: { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ channel: "direct", identifier_type: "user_id", identifier: user }),
    });
    return code;
  }

  /** The published keys. */
  async keys() {
    return (await (await fetch(`${this.origin}/.well-known/jwks.json`)).json()).keys;
  }

  async stop() {
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, "exit");
      this.#child.kill("SIGKILL");
      await ended;
    }
    await rm(this.#folder, { recursive: true });
  }

  async #post(path, request) {
    const response = await fetch(this.origin + path, { method: "POST", ...request });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

/** A user whom no other test knows. */
export function someone() {
  return `jane-${crypto.randomUUID()}`;
}

/** A code of the same shape that is not `code`. */
export function another(code) {
  return (code.startsWith("2") ? "3" : "2") + code.slice(1);
}

async function answers(origin) {
  try {
    return (await fetch(origin)).ok;
  } catch {
    return false;
  }
}

/** Ports that were free a moment ago; all are held until all are known, so that they differ. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map(async (server) => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
