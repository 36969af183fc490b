package dev.postern.ido

import java.util.concurrent.Executor
import java.util.concurrent.Executors

/**
 * Runs one journey at a time. Calls return at once; their callbacks run on `callbackExecutor`.
 *
 * What a user enters goes into the body of one request and nowhere else.
 */
object TSIdo {
    /** Where callbacks run. On Android: `Executor { Handler(Looper.getMainLooper()).post(it) }`. */
    @Volatile
    var callbackExecutor: Executor = Executor(Runnable::run)

    // One thread: a call begins when the one before it has ended.
    private val worker = Executors.newSingleThreadExecutor { task ->
        Thread(task, "TSIdo").apply { isDaemon = true }
    }

    @Volatile
    private var journeys: Journeys? = null

    fun initialize(clientId: String, options: TSIdoInitOptions) {
        initialize(clientId, options, HttpTransport)
    }

    internal fun initialize(clientId: String, options: TSIdoInitOptions, transport: Transport) {
        journeys = Journeys(clientId, options, transport)
    }

    /** Starts a journey, in place of the one that runs. */
    fun startJourney(
        journeyId: String,
        options: TSIdoStartJourneyOptions?,
        callback: TSIdoCallback<TSIdoServiceResponse>,
    ) = call(callback) { it.start(journeyId, options ?: TSIdoStartJourneyOptions()) }

    /** Answers the step at which the journey waits: by its input, or by another of its options. */
    fun submitClientResponse(
        clientResponseOptionId: String,
        data: Map<String, Any?>?,
        callback: TSIdoCallback<TSIdoServiceResponse>,
    ) = call(callback) { it.submit(clientResponseOptionId, data.orEmpty()) }

    private fun call(
        callback: TSIdoCallback<TSIdoServiceResponse>,
        act: (Journeys) -> TSIdoServiceResponse,
    ) {
        worker.execute {
            val outcome = try {
                val journeys = journeys ?: throw Failure(TSIdoErrorCode.NotInitialized, "call TSIdo.initialize first")
                Result.success(act(journeys))
            } catch (failure: Failure) {
                Result.failure(failure)
            }
            callbackExecutor.execute {
                outcome.fold(callback::idoSuccess) { callback.idoError((it as Failure).error) }
            }
        }
    }
}

/** A call that has no response. */
internal class Failure(code: TSIdoErrorCode, description: String) : Exception(description) {
    val error = TSIdoSdkError(code, description)
}
