import PosternIdo

/// Goes from screen to screen of the journey. `show` gets each screen, and whether the server works on the next.
@MainActor
final class JourneyModel: TSIdoDelegate {
    /// Starts the journey with these parameters.
    var startJourney: ([String: String]) -> Void = { _ in }

    /**
     Gets the token of a journey that let the user in. Send it to your backend, which verifies it by the keys at
     /.well-known/jwks.json; what the journey's last step gives stands in `data["json_data"]`.
     */
    var onSuccess: (_ token: String, _ data: [String: Any]) -> Void = { _, _ in }

    private let show: (Screen, Bool) -> Void
    private var screen = Screen(heading: "Account recovery", action: Button(label: "Try again", act: .begin))

    init(show: @escaping (Screen, Bool) -> Void) {
        self.show = show
        TSIdo.delegate = self
    }

    /// Does what a button says, with the texts of the fields.
    func perform(_ act: Act, _ input: [String: String] = [:]) {
        var busy = screen
        busy.error = ""
        show(busy, true)
        switch act {
{%- if screens.start.is_empty() %}
        case .begin: startJourney([:])
{%- else %}
        case .begin: follow(onStart())
{%- endif %}
        case .start: startJourney(input)
        case .submit(let option): submitClientResponse(option, input)
        }
    }

    func TSIdoDidReceiveResult(_ result: Result<TSIdoServiceResponse, TSIdoJourneyError>) {
        switch result {
        case .success(let response):
            if let token = response.token { onSuccess(token, response.data ?? [:]) }
            follow(screenOf(response) ?? again("This app is too old for the server."))
        case .failure(let error):
            // The step still waits.
            follow(again(text(of: error)))
        }
    }

    private func submitClientResponse(_ option: String, _ input: [String: String]) {
        let isInput = option == TSIdoClientResponseOptionType.clientInput.id
        TSIdo.submitClientResponse(clientResponseOptionId: isInput ? .clientInput : .custom(id: option), data: input)
    }

    private func follow(_ next: Screen) {
        screen = next
        show(next, false)
    }

    private func again(_ error: String) -> Screen {
        var again = screen
        again.error = error
        return again
    }

    private func text(of error: TSIdoJourneyError) -> String {
        switch error {
        case .networkError: return "The server could not be reached. Check your internet connection, then try again."
        case .noActiveJourney: return "This waited too long. Start again."
        case .serverError(let description): return description
        case .notInitialized, .clientResponseNotValid, .invalidCredentials: return "The service is not available."
        }
    }
}
