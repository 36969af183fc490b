import Foundation

/// Runs one journey at a time. Calls return at once; the delegate is told their outcome.
///
/// What a user enters goes into the body of one request and nowhere else.
@MainActor
public enum TSIdo {
    public static weak var delegate: (any TSIdoDelegate)?

    private static var journeys: Journeys?
    private static var last: Task<Void, Never>?

    public static func initialize(clientId: String, options: TSIdoInitOptions) {
        journeys = Journeys(clientId: clientId, options: options)
    }

    /// Starts a journey, in place of the one that runs.
    public static func startJourney(_ journeyId: String, options: TSIdoStartJourneyOptions? = nil) {
        call(.start(journeyId, options ?? TSIdoStartJourneyOptions()))
    }

    /// As the vendor's SDK labels it.
    public static func startJourney(journeyId: String, options: TSIdoStartJourneyOptions? = nil) {
        startJourney(journeyId, options: options)
    }

    /// Answers the step at which the journey waits.
    public static func submitClientResponse(
        clientResponseOptionId: TSIdoClientResponseOptionType, data: [String: any Sendable]? = nil
    ) {
        call(.submit(clientResponseOptionId, data ?? [:]))
    }

    /// One call begins when the one before it has ended.
    private static func call(_ act: Act) {
        let previous = last
        last = Task { @MainActor in
            await previous?.value
            let result = await Self.perform(act)
            Self.delegate?.TSIdoDidReceiveResult(result)
        }
    }

    private static func perform(_ act: Act) async -> Result<TSIdoServiceResponse, TSIdoJourneyError> {
        guard let request = journeys?.request(for: act) else { return .failure(.notInitialized) }
        switch request {
        case .failure(let error):
            return .failure(error)
        case .success(let request):
            guard let answer = try? await HTTPTransport().post(request.url, request.body) else {
                return .failure(.networkError)
            }
            return journeys?.response(to: request, answer) ?? .failure(.notInitialized)
        }
    }
}
