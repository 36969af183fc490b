// What the recipes share: the application with a relying party.
import { createHash } from "node:crypto";

/** The files of a configuration in which users of the relying party `client` come back to `back`. */
export const acme = (client, secret, back) => ({
  "applications/acme.yaml": `id: acme
name: Acme
clients:
  - id: acme-support
    secret_sha256: 8aa0f733cc5abfccabfd934eef7c107b1300709c21ef40cec8ddef0ec6793f8c
    scopes: [codes:issue]
  - id: ${client}
    secret_sha256: ${createHash("sha256").update(secret).digest("hex")}
    redirect_uris: ["${back}"]
    openid: true
    journey: temp-code-form
temp_code: { length: 12 }
`,
});
