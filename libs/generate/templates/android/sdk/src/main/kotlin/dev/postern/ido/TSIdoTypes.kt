// What an app gives to the SDK and gets from it, under the names of the vendor's SDK.
package dev.postern.ido

import java.util.Locale

/** Where journeys run: `serverPath` is the server's URL followed by `/ido`. */
data class TSIdoInitOptions(
    val serverPath: String,
    /** The language tag of the texts that the server sends. */
    val locale: String = Locale.getDefault().toLanguageTag(),
)

/** How a journey starts: `flowId` correlates it with the log of the server. */
data class TSIdoStartJourneyOptions(
    val additionalParams: Map<String, Any?>? = null,
    val flowId: String? = null,
)

/** Is called once for each call to [TSIdo]. */
interface TSIdoCallback<T> {
    fun idoSuccess(result: T)

    fun idoError(error: TSIdoSdkError)
}

/** Where a journey stands. */
data class TSIdoServiceResponse(
    val type: TSIdoServiceResponseType,
    /** The form's id, or one of [TSIdoJourneyActionType]. */
    val journeyStepId: String?,
    /** What the server says of the step. */
    val data: Map<String, Any?> = emptyMap(),
    /** Why the step is shown again. */
    val errorData: TSIdoSdkError? = null,
    /** How the step can be answered, by id. */
    val clientResponseOptions: Map<String, TSIdoClientResponseOption> = emptyMap(),
    /** Of a journey that succeeded. Its text is a secret, so `toString` leaves it out. */
    val token: String? = null,
) {
    override fun toString(): String = "TSIdoServiceResponse($type, $journeyStepId)"
}

enum class TSIdoServiceResponseType(val type: String) {
    JourneySuccess("journey_success"),
    ClientInputRequired("client_input_required"),
    JourneyRejection("journey_rejection"),
}

/** The step ids of steps that are no forms. */
enum class TSIdoJourneyActionType(val type: String) {
    Success("action:success"),
    Rejection("action:rejection"),
    Information("action:information"),
}

data class TSIdoClientResponseOption(
    val type: TSIdoClientResponseOptionType,
    val id: String,
    val label: String,
)

enum class TSIdoClientResponseOptionType(val type: String) {
    ClientInput("client_input"),
    Cancel("cancel"),
    Fail("failure"),
    Custom("custom"),
}

data class TSIdoSdkError(val errorCode: TSIdoErrorCode, val description: String)

enum class TSIdoErrorCode(val code: String) {
    NotInitialized("not_initialized"),
    NoActiveJourney("no_active_journey"),
    NetworkError("network_error"),
    ClientResponseNotValid("client_response_not_valid"),
    InvalidCredentials("invalid_credentials"),
    ServerError("server_error"),
}
