// The three services as processes of their own, over a Redis, sending what they trace to a Collector.
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { binary, configuration, issue } from "./postern.mjs";
import { answers, freePorts, listens, startProcess } from "./process.mjs";

const collectors = fileURLToPath(new URL("../collector/", import.meta.url));
const at = (port) => `127.0.0.1:${port}`;

export class Apart {
  #folders = [];
  #services = [];
  #others = [];

  /** Starts all of them; `origin` is that of the page. With `issuer` all have one public URL, as for OpenID Connect. */
  static async start(origin, { issuer, files } = {}) {
    const apart = new Apart();
    try {
      await apart.#start(origin, issuer, files);
    } catch (error) {
      await apart.stop();
      throw error;
    }
    return apart;
  }

  async #start(origin, publicUrl, files) {
    const folder = await mkdtemp(join(tmpdir(), "postern-apart-"));
    const config = await configuration(origin, undefined, files);
    this.#folders.push(folder, config);
    this.sent = join(folder, "sent.json");
    await drawKeys(folder);
    const ports = await freePorts(10);
    const [redis, otlp, http, pages, issuer, verifier, runner, ...admins] = ports;

    await this.#other("redis-server", ["--port", redis, "--bind", "127.0.0.1", "--save", ""], folder, redis);
    const collector = execFileSync(join(collectors, "install"), { encoding: "utf8" }).trim();
    const settings = { COLLECTOR_ENDPOINT: at(otlp), COLLECTOR_FILE: this.sent };
    const described = ["--config", join(collectors, "configuration.yaml")];
    await this.#other(collector, described, folder, otlp, settings);

    const key = (name) => join(folder, name);
    const url = (who) => publicUrl ?? `https://${who}.example`;
    const clients = ["--client-keys", key("issuer-public"), "--client-issuer", url("issuer")];
    const signs = (who) => ["--signing-keys", key(who), "--issuer", url(who)];
    const redeems = publicUrl ? ["--journey-runner", `http://${at(runner)}`, "--runner-keys", key("runner-public")] : [];
    const flags = {
      "code-issuer": ["--grpc-listen", at(issuer), "--http-listen", at(http),
        "--peppers", key("peppers"), ...redeems, ...signs("issuer")],
      "verifier": ["--grpc-listen", at(verifier), "--peppers", key("peppers"), ...clients,
        "--runner-keys", key("runner-public"), "--runner-issuer", url("runner")],
      "journey-runner": ["--grpc-listen", at(runner), "--http-listen", at(pages), ...clients,
        "--verifier", `http://${at(verifier)}`, "--sealing-key", key("sealing.key"), ...signs("runner")],
    };
    const env = { POSTERN_LOG: "info", OTEL_EXPORTER_OTLP_ENDPOINT: `http://${at(otlp)}` };
    for (const [index, [name, own]] of Object.entries(flags).entries()) {
      const shared = ["--config", config, "--store", `redis://${at(redis)}`, "--store-checks", "off",
        "--admin-listen", at(admins[index])];
      const isReady = () => answers(`http://${at(admins[index])}/readyz`);
      const file = join(dirname(binary), name);
      this.#services.push(await startProcess(file, [...shared, ...own], { env }, isReady));
    }
    this.origin = `http://${at(pages)}`;
    this.helpDesk = `http://${at(http)}`;
  }

  async #other(file, flags, cwd, port, env = {}) {
    const options = { cwd, env: { PATH: process.env.PATH, ...env } };
    this.#others.push(await startProcess(file, flags.map(String), options, () => listens(port)));
  }

  issue(user) {
    return issue(this.helpDesk, user);
  }

  /** Ends the services, which send what they still have, and then the Collector: all that it wrote. */
  async collected() {
    await Promise.all(this.#services.map((service) => service.stop("SIGTERM")));
    await Promise.all(this.#others.map((other) => other.stop("SIGTERM")));
    return readFile(this.sent, "utf8");
  }

  async stop() {
    await Promise.all([...this.#services, ...this.#others].map((it) => it.stop()));
    await Promise.all(this.#folders.map((folder) => rm(folder, { recursive: true })));
  }
}

/** Each service's own key, the others' public halves, and what is random. */
async function drawKeys(folder) {
  await mkdir(join(folder, "peppers"));
  for (const name of ["peppers/locator.key", "peppers/current.pepper", "sealing.key"]) {
    await writeFile(join(folder, name), randomBytes(32));
  }
  for (const who of ["issuer", "runner"]) {
    const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pems = { [who]: pair.privateKey.export({ type: "pkcs8", format: "pem" }),
      [`${who}-public`]: pair.publicKey.export({ type: "spki", format: "pem" }) };
    for (const [name, pem] of Object.entries(pems)) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, "1.pem"), pem);
    }
  }
}
