// Runs the journey: each response of the SDK becomes the screen of its step.
import {
  IdoJourneyActionType,
  IdoServiceResponseType,
  type IdoServiceResponse,
} from "@transmitsecurity/platform-web-sdk/ido";

import type { Screen } from "./screen";
import { ido, keepState, restoreState } from "./sdkState";
import * as steps from "./steps";

/** Whether a reload goes on where the journey waits. */
const SURVIVES_RELOAD = {{ screens.start.is_empty() }};

/** Starts the journey. */
export async function startJourney(additionalParams: Record<string, string> = {}): Promise<Screen> {
  return follow(await ido.startJourney("{{ journey }}", { additionalParams }));
}

/** Answers the step at which the journey waits: by its input, or by one of its escapes. */
export async function submitClientResponse(option: string, data: Record<string, string>): Promise<Screen> {
  try {
    return follow(await ido.submitClientResponse(option, data));
  } catch (error) {
    // The SDK ends a journey whose server it cannot reach; at the server the journey still waits.
    const waiting = restoreState();
    if (waiting) keepState(waiting, SURVIVES_RELOAD);
    throw error;
  }
}

/** The first screen: of the journey that waits, or of a new one. */
export async function begin(): Promise<Screen> {
  const waiting = restoreState();
{%- if screens.start.is_empty() %}
  return waiting ? follow(waiting) : startJourney();
{%- else %}
  return waiting ? follow(waiting) : steps.onStart();
{%- endif %}
}

function follow(response: IdoServiceResponse): Screen {
  const screen = screenOf(response);
  keepState(response, SURVIVES_RELOAD);
  return screen;
}

function screenOf(response: IdoServiceResponse): Screen {
  switch (response.type) {
    case IdoServiceResponseType.JourneySuccess:
      return steps.onSuccess(response);
    case IdoServiceResponseType.JourneyRejection:
      return steps.onRejection(response);
    default:
      break;
  }
  switch (response.journeyStepId) {
{%- for form in screens.forms %}
    case "{{ form.form_id }}":
      return steps.on{{ form.name }}(response);
{%- endfor %}
    case IdoJourneyActionType.Information:
      return steps.onInformation(response);
    default:
      // The journey has changed since this project was generated.
      throw new Error(`unknown step: ${response.journeyStepId}`);
  }
}
