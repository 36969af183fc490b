// A certified OpenID Provider, the npm package `oidc-provider`, which signs everybody in as one agent.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

import Provider from "oidc-provider";

import { freePorts } from "./process.mjs";

/** Starts it for one client with one redirect URI. */
export async function startProvider(client, back) {
  const [port] = await freePorts(1);
  const issuer = `http://127.0.0.1:${port}`;
  const oidc = provider(issuer, client, back);
  const handle = oidc.callback();
  const server = createServer((request, response) => {
    if (!request.url.startsWith("/interaction/")) return handle(request, response);
    const login = { accountId: "agent-7", amr: ["pwd", "mfa"] };
    return oidc.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { issuer, stop };
}

/** A provider that signs everybody in as one agent, with a second factor. */
function provider(url, client, back) {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: "jwk" }), kid: "rsa-1", use: "sig", alg: "RS256" };
  return new Provider(url, {
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(24).toString("hex")] },
    clients: [{
      client_id: client.id, client_secret: client.secret, redirect_uris: [back],
      grant_types: ["authorization_code", "refresh_token"], response_types: ["code"], require_auth_time: true,
    }],
    claims: { openid: ["sub"], staff: ["roles", "employee_id", "email"], auth_time: null, amr: null },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false }, claimsParameter: { enabled: true } },
    findAccount: (_, accountId) => ({
      accountId,
      claims: () => ({
        sub: accountId, roles: ["helpdesk"], employee_id: "e-7", email: "agent.7@acme.example",
      }),
    }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: async ({ oidc }) => {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope("openid staff");
      grant.addOIDCClaims(["amr", "auth_time"]);
      await grant.save();
      return grant;
    },
  });
}
