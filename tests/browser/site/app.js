// A customer's page: the SDK's functions, put where a test can call them.
import * as ido from "/sdk/ido.js";

const settings = new URLSearchParams(location.hash.slice(1));
await ido.initialize({ clientId: "acme-web", ido: { serverPath: settings.get("server") } });
window.ido = ido;
