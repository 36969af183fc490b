// A gateway in front of separate services: it terminates TLS and divides the paths of one public URL, as
// deploy/openid.md says.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The paths of the code issuer; all others are the journey runner's. */
const ISSUERS = ["/oidc/token", "/ido/api/v2/token/exchange"];

export class Gateway {
  #servers;
  #to;

  static async start() {
    const gateway = new Gateway();
    const route = (incoming, outgoing) => gateway.#route(incoming, outgoing);
    gateway.#servers = [createSecureServer(await certificate(), route), createServer(route)];
    for (const server of gateway.#servers) await once(server.listen(0, "127.0.0.1"), "listening");
    const [secure, plain] = gateway.#servers.map((server) => server.address().port);
    gateway.origin = `https://localhost:${secure}`;
    // A backend's way to the gateway, which needs no trust in the certificate.
    gateway.fetch = (url, options) => fetch(String(url).replace(gateway.origin, `http://127.0.0.1:${plain}`), options);
    return gateway;
  }

  /** Where requests go: the origins of both services. */
  lead(issuer, runner) {
    this.#to = { issuer: new URL(issuer), runner: new URL(runner) };
  }

  #route(incoming, outgoing) {
    const { method, url, headers } = incoming;
    const { hostname, port } = this.#to[ISSUERS.includes(url.split("?")[0]) ? "issuer" : "runner"];
    const onward = request({ hostname, port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.writeHead(502).end());
    incoming.pipe(onward);
  }

  stop() {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

/** A certificate for localhost, signed by itself. */
async function certificate() {
  const folder = await mkdtemp(join(tmpdir(), "gateway-"));
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert], { stdio: "ignore" });
  const pair = { key: readFileSync(key), cert: readFileSync(cert) };
  await rm(folder, { recursive: true });
  return pair;
}
