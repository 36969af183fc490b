// Starts Keycloak on loopback, with its data in memory, and imports realms into it.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { answers, startProcess } from "../browser/process.mjs";

/** It reads some hundred archives before it listens. Its script passes SIGTERM on to Java, and waits. */
const lifecycle = { startLimitMs: 600_000, stopSignal: "SIGTERM" };

export class Keycloak {
  #process;
  #password;

  /** Takes two free ports, of the realms and of the health checks. */
  static async start([port, management]) {
    const keycloak = new Keycloak();
    keycloak.origin = `http://127.0.0.1:${port}`;
    const password = randomBytes(24).toString("hex");
    const flags = [
      "start", "--optimized", "--http-enabled=true", "--http-host=127.0.0.1", `--http-port=${port}`,
      `--http-management-port=${management}`, "--hostname-strict=false", "--cache=local",
    ];
    const { PATH, HOME, JAVA_HOME = "" } = process.env;
    const administrator = { KC_BOOTSTRAP_ADMIN_USERNAME: "admin", KC_BOOTSTRAP_ADMIN_PASSWORD: password };
    const env = { PATH, HOME, JAVA_HOME, ...administrator };
    // It logs each check that it fails.
    const isReady = () => sleep(500).then(() => answers(`http://127.0.0.1:${management}/health/ready`));
    const file = join(process.env.KEYCLOAK, "bin/kc.sh");
    keycloak.#process = await startProcess(file, flags, { env }, isReady, lifecycle);
    keycloak.#password = password;
    return keycloak;
  }

  /** The issuer of a realm. */
  realm(name) {
    return `${this.origin}/realms/${name}`;
  }

  /** Imports the realm of a file, in which `$NAME` stands for a value. */
  async import(file, values) {
    const text = await readFile(new URL(file, import.meta.url), "utf8");
    await this.call("POST", "", text.replace(/\$([A-Z]+)/g, (_, name) => values[name]));
  }

  /** Calls the administration below `/admin/realms`. */
  async call(method, path, body) {
    const headers = { "Authorization": `Bearer ${await this.token()}`, "Content-Type": "application/json" };
    const response = await fetch(`${this.origin}/admin/realms${path}`, { method, headers, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text && JSON.parse(text);
  }

  /** An administrator's token, which lives for a minute. */
  async token() {
    const form = { grant_type: "password", client_id: "admin-cli", username: "admin", password: this.#password };
    const body = new URLSearchParams(form);
    const response = await fetch(`${this.realm("master")}/protocol/openid-connect/token`, { method: "POST", body });
    return (await response.json()).access_token;
  }

  async stop() {
    await this.#process.stop();
  }
}
