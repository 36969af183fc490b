// What the app shows at a time. `Steps.swift` makes screens, `ViewController.swift` shows them.

struct Screen: Equatable, Sendable {
    var heading: String
    var text = ""
    /// Why the screen is shown again.
    var error = ""
    var pairing: Pairing?
    var fields: [Field] = []
    /// The main button.
    var action: Button?
    /// The ways out of the step.
    var escapes: [Button] = []
}

struct Field: Equatable, Sendable {
    enum Kind: Equatable, Sendable {
        case identifier
        case code
        case text
    }

    let name: String
    let label: String
    let kind: Kind
}

/// The number that the user reads to support, until that time in milliseconds since 1970.
struct Pairing: Equatable, Sendable {
    let number: String
    let expiresAt: Double
}

struct Button: Equatable, Sendable {
    let label: String
    let act: Act
}

/// What a button does: starts the journey with the fields, begins anew, or submits an option of the step.
enum Act: Equatable, Sendable {
    case start
    case begin
    case submit(option: String)
}
