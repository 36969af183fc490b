// Reads a step that waits.
package dev.postern.ido

import org.json.JSONArray
import org.json.JSONObject

/** What the server says of the protocol rather than of the step. */
private val OWN = setOf("assertion_id", "type", "escapes", "form_id", "vendor_name")

internal fun waitingResponse(data: JSONObject, step: JSONObject, further: Map<String, Any?>) = TSIdoServiceResponse(
    TSIdoServiceResponseType.ClientInputRequired,
    stepId(step),
    plain(step) - OWN + further,
    errorOf(data),
    optionsOf(step.optJSONArray("escapes") ?: JSONArray()),
)

private fun stepId(step: JSONObject): String = when (val type = step.getString("type")) {
    "form", "login_form" -> step.optString("form_id", type)
    "information" -> TSIdoJourneyActionType.Information.type
    else -> type
}

private fun errorOf(data: JSONObject): TSIdoSdkError? {
    val code = when (data.optInt("assertion_error_code")) {
        0 -> return null
        28 -> TSIdoErrorCode.ClientResponseNotValid
        29, 31, 35 -> TSIdoErrorCode.InvalidCredentials
        else -> TSIdoErrorCode.ServerError
    }
    return TSIdoSdkError(code, data.optString("assertion_error_message"))
}

private fun optionsOf(escapes: JSONArray): Map<String, TSIdoClientResponseOption> {
    val input = TSIdoClientResponseOptionType.ClientInput
    val options = listOf(TSIdoClientResponseOption(input, input.type, "Client Input")) +
        (0 until escapes.length()).map { escapes.getJSONObject(it) }.map { escape ->
            val id = escape.getString("id")
            val known = TSIdoClientResponseOptionType.entries.find { it.type == id }
            val type = known ?: TSIdoClientResponseOptionType.Custom
            TSIdoClientResponseOption(type, id, escape.optString("display_name", id))
        }
    return options.associateBy { it.id }
}

/** JSON as maps, lists, texts, numbers, booleans and null. */
internal fun plain(json: JSONObject): Map<String, Any?> =
    json.keys().asSequence().associateWith { plainValue(json.get(it)) }

private fun plainValue(value: Any?): Any? = when (value) {
    JSONObject.NULL -> null
    is JSONObject -> plain(value)
    is JSONArray -> (0 until value.length()).map { plainValue(value.get(it)) }
    else -> value
}
