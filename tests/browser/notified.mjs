// A Postern that tells the sample receiver of each code.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Postern, binary } from "./postern.mjs";
import { freePorts, startProcess } from "./process.mjs";

const sample = fileURLToPath(new URL("../../deploy/notices/receiver.mjs", import.meta.url));

export class Notified {
  static async start() {
    const notified = new Notified();
    notified.folder = await mkdtemp(join(tmpdir(), "postern-notices-"));
    const key = join(notified.folder, "notify.key");
    const { stdout } = await promisify(execFile)(binary, ["webhook", "keygen", key]);
    const [port] = await freePorts(1);
    notified.receiver = `http://127.0.0.1:${port}/`;
    const isReady = async () =>
      (await fetch(notified.receiver, { method: "POST" }).catch(() => undefined))?.status === 401;
    notified.process = await startProcess(process.execPath, [sample, stdout.trim(), `${port}`], {}, isReady);
    const acme = await readFile(new URL("../config/applications/acme.yaml", import.meta.url), "utf8");
    const notify = `{ url: '${notified.receiver}', key_files: [notify.key], private_addresses: true }`;
    const files = {
      "applications/acme.yaml": `${acme}\nsupport_phone: "+49 (0)30 1234"\ndesk: { notify: ${notify} }\n`,
      "applications/notify.key": await readFile(key, "utf8"),
    };
    notified.postern = await Postern.start("http://127.0.0.1:1", { files });
    return notified;
  }

  /** What the receiver printed about a user. */
  lines(user) {
    return this.process.printed().split("\n").filter((line) => line.includes(user));
  }

  /** The user's first notice, once it is there. */
  async notice(user) {
    for (let waited = 0; this.lines(user).length === 0 && waited < 300; waited += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return JSON.parse(this.lines(user)[0]);
  }

  async stop() {
    await this.postern?.stop();
    await this.process?.stop();
    await rm(this.folder, { recursive: true });
  }
}
