// The screen of any form, and what the steps of `Steps.swift` have in common.
import PosternIdo

let title = "Get back into your account"
let login = "Login with Temporary Code"
let denied = "That did not work. Check the user ID and the code, then try again."
private let mistaken = "Check what you entered. This did not count as a try."

/// A form, whose `app_data` may give its title, text, button and pairing number.
func formOf(_ response: TSIdoServiceResponse, _ fields: [Field]) -> Screen {
    let told = response.data?["app_data"] as? [String: Any] ?? [:]
    let pairing = (told["pairing"] as? [String: Any]).flatMap(pairingOf)
    let usual = pairing == nil ? title : "Call support and read them these digits"
    let hasCode = fields.contains { $0.kind == .code }
    let escapes = response.responseOptions.filter { $0.type != .clientInput }
    return Screen(
        heading: told["title"] as? String ?? usual,
        text: told["text"] as? String ?? "",
        error: errorOf(response),
        pairing: pairing,
        fields: fields,
        action: submit(told["button_text"] as? String ?? (hasCode ? login : "Continue")),
        escapes: escapes.map { Button(label: $0.label, act: .submit(option: $0.id)) }
    )
}

/// The button that submits the input of a step.
func submit(_ label: String) -> Button {
    Button(label: label, act: .submit(option: TSIdoClientResponseOptionType.clientInput.id))
}

/// What the server says of a rejection; nil where it is a denial. The server gives one reason for all denials.
func refusal(_ response: TSIdoServiceResponse) -> String? {
    let reason = response.data?["rejectionReason"] as? String
    return reason == "access_rejected" ? nil : reason
}

private func pairingOf(_ told: [String: Any]) -> Pairing? {
    guard let number = told["number"] as? String else { return nil }
    let expiresAt = (told["expires_at"] as? Int).map { Double($0) } ?? told["expires_at"] as? Double
    return Pairing(number: number, expiresAt: expiresAt ?? 0)
}

private func errorOf(_ response: TSIdoServiceResponse) -> String {
    switch response.errorData?.errorCode {
    case nil: return ""
    case .clientResponseNotValid: return mistaken
    case .some: return denied
    }
}
