import Foundation
import XCTest

@testable import PosternIdo

/// Replays `transcript.json`: what is called, what is sent, what the server answers, and what the app gets.
final class TranscriptTests: XCTestCase {
    func testEveryExchangeOfTheTranscriptIsAsRecorded() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("transcript.json")
        let conversations = try JSONDecoder().decode(JSON.self, from: Data(contentsOf: file)).array ?? []
        XCTAssertGreaterThan(conversations.count, 3)
        for conversation in conversations {
            let name = conversation["name"]?.string ?? ""
            let options = TSIdoInitOptions(serverPath: "https://recovery.example/ido/", locale: "en-US")
            var journeys = Journeys(clientId: "acme-web", options: options)
            for (index, exchange) in (conversation["exchanges"]?.array ?? []).enumerated() {
                let told = try replay(exchange, &journeys)
                XCTAssertEqual(exchange["told"], told, "\(name), exchange \(index)")
            }
        }
    }

    /// Makes the call of an exchange, checks what is sent, and hands over the answer.
    private func replay(_ exchange: JSON, _ journeys: inout Journeys) throws -> JSON {
        let request: Request
        switch journeys.request(for: try act(exchange)) {
        case .failure(let error): return .object(["failure": .string(code(error))])
        case .success(let sent): request = sent
        }
        try check(request, exchange["sent"])
        guard let answered = exchange["answered"] else {
            // The transport has no answer.
            return .object(["failure": .string("network_error")])
        }
        let body = try JSONEncoder().encode(XCTUnwrap(answered["body"]))
        let answer = Answer(status: try XCTUnwrap(answered["status"]?.integer), body: body)
        switch journeys.response(to: request, answer) {
        case .failure(let error): return .object(["failure": .string(code(error))])
        case .success(let response): return told(response)
        }
    }

    private func act(_ exchange: JSON) throws -> Act {
        if let start = exchange["start"] {
            let params = start["additionalParams"]?.object?.mapValues { $0.string ?? "" }
            let options = TSIdoStartJourneyOptions(additionalParams: params, flowId: start["flowId"]?.string)
            return .start(try XCTUnwrap(start["journeyId"]?.string), options)
        }
        let submit = try XCTUnwrap(exchange["submit"])
        let data = try XCTUnwrap(submit["data"]?.object).mapValues { $0.string ?? "" }
        return .submit(TSIdoClientResponseOptionType(id: try XCTUnwrap(submit["option"]?.string)), data)
    }

    private func check(_ request: Request, _ sent: JSON?) throws {
        let address = try XCTUnwrap(URLComponents(url: request.url, resolvingAgainstBaseURL: false))
        XCTAssertEqual(address.host, "recovery.example")
        XCTAssertEqual(address.path, sent?["path"]?.string)
        let query = (address.queryItems ?? []).map { ($0.name, JSON.string($0.value ?? "")) }
        XCTAssertEqual(JSON.object(Dictionary(uniqueKeysWithValues: query)), sent?["query"])
        XCTAssertEqual(try JSONDecoder().decode(JSON.self, from: request.body), sent?["body"])
    }

    private func told(_ response: TSIdoServiceResponse) -> JSON {
        let options = response.responseOptions.map { option in
            JSON.object(["type": .string(type(option.type)), "id": .string(option.id), "label": .string(option.label)])
        }
        return .object([
            "type": .string(response.type.rawValue),
            "journeyStepId": .string(response.journeyStepId.identifier),
            "data": .object(response.json),
            "options": .array(options),
            "errorCode": response.errorData.map { JSON.string(code($0.errorCode)) } ?? .null,
            "token": response.token.map { JSON.string($0) } ?? .null,
        ])
    }

    private func type(_ option: TSIdoClientResponseOptionType) -> String {
        if case .custom = option { return "custom" }
        return option.id
    }

    private func code(_ error: TSIdoJourneyError) -> String {
        switch error {
        case .notInitialized: return "not_initialized"
        case .noActiveJourney: return "no_active_journey"
        case .networkError: return "network_error"
        case .clientResponseNotValid: return "client_response_not_valid"
        case .invalidCredentials: return "invalid_credentials"
        case .serverError: return "server_error"
        }
    }

    func testWhatAnAppGetsIsPlain() throws {
        let json = try JSONDecoder().decode(JSON.self, from: Data(#"{"a": [1, 2.5, true, null, "x"], "b": {}}"#.utf8))
        XCTAssertEqual(JSON(json.plain), json)
        XCTAssertNil(JSON(Date()))
    }
}
