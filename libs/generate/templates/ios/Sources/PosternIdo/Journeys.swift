import Foundation

/// A call to the server.
struct Request: Sendable {
    let url: URL
    let body: Data
    /// The session that it belongs to.
    let session: String?
}

/// What an app asks for.
enum Act: Sendable {
    case start(String, TSIdoStartJourneyOptions)
    case submit(TSIdoClientResponseOptionType, [String: any Sendable])
}

/// The journeys of a client: what is sent to the server, and where the journey waits.
struct Journeys: Sendable {
    /// A step that waits for an answer.
    private struct Waiting: Sendable {
        let session: String?
        let challenge: String
        let assertionId: String
        let type: String
    }

    private let clientId: String
    private let options: TSIdoInitOptions
    private var waiting: Waiting?

    init(clientId: String, options: TSIdoInitOptions) {
        self.clientId = clientId
        self.options = options
    }

    mutating func request(for act: Act) -> Result<Request, TSIdoJourneyError> {
        switch act {
        case .start(let journeyId, let options): return start(journeyId, options)
        case .submit(let option, let input): return submit(option, input)
        }
    }

    private mutating func start(
        _ journeyId: String, _ start: TSIdoStartJourneyOptions
    ) -> Result<Request, TSIdoJourneyError> {
        waiting = nil
        guard let params = Self.json(start.additionalParams ?? [:]) else { return .failure(.clientResponseNotValid) }
        let data: [String: JSON] = [
            "collection_result": .object([:]), "policy_request_id": .string(journeyId), "params": params,
        ]
        var headers: [JSON] = []
        if let flowId = start.flowId {
            headers.append(.object(["type": .string("correlation_id"), "correlation_id": .string(flowId)]))
        }
        return request("anonymous_invoke", session: nil, headers: headers, data)
    }

    private func submit(
        _ option: TSIdoClientResponseOptionType, _ input: [String: any Sendable]
    ) -> Result<Request, TSIdoJourneyError> {
        guard let waiting = waiting else { return .failure(.noActiveJourney) }
        guard let input = Self.json(input) else { return .failure(.clientResponseNotValid) }
        var data: [String: JSON] = [
            "assertion_id": .string(waiting.assertionId), "action": .string(waiting.type),
            "fch": .string(waiting.challenge),
        ]
        if option == .clientInput {
            data["assert"] = .string("action")
            data["input"] = input
        } else {
            data["assert"] = .string("escape")
            data["data"] = .object(["escape_id": .string(option.id), "escape_params": input])
        }
        return request("assert", session: waiting.session, headers: [], data)
    }

    /// What an answer says. One that is no answer of a journey leaves the step as it was.
    mutating func response(to request: Request, _ answer: Answer) -> Result<TSIdoServiceResponse, TSIdoJourneyError> {
        guard let message = try? JSONDecoder().decode(JSON.self, from: answer.body), message.object != nil else {
            return .failure(.serverError("the server answered \(answer.status) without a journey's JSON"))
        }
        guard answer.status < 400 else {
            // A session that has ended, or has moved on elsewhere, waits no longer.
            if answer.status == 404 || answer.status == 409 { waiting = nil }
            let description = message["error_message"]?.string ?? message["message"]?.string
            return .failure(.serverError(description ?? "the server answered \(answer.status)"))
        }
        guard let data = message["data"], let response = TSIdoServiceResponse(message) else {
            return .failure(.serverError("the server answered \(answer.status) without a journey's state"))
        }
        let session = message["headers"]?.array?.first { $0["type"]?.string == "session_id" }
        waiting = Self.waiting(data, session?["session_id"]?.string ?? request.session)
        return .success(response)
    }

    private static func waiting(_ data: JSON, _ session: String?) -> Waiting? {
        guard let step = data["control_flow"]?.array?.first, let challenge = data["challenge"]?.string,
            let assertionId = step["assertion_id"]?.string, let type = step["type"]?.string
        else { return nil }
        return Waiting(session: session, challenge: challenge, assertionId: assertionId, type: type)
    }

    private func request(
        _ path: String, session: String?, headers: [JSON], _ data: [String: JSON]
    ) -> Result<Request, TSIdoJourneyError> {
        let server = options.serverPath.hasSuffix("/") ? String(options.serverPath.dropLast()) : options.serverPath
        var address = URLComponents(string: "\(server)/api/v2/auth/\(path)")
        address?.queryItems = [
            URLQueryItem(name: "aid", value: "default_application"),
            URLQueryItem(name: "clientId", value: clientId),
            URLQueryItem(name: "locale", value: options.locale),
        ]
        if let session = session { address?.queryItems?.append(URLQueryItem(name: "sid", value: session)) }
        let message = JSON.object(["headers": .array(headers), "data": .object(data)])
        guard let url = address?.url, let body = try? JSONEncoder().encode(message) else {
            return .failure(.clientResponseNotValid)
        }
        return .success(Request(url: url, body: body, session: session))
    }

    private static func json(_ values: [String: any Sendable]) -> JSON? {
        JSON(values.mapValues { $0 as Any })
    }
}
