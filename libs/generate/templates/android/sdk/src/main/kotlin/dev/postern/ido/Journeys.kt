package dev.postern.ido

import org.json.JSONArray
import org.json.JSONException
import org.json.JSONObject
import java.io.IOException
import java.net.URLEncoder

/** The journeys of a client: what is sent to the server, and where the journey waits. */
internal class Journeys(
    private val clientId: String,
    private val options: TSIdoInitOptions,
    private val transport: Transport,
) {
    /** A step that waits for an answer. */
    private class Waiting(val session: String?, val challenge: String, val assertionId: String, val type: String)

    private var waiting: Waiting? = null

    fun start(journeyId: String, start: TSIdoStartJourneyOptions): TSIdoServiceResponse {
        waiting = null
        val data = mapOf(
            "collection_result" to emptyMap<String, Any>(),
            "policy_request_id" to journeyId,
            "params" to start.additionalParams.orEmpty(),
        )
        val headers = start.flowId?.let { listOf(mapOf("type" to "correlation_id", "correlation_id" to it)) }
        return call("anonymous_invoke", null, headers.orEmpty(), data)
    }

    fun submit(option: String, input: Map<String, Any?>): TSIdoServiceResponse {
        val at = waiting ?: throw Failure(TSIdoErrorCode.NoActiveJourney, "no journey waits for an answer")
        val answer = when (option) {
            TSIdoClientResponseOptionType.ClientInput.type -> mapOf("assert" to "action", "input" to input)
            else -> mapOf("assert" to "escape", "data" to mapOf("escape_id" to option, "escape_params" to input))
        }
        val data = mapOf("assertion_id" to at.assertionId, "action" to at.type, "fch" to at.challenge) + answer
        return call("assert", at.session, emptyList(), data)
    }

    private fun call(path: String, session: String?, headers: List<Any>, data: Map<String, Any?>): TSIdoServiceResponse {
        val query = mapOf("aid" to "default_application", "clientId" to clientId, "locale" to options.locale) +
            session?.let { mapOf("sid" to it) }.orEmpty()
        val url = "${options.serverPath.trimEnd('/')}/api/v2/auth/$path?" +
            query.entries.joinToString("&") { (name, value) -> "$name=${URLEncoder.encode(value, "UTF-8")}" }
        val answer = try {
            transport.post(url, JSONObject(mapOf("headers" to headers, "data" to data)).toString())
        } catch (error: IOException) {
            throw Failure(TSIdoErrorCode.NetworkError, "the server cannot be reached")
        }
        return try {
            response(answer, JSONObject(answer.body), session)
        } catch (error: JSONException) {
            throw Failure(TSIdoErrorCode.ServerError, "the server answered ${answer.status} without a journey's JSON")
        }
    }

    private fun response(answer: Answer, message: JSONObject, session: String?): TSIdoServiceResponse {
        if (answer.status >= 400) {
            // A session that has ended, or has moved on elsewhere, waits no longer.
            if (answer.status == 404 || answer.status == 409) waiting = null
            val description = message.optString("error_message", message.optString("message"))
            throw Failure(TSIdoErrorCode.ServerError, description.ifEmpty { "the server answered ${answer.status}" })
        }
        val data = message.getJSONObject("data")
        val further = data.optJSONObject("data")?.optJSONObject("json_data")?.let { mapOf("json_data" to plain(it)) }
        when (val state = data.getString("state")) {
            "pending" -> {
                val step = data.getJSONArray("control_flow").getJSONObject(0)
                val id = sessionId(message.optJSONArray("headers")) ?: session
                waiting = Waiting(id, data.getString("challenge"), step.getString("assertion_id"), step.getString("type"))
                return waitingResponse(data, step, further.orEmpty())
            }
            "completed" -> {
                waiting = null
                return TSIdoServiceResponse(
                    TSIdoServiceResponseType.JourneySuccess, TSIdoJourneyActionType.Success.type,
                    further.orEmpty(), token = data.optString("token"),
                )
            }
            "rejected" -> {
                waiting = null
                val reason = mapOf("rejectionReason" to message.optString("error_message"))
                return TSIdoServiceResponse(
                    TSIdoServiceResponseType.JourneyRejection, TSIdoJourneyActionType.Rejection.type,
                    reason + further.orEmpty(),
                )
            }
            else -> throw JSONException("unknown state $state")
        }
    }

    private fun sessionId(headers: JSONArray?): String? {
        val all = (0 until (headers?.length() ?: 0)).mapNotNull { headers?.optJSONObject(it) }
        return all.find { it.optString("type") == "session_id" }?.getString("session_id")
    }
}
