// What an app gives to the SDK and gets from it, under the names of the vendor's SDK.
import Foundation

/// Where journeys run: `serverPath` is the server's URL followed by `/ido`.
public struct TSIdoInitOptions: Sendable {
    public let serverPath: String
    /// The language tag of the texts that the server sends.
    public let locale: String

    public init(serverPath: String, locale: String = Locale.preferredLanguages.first ?? "en") {
        self.serverPath = serverPath
        self.locale = locale
    }
}

/// How a journey starts: `flowId` correlates it with the log of the server.
public struct TSIdoStartJourneyOptions: Sendable {
    public let additionalParams: [String: any Sendable]?
    public let flowId: String?

    public init(additionalParams: [String: any Sendable]? = nil, flowId: String? = nil) {
        self.additionalParams = additionalParams
        self.flowId = flowId
    }
}

/// Is told the outcome of each call to `TSIdo`, once.
@MainActor
public protocol TSIdoDelegate: AnyObject {
    func TSIdoDidReceiveResult(_ result: Result<TSIdoServiceResponse, TSIdoJourneyError>)
}

/// Where a journey stands.
public struct TSIdoServiceResponse: Sendable, CustomStringConvertible {
    public let type: TSIdoServiceResponseType
    public let journeyStepId: TSIdoJourneyActionType
    /// Why the step is shown again.
    public let errorData: TSIdoSdkError?
    /// How the step can be answered, in the order of the journey.
    public let responseOptions: [TSIdoClientResponseOption]
    /// Of a journey that succeeded.
    public let token: String?
    let json: [String: JSON]

    /// What the server says of the step.
    public var data: [String: Any]? { json.mapValues { $0.plain } }

    /// The options by id.
    public var clientResponseOptions: [String: TSIdoClientResponseOption]? {
        Dictionary(responseOptions.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Without the token, which is a secret.
    public var description: String { "TSIdoServiceResponse(\(type.rawValue), \(journeyStepId.identifier))" }

    init(
        type: TSIdoServiceResponseType, journeyStepId: TSIdoJourneyActionType, json: [String: JSON],
        errorData: TSIdoSdkError? = nil, responseOptions: [TSIdoClientResponseOption] = [], token: String? = nil
    ) {
        self.type = type
        self.journeyStepId = journeyStepId
        self.json = json
        self.errorData = errorData
        self.responseOptions = responseOptions
        self.token = token
    }
}

public enum TSIdoServiceResponseType: String, Sendable {
    case journeySuccess = "journey_success"
    case clientInputRequired = "client_input_required"
    case journeyRejection = "journey_rejection"
}

/// The step at which a journey stands; a form by its id.
public enum TSIdoJourneyActionType: Equatable, Sendable {
    case success
    case rejection
    case information
    case custom(name: String)

    public var identifier: String {
        switch self {
        case .success: return "action:success"
        case .rejection: return "action:rejection"
        case .information: return "action:information"
        case .custom(let name): return name
        }
    }
}

/// How a step is answered: by its input, or by one of its escapes.
public enum TSIdoClientResponseOptionType: Equatable, Sendable {
    case clientInput
    case cancel
    case fail
    case custom(id: String)

    init(id: String) {
        switch id {
        case "client_input": self = .clientInput
        case "cancel": self = .cancel
        case "failure": self = .fail
        default: self = .custom(id: id)
        }
    }

    /// The option's id.
    public var id: String {
        switch self {
        case .clientInput: return "client_input"
        case .cancel: return "cancel"
        case .fail: return "failure"
        case .custom(let id): return id
        }
    }
}

public struct TSIdoClientResponseOption: Equatable, Sendable {
    public let type: TSIdoClientResponseOptionType
    public let id: String
    public let label: String
}

public struct TSIdoSdkError: Equatable, Sendable {
    public let errorCode: TSIdoJourneyError
    public let description: String
}

public enum TSIdoJourneyError: Error, Equatable, Sendable {
    case notInitialized
    case noActiveJourney
    case networkError
    case clientResponseNotValid
    case invalidCredentials
    case serverError(String)
}
