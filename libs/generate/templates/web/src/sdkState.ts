// The Web SDK, initialised once with the settings of `.env`; and where its journey waits.
import * as sdk from "@transmitsecurity/platform-web-sdk/ido";
import { IdoServiceResponseType, type IdoServiceResponse } from "@transmitsecurity/platform-web-sdk/ido";

sdk.initialize({
  clientId: import.meta.env.VITE_CLIENT_ID,
  ido: { serverPath: `${import.meta.env.VITE_POSTERN_URL}/ido` },
});

export const ido = sdk;

const KEY = "journey";
let state = sessionStorage.getItem(KEY);

/** Keeps where the journey waits; `survivesReload` is for journeys that start without parameters, since the
 * state holds those. What users enter later is not part of it. */
export function keepState(response: IdoServiceResponse, survivesReload: boolean): void {
  const isWaiting = response.type === IdoServiceResponseType.ClientInputRequired;
  state = isWaiting ? ido.serializeState() : null;
  if (state !== null && survivesReload) sessionStorage.setItem(KEY, state);
  else sessionStorage.removeItem(KEY);
}

/** Goes back to where the journey waited; null where none waits. A state is restored once, then kept anew. */
export function restoreState(): IdoServiceResponse | null {
  const kept = state;
  state = null;
  sessionStorage.removeItem(KEY);
  return kept === null ? null : ido.restoreFromSerializedState(kept);
}
