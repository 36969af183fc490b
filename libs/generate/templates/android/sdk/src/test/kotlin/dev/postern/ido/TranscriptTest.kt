package dev.postern.ido

import org.json.JSONArray
import org.json.JSONObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.IOException
import java.net.URI
import java.net.URLDecoder

/** Replays `transcript.json`: what is called, what is sent, what the server answers, and what the app gets. */
class TranscriptTest {
    /** The server, as the transcript has it. */
    private class Replay(val exchange: () -> JSONObject) : Transport {
        override fun post(url: String, body: String): Answer {
            val sent = exchange().getJSONObject("sent")
            val address = URI(url)
            assertEquals("recovery.example", address.host)
            assertEquals(sent.getString("path"), address.path)
            val query = address.rawQuery.split("&").map { it.split("=", limit = 2) }
            assertEquals(
                plain(sent.getJSONObject("query")),
                query.associate { (name, value) -> name to URLDecoder.decode(value, "UTF-8") },
            )
            assertEquals(plain(sent.getJSONObject("body")), plain(JSONObject(body)))
            val answer = exchange().optJSONObject("answered") ?: throw IOException("nothing answers")
            return Answer(answer.getInt("status"), answer.get("body").toString())
        }
    }

    @Test
    fun `every exchange of the transcript is as recorded`() {
        val text = javaClass.getResourceAsStream("/transcript.json")!!.use { String(it.readBytes()) }
        val conversations = JSONArray(text)
        assertTrue(conversations.length() > 3)
        for (index in 0 until conversations.length()) {
            val exchanges = conversations.getJSONObject(index).getJSONArray("exchanges")
            lateinit var exchange: JSONObject
            val options = TSIdoInitOptions("https://recovery.example/ido/", "en-US")
            val journeys = Journeys("acme-web", options, Replay { exchange })
            for (at in 0 until exchanges.length()) {
                exchange = exchanges.getJSONObject(at)
                val name = conversations.getJSONObject(index).getString("name")
                assertEquals(plain(exchange.getJSONObject("told")), told(journeys, exchange), "$name, exchange $at")
            }
        }
    }

    private fun told(journeys: Journeys, exchange: JSONObject): Map<String, Any?> = try {
        val response = exchange.optJSONObject("start")?.let { start ->
            val params = start.optJSONObject("additionalParams")?.let(::plain)
            val flow = if (start.has("flowId")) start.getString("flowId") else null
            journeys.start(start.getString("journeyId"), TSIdoStartJourneyOptions(params, flow))
        } ?: exchange.getJSONObject("submit").let { submit ->
            journeys.submit(submit.getString("option"), plain(submit.getJSONObject("data")))
        }
        mapOf(
            "type" to response.type.type,
            "journeyStepId" to response.journeyStepId,
            "data" to response.data,
            "options" to response.clientResponseOptions.values.map { mapOf("type" to it.type.type, "id" to it.id, "label" to it.label) },
            "errorCode" to response.errorData?.errorCode?.code,
            "token" to response.token,
        )
    } catch (failure: Failure) {
        mapOf("failure" to failure.error.errorCode.code)
    }
}
