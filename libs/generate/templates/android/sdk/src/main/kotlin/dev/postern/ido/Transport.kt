package dev.postern.ido

import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import java.net.HttpURLConnection
import java.net.URL

/** What the server answered. */
internal class Answer(val status: Int, val body: String)

/** Sends a request. */
internal fun interface Transport {
    @Throws(IOException::class)
    fun post(url: String, body: String): Answer
}

/** Over HTTP: follows no redirect and keeps no cookie. */
internal object HttpTransport : Transport {
    private const val PATIENCE_MS = 20_000

    /** Longer answers are refused. */
    private const val MAX_BYTES = 1 shl 20

    override fun post(url: String, body: String): Answer {
        val connection = URL(url).openConnection() as HttpURLConnection
        try {
            connection.requestMethod = "POST"
            connection.connectTimeout = PATIENCE_MS
            connection.readTimeout = PATIENCE_MS
            connection.instanceFollowRedirects = false
            connection.useCaches = false
            connection.doOutput = true
            val bytes = body.toByteArray()
            // A body of known length is not sent again by itself after a lost reply: it may hold a code.
            connection.setFixedLengthStreamingMode(bytes.size)
            connection.setRequestProperty("Content-Type", "application/json")
            connection.outputStream.use { it.write(bytes) }
            val status = connection.responseCode
            val stream = if (status < 400) connection.inputStream else connection.errorStream
            return Answer(status, stream?.use { read(it) }.orEmpty())
        } finally {
            connection.disconnect()
        }
    }

    private fun read(stream: InputStream): String {
        val bytes = ByteArrayOutputStream()
        val chunk = ByteArray(8192)
        while (true) {
            val count = stream.read(chunk)
            if (count < 0) return bytes.toString("UTF-8")
            bytes.write(chunk, 0, count)
            if (bytes.size() > MAX_BYTES) throw IOException("the answer is too long")
        }
    }
}
