package com.example.recovery

import org.json.JSONObject
import java.net.HttpURLConnection
import java.net.URI
import java.util.UUID

/** Issues codes as the help desk's backend of the demo does. */
internal class HelpDesk(private val server: String) {
    /** A code for the user; with a number, one that works only in the journey that shows it. */
    fun issue(user: String, number: String? = null): String {
        val form = "grant_type=client_credentials&client_id=acme-support&client_secret=acme-support-secret"
        val token = post("/oidc/token", "application/x-www-form-urlencoded", form, null).getString("access_token")
        val request = JSONObject(mapOf("channel" to "direct", "identifier_type" to "user_id", "identifier" to user))
        number?.let { request.put("pairing_number", it) }
        return post("/cis/v1/auth/otp/send", "application/json", request.toString(), token).getString("code")
    }

    private fun post(path: String, type: String, body: String, token: String?): JSONObject {
        val connection = URI(server + path).toURL().openConnection() as HttpURLConnection
        connection.requestMethod = "POST"
        connection.doOutput = true
        connection.setRequestProperty("Content-Type", type)
        token?.let { connection.setRequestProperty("Authorization", "Bearer $it") }
        connection.outputStream.use { it.write(body.toByteArray()) }
        return JSONObject(connection.inputStream.use { String(it.readBytes()) })
    }
}

/** A user that is unique to the test. */
internal fun someone() = "jane-${UUID.randomUUID()}"

/** A code of the same shape that is not `code`. */
internal fun another(code: String) = (if (code.startsWith("2")) "3" else "2") + code.drop(1)
