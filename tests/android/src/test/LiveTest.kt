package com.example.recovery

import dev.postern.ido.TSIdo
import dev.postern.ido.TSIdoCallback
import dev.postern.ido.TSIdoErrorCode
import dev.postern.ido.TSIdoInitOptions
import dev.postern.ido.TSIdoSdkError
import dev.postern.ido.TSIdoServiceResponse
import dev.postern.ido.TSIdoServiceResponseType
import dev.postern.ido.TSIdoStartJourneyOptions
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

/** The SDK and the app's view model against a live Postern. */
class LiveTest {
    private val server = System.getProperty("postern.server")
    private val desk = HelpDesk(server)

    @BeforeEach
    fun initialize() = initializeTSIdo()

    private class Call : TSIdoCallback<TSIdoServiceResponse> {
        val outcome = CompletableFuture<Any>()

        override fun idoSuccess(result: TSIdoServiceResponse) = check(outcome.complete(result))

        override fun idoError(error: TSIdoSdkError) = check(outcome.complete(error))
    }

    private fun outcome(act: (Call) -> Unit): Any = Call().also(act).outcome.get(30, TimeUnit.SECONDS)

    private fun start(journey: String, params: Map<String, String>? = null) =
        outcome { TSIdo.startJourney(journey, TSIdoStartJourneyOptions(params, "flow-1"), it) }

    private fun submit(option: String, data: Map<String, String>) =
        outcome { TSIdo.submitClientResponse(option, data, it) }

    private fun redeem(user: String, code: String) =
        start("temp-code-authentication", mapOf("external_user_id" to user, "temp_code" to code)) as TSIdoServiceResponse

    @Test
    fun `a right code lets the user in, a wrong one does not`() {
        val user = someone()
        val code = desk.issue(user)
        val denied = redeem(user, another(code))
        assertEquals(TSIdoServiceResponseType.JourneyRejection, denied.type)
        assertEquals("access_rejected", denied.data["rejectionReason"])
        val accepted = redeem(user, code)
        assertEquals(TSIdoServiceResponseType.JourneySuccess, accepted.type)
        assertEquals(3, accepted.token?.split(".")?.size)
        assertTrue(accepted.token.orEmpty() !in accepted.toString())
    }

    @Test
    fun `a form is tried again after a wrong code`() {
        val user = someone()
        val code = desk.issue(user)
        val form = start("temp-code-form") as TSIdoServiceResponse
        assertEquals("temp_code_form", form.journeyStepId)
        assertEquals(setOf("client_input", "contact_support"), form.clientResponseOptions.keys)
        val input = mapOf("external_user_id" to user, "temp_code" to another(code))
        val again = submit("client_input", input) as TSIdoServiceResponse
        assertEquals("temp_code_form", again.journeyStepId)
        assertEquals(TSIdoErrorCode.InvalidCredentials, again.errorData?.errorCode)
        val done = submit("client_input", input + ("temp_code" to code)) as TSIdoServiceResponse
        assertEquals(TSIdoServiceResponseType.JourneySuccess, done.type)
        assertEquals(setOf("access_token", "id_token"), (done.data["json_data"] as Map<*, *>).keys)
    }

    @Test
    fun `a server that is down is an error, and a journey it refuses is another`() {
        TSIdo.initialize("acme-web", TSIdoInitOptions("${System.getProperty("postern.nothing")}/ido"))
        assertEquals(TSIdoErrorCode.NetworkError, (start("temp-code-form") as TSIdoSdkError).errorCode)
        assertEquals(TSIdoErrorCode.NoActiveJourney, (submit("client_input", emptyMap()) as TSIdoSdkError).errorCode)
        initializeTSIdo()
        assertEquals(TSIdoErrorCode.ServerError, (start("nothing-like-it") as TSIdoSdkError).errorCode)
    }

    @Test
    fun `a hostile name of the application is a text`() = assertEquals(System.getenv("APPLICATION"), APPLICATION)

    /** A person before the app. */
    private class Person {
        private var shown = CompletableFuture<Screen>()
        var token: String? = null
        private val model = MainViewModel { screen, isBusy -> if (!isBusy) shown.complete(screen) }
            .also { it.onSuccess = { token, _ -> this.token = token } }

        fun perform(act: Act, input: Map<String, String> = emptyMap()): Screen {
            shown = CompletableFuture()
            model.perform(act, input)
            return shown.get(30, TimeUnit.SECONDS)
        }

        fun press(button: Button?, input: Map<String, String> = emptyMap()): Screen =
            perform(checkNotNull(button).act, input)
    }

    @Test
    fun `a user recovers with support by the code for the number in the app`() {
        val user = someone()
        val person = Person()
        val form = person.perform(Act.Begin)
        assertEquals(listOf("external_user_id" to "User ID"), form.fields.map { it.name to it.label })
        var screen = person.press(form.action, mapOf("external_user_id" to user))
        val number = checkNotNull(screen.pairing).number
        assertTrue(number.matches(Regex("[0-9]{6}")))
        assertEquals(listOf("New number", "Ask for a new code"), screen.escapes.map { it.label })

        val code = desk.issue(user, number)
        val other = desk.issue(someone())
        screen = person.press(screen.action, mapOf("temp_code" to number))
        assertEquals("Check what you entered. This did not count as a try.", screen.error)
        screen = person.press(screen.action, mapOf("temp_code" to if (other == code) another(code) else other))
        assertTrue(screen.error.startsWith("That did not work."))
        screen = person.press(screen.escapes.first())
        assertEquals(number, screen.pairing?.number)
        assertEquals("", screen.error)
        screen = person.press(screen.action, mapOf("temp_code" to code))
        assertEquals("You are back in", screen.heading)
        assertNotNull(person.token)
    }
}
