// Receives notices of Postern and prints them: `node receiver.mjs whpk_...`. Have it mail or text the user instead.
import { createPublicKey, verify } from "node:crypto";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

const x = Buffer.from(process.argv[2].replace("whpk_", ""), "base64").toString("base64url");
const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
const done = new Set(); // keep these in your database: a notice can come twice, under one ID
const server = createServer(async (request, response) => {
  const { "webhook-id": id, "webhook-timestamp": sentAt, "webhook-signature": signatures = "" } = request.headers;
  const body = await text(request);
  const isSigned = (it) =>
    verify(null, `${id}.${sentAt}.${body}`, key, Buffer.from(it.replace("v1a,", ""), "base64"));
  const isTimely = Math.abs(Date.now() / 1000 - sentAt) <= 300;
  const isGenuine = isTimely && signatures.split(" ").some(isSigned);
  if (isGenuine && !done.has(id)) console.log(body);
  if (isGenuine) done.add(id);
  response.writeHead(isGenuine ? 204 : 401).end();
});
server.listen(process.argv[3] ?? 9000, "127.0.0.1", () => console.error("ready"));
