package com.example.recovery

import dev.postern.ido.TSIdo
import dev.postern.ido.TSIdoCallback
import dev.postern.ido.TSIdoErrorCode
import dev.postern.ido.TSIdoSdkError
import dev.postern.ido.TSIdoServiceResponse
import dev.postern.ido.TSIdoStartJourneyOptions

/** Runs the journey; `show` gets each screen, and whether the server works on the next one. */
class MainViewModel(private val flowId: String? = null, private val show: (Screen, Boolean) -> Unit) {
    private var screen = Screen("Account recovery", action = Button("Try again", Act.Begin))

    /**
     * Gets the token of a journey that let the user in. Send it to your backend, which verifies it by the keys
     * at /.well-known/jwks.json; what the journey's last step gives stands in `data["json_data"]`.
     */
    var onSuccess: (token: String, data: Map<String, Any?>) -> Unit = { _, _ -> }

    /** Does what a button says, with the texts of the fields. */
    fun perform(act: Act, input: Map<String, String> = emptyMap()) {
        show(screen.copy(error = ""), true)
        when (act) {
{%- if screens.start.is_empty() %}
            Act.Begin -> startJourney(emptyMap())
{%- else %}
            Act.Begin -> follow(onStart())
{%- endif %}
            Act.Start -> startJourney(input)
            is Act.Submit -> TSIdo.submitClientResponse(act.option, input, callback)
        }
    }

    private fun startJourney(additionalParams: Map<String, String>) {
        TSIdo.startJourney("{{ journey }}", TSIdoStartJourneyOptions(additionalParams, flowId), callback)
    }

    private val callback = object : TSIdoCallback<TSIdoServiceResponse> {
        override fun idoSuccess(result: TSIdoServiceResponse) {
            result.token?.let { onSuccess(it, result.data) }
            follow(screenOf(result) ?: screen.copy(error = "This app is too old for the server."))
        }

        // The step still waits.
        override fun idoError(error: TSIdoSdkError) = follow(screen.copy(error = textOf(error)))
    }

    private fun follow(next: Screen) {
        screen = next
        show(next, false)
    }

    private fun textOf(error: TSIdoSdkError): String = when (error.errorCode) {
        TSIdoErrorCode.NetworkError ->
            "The server could not be reached. Check your internet connection, then try again."
        TSIdoErrorCode.NoActiveJourney -> "This waited too long. Start again."
        else -> error.description
    }
}
