// The screen of any form, and what the steps of `Steps.kt` have in common.
package com.example.recovery

import dev.postern.ido.TSIdoClientResponseOptionType
import dev.postern.ido.TSIdoErrorCode
import dev.postern.ido.TSIdoServiceResponse

internal const val TITLE = "Get back into your account"
internal const val LOGIN = "Login with Temporary Code"
internal const val DENIED = "That did not work. Check the user ID and the code, then try again."
private const val MISTAKEN = "Check what you entered. This did not count as a try."

/** A form, whose `app_data` may give its title, text, button and pairing number. */
internal fun formOf(response: TSIdoServiceResponse, fields: List<Field>): Screen {
    val told = response.data["app_data"] as? Map<*, *> ?: emptyMap<String, Any>()
    val pairing = (told["pairing"] as? Map<*, *>)?.let(::pairingOf)
    val hasCode = fields.any { it.kind == Field.Kind.Code }
    val usual = if (pairing == null) TITLE else "Call support and read them these digits"
    return Screen(
        heading = told["title"] as? String ?: usual,
        text = told["text"] as? String ?: "",
        error = errorOf(response),
        pairing = pairing,
        fields = fields,
        action = submit(told["button_text"] as? String ?: if (hasCode) LOGIN else "Continue"),
        escapes = response.clientResponseOptions.values
            .filter { it.type != TSIdoClientResponseOptionType.ClientInput }
            .map { Button(it.label, Act.Submit(it.id)) },
    )
}

/** The button that submits the input of a step. */
internal fun submit(label: String) = Button(label, Act.Submit(TSIdoClientResponseOptionType.ClientInput.type))

/** Whether a rejection is a denial. The server gives one reason for all of them. */
internal fun isDenied(response: TSIdoServiceResponse) = response.data["rejectionReason"] == "access_rejected"

private fun pairingOf(told: Map<*, *>) =
    Pairing(told["number"].toString(), (told["expires_at"] as? Number)?.toLong() ?: 0)

private fun errorOf(response: TSIdoServiceResponse): String = when (response.errorData?.errorCode) {
    null -> ""
    TSIdoErrorCode.ClientResponseNotValid -> MISTAKEN
    else -> DENIED
}
