// Issues a code as the help desk does, redeems it as a login backend does, and reads every refusal.
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { credentials, loadPackageDefinition, Metadata } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

// The demo's addresses and clients, whose secrets are public. Keep yours in files.
const {
  TOKEN_ENDPOINT = "http://127.0.0.1:8080/oidc/token",
  ISSUER = "127.0.0.1:50051",
  VERIFIER = "127.0.0.1:50052",
} = process.env;
const DEADLINE_MS = 5000;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const definitions = loadSync(
  ["postern/code/v1/code_issuer.proto", "postern/code/v1/verifier.proto", here("details.proto")],
  { includeDirs: [here("../../../proto")], keepCase: true, enums: String, longs: Number, defaults: true, oneofs: true },
);
const { CodeIssuerService, VerifierService } = loadPackageDefinition(definitions).postern.code.v1;

/** Gets an access token, as metadata of a call. It lives for an hour: keep it in a server. */
async function authorization(client) {
  const form = { grant_type: "client_credentials", client_id: client, client_secret: `${client}-secret` };
  const options = { method: "POST", body: new URLSearchParams(form), signal: AbortSignal.timeout(DEADLINE_MS) };
  const answer = await fetch(TOKEN_ENDPOINT, options);
  if (!answer.ok) throw new Error(`the token endpoint says ${answer.status}: ${await answer.text()}`);
  const metadata = new Metadata();
  metadata.set("authorization", `Bearer ${(await answer.json()).access_token}`);
  return metadata;
}

/** Makes calls of a service with a client's token and a deadline. */
function caller(Service, address, metadata) {
  const stub = new Service(address, credentials.createInsecure());
  const call = (rpc, request) =>
    promisify(stub[rpc].bind(stub))(request, metadata, { deadline: Date.now() + DEADLINE_MS });
  return { call, close: () => stub.close() };
}

/** Describes an error by its details. A call that is UNAVAILABLE may be sent again with the same key. */
function refusal(error) {
  const texts = [error.details];
  const [status] = error.metadata?.get("grpc-status-details-bin") ?? [];
  for (const { type_url, value } of status ? definitions["google.rpc.Status"].deserialize(status).details : []) {
    const name = type_url.split("/").pop();
    const detail = definitions[name]?.deserialize(value);
    if (name === "google.rpc.ErrorInfo") {
      texts.unshift(detail.reason);
      texts.push(...Object.entries(detail.metadata).map(([key, value]) => `${key}=${value}`));
    } else if (name === "google.rpc.BadRequest") {
      texts.push(...detail.field_violations.map(({ field }) => `field ${field}`));
    } else if (name === "google.rpc.RetryInfo") {
      texts.push(`try again in ${detail.retry_delay.seconds} s`);
    }
  }
  return texts.join("; ");
}

/** Redeems a code. A denial is a reply, a malformed code is an error. */
async function verify(verifier, user, code) {
  try {
    const reply = await verifier.call("VerifyCode", { user, code, idempotency_key: randomUUID() });
    if (reply.accepted) console.log(`accepted: grant ${reply.accepted.grant_id}`);
    else console.log(`rejected: ${reply.rejected.reason}`);
  } catch (error) {
    console.log(`refused: ${refusal(error)}`);
  }
}

/** Recovers the user of that ID, with the number of the recovery page if there is one. */
async function main(name, pairing_number = "") {
  const user = { type: "IDENTIFIER_TYPE_USER_ID", value: name };
  const issuer = caller(CodeIssuerService, ISSUER, await authorization("acme-support"));
  const verifier = caller(VerifierService, VERIFIER, await authorization("acme-verifier"));
  try {
    // A call that is sent again with the same key acts once.
    const request = { user, pairing_number, idempotency_key: randomUUID() };
    const issued = await issuer.call("IssueCode", request);
    console.log(`issued ${issued.code}: ${issued.attempts_allowed} attempts${issued.paired ? ", paired" : ""}`);
    const wrong = (issued.code.startsWith("2") ? "3" : "2") + issued.code.slice(1);
    for (const code of ["no code", wrong, issued.code]) await verify(verifier, user, code);
  } catch (error) {
    console.error(`refused: ${refusal(error)}`);
    process.exitCode = 1;
  } finally {
    issuer.close();
    verifier.close();
  }
}

await main(...process.argv.slice(2, 4));
