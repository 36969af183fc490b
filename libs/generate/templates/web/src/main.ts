// The page: shows the screen of each step, and sends what the user does to the journey.
import { IdoErrorCode, type IdoSdkError } from "@transmitsecurity/platform-web-sdk/ido";

import "./style.css";
import { begin, startJourney, submitClientResponse } from "./journeyExecutor";
import { fail, setBusy, show } from "./page";
import type { Act, Screen } from "./screen";
import { APPLICATION } from "./steps";

const OFFLINE = "The server could not be reached. Check your internet connection, then try again.";
const UNAVAILABLE = "The service is not available. This is not your fault. Try again later.";

document.title = `Account recovery · ${APPLICATION}`;
const name = document.getElementById("application");
if (name) name.textContent = APPLICATION;

async function perform(act: Act, input: Record<string, string>): Promise<void> {
  setBusy(true);
  fail("");
  try {
    show(await screenAfter(act, input), perform);
  } catch (error) {
    // The step still waits.
    const isOffline = (error as Partial<IdoSdkError>).errorCode === IdoErrorCode.NetworkError;
    fail(isOffline ? OFFLINE : UNAVAILABLE);
  } finally {
    setBusy(false);
  }
}

function screenAfter(act: Act, input: Record<string, string>): Promise<Screen> {
  switch (act.kind) {
    case "begin": return begin();
    case "start": return startJourney(input);
    case "submit": return submitClientResponse(act.option, input);
  }
}

show({ heading: "Account recovery", action: { label: "Try again", act: { kind: "begin" } } }, perform);
void perform({ kind: "begin" }, {});
