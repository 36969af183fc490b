// Reads where a journey stands.

extension TSIdoServiceResponse {
    /// What the server says of the protocol rather than of the step.
    private static let own: Set<String> = ["assertion_id", "type", "escapes", "form_id", "vendor_name"]

    /// Of a message of the server; nil where it is no state of a journey.
    init?(_ message: JSON) {
        guard let data = message["data"], let state = data["state"]?.string else { return nil }
        var further: [String: JSON] = [:]
        if let jsonData = data["data"]?["json_data"] { further["json_data"] = jsonData }
        switch state {
        case "pending":
            guard let step = data["control_flow"]?.array?.first?.object, let id = Self.stepId(step),
                data["challenge"]?.string != nil, step["assertion_id"]?.string != nil
            else { return nil }
            self.init(
                type: .clientInputRequired, journeyStepId: id,
                json: step.filter { !Self.own.contains($0.key) }.merging(further) { _, new in new },
                errorData: Self.errorData(data), responseOptions: Self.options(step["escapes"]?.array ?? [])
            )
        case "completed":
            self.init(
                type: .journeySuccess, journeyStepId: .success, json: further, token: data["token"]?.string
            )
        case "rejected":
            further["rejectionReason"] = message["error_message"] ?? .string("")
            self.init(type: .journeyRejection, journeyStepId: .rejection, json: further)
        default:
            return nil
        }
    }

    private static func stepId(_ step: [String: JSON]) -> TSIdoJourneyActionType? {
        switch step["type"]?.string {
        case nil: return nil
        case "information": return .information
        case "form", "login_form": return step["form_id"]?.string.map { .custom(name: $0) }
        case .some(let type): return .custom(name: type)
        }
    }

    private static func errorData(_ data: JSON) -> TSIdoSdkError? {
        let description = data["assertion_error_message"]?.string ?? ""
        switch data["assertion_error_code"]?.integer ?? 0 {
        case 0: return nil
        case 28: return TSIdoSdkError(errorCode: .clientResponseNotValid, description: description)
        case 29, 31, 35: return TSIdoSdkError(errorCode: .invalidCredentials, description: description)
        default: return TSIdoSdkError(errorCode: .serverError(description), description: description)
        }
    }

    private static func options(_ escapes: [JSON]) -> [TSIdoClientResponseOption] {
        let input = TSIdoClientResponseOption(type: .clientInput, id: "client_input", label: "Client Input")
        return [input] + escapes.compactMap { escape in
            guard let id = escape["id"]?.string else { return nil }
            let label = escape["display_name"]?.string ?? id
            return TSIdoClientResponseOption(type: TSIdoClientResponseOptionType(id: id), id: id, label: label)
        }
    }
}
