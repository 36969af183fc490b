#if canImport(UIKit)
import PosternIdo
import UIKit

/// Shows the screen of each step, and hands what the user does to the journey.
public final class ViewController: UIViewController {
    private let stack = UIStackView()
    private var inputs: [(field: Field, input: UITextField)] = []
    private lazy var model = JourneyModel { [weak self] screen, isBusy in self?.show(screen, isBusy) }

    public override func viewDidLoad() {
        super.viewDidLoad()
        view.backgroundColor = .systemBackground
        stack.axis = .vertical
        stack.spacing = 12
        stack.translatesAutoresizingMaskIntoConstraints = false
        view.addSubview(stack)
        NSLayoutConstraint.activate([
            stack.topAnchor.constraint(equalTo: view.layoutMarginsGuide.topAnchor, constant: 24),
            stack.leadingAnchor.constraint(equalTo: view.layoutMarginsGuide.leadingAnchor),
            stack.trailingAnchor.constraint(equalTo: view.layoutMarginsGuide.trailingAnchor),
        ])
        initializeTSIdo()
        model.startJourney = { [weak self] additionalParams in self?.startJourney(additionalParams) }
        model.perform(.begin)
    }

    private func startJourney(_ additionalParams: [String: String]) {
        TSIdo.startJourney("{{ journey }}", options: TSIdoStartJourneyOptions(additionalParams: additionalParams))
    }

    private func show(_ screen: Screen, _ isBusy: Bool) {
        // A user ID stays when a form is shown again; a code never does.
        let kept = inputs.filter { isBusy || $0.field.kind != .code }
        let texts = Dictionary(kept.map { ($0.field.name, $0.input.text ?? "") }, uniquingKeysWith: { first, _ in first })
        inputs = screen.fields.map { ($0, input(for: $0, texts[$0.name] ?? "")) }
        stack.arrangedSubviews.forEach { $0.removeFromSuperview() }
        var views: [UIView] = [label(application, .caption1), label(screen.heading, .title2), label(screen.text, .body)]
        views.append(label(screen.error, .headline))
        if let pairing = screen.pairing { views.append(label(told(pairing), .title3)) }
        for (field, input) in inputs { views += [label(field.label, .subheadline), input] }
        let buttons = (screen.action.map { [$0] } ?? []) + screen.escapes
        views += buttons.map { view(of: $0, isMain: $0 == screen.action, isBusy: isBusy) }
        views.forEach { stack.addArrangedSubview($0) }
        if !isBusy { UIAccessibility.post(notification: .screenChanged, argument: views[1]) }
    }

    private func view(of button: Button, isMain: Bool, isBusy: Bool) -> UIView {
        let action = UIAction(title: button.label) { [weak self] _ in self?.press(button, isMain: isMain) }
        let view = UIButton(configuration: isMain ? .filled() : .gray(), primaryAction: action)
        view.isEnabled = !isBusy
        return view
    }

    private func press(_ button: Button, isMain: Bool) {
        guard isMain else { return model.perform(button.act) }
        let values = inputs.map { ($0.field.name, ($0.input.text ?? "").trimmingCharacters(in: .whitespaces)) }
        if let empty = inputs.first(where: { ($0.input.text ?? "").isEmpty }) {
            empty.input.becomeFirstResponder()
        } else {
            model.perform(button.act, Dictionary(values, uniquingKeysWith: { first, _ in first }))
        }
    }

    private func label(_ text: String, _ style: UIFont.TextStyle) -> UILabel {
        let label = UILabel()
        label.text = text
        label.font = .preferredFont(forTextStyle: style)
        label.numberOfLines = 0
        return label
    }

    private func input(for field: Field, _ text: String) -> UITextField {
        let input = UITextField()
        input.borderStyle = .roundedRect
        input.text = text
        input.accessibilityLabel = field.label
        if field.kind != .text {
            input.autocapitalizationType = .none
            input.autocorrectionType = .no
        }
        if field.kind == .identifier { input.textContentType = .username }
        if field.kind == .code { input.textContentType = .oneTimeCode }
        return input
    }

    private func told(_ pairing: Pairing) -> String {
        let time = Date(timeIntervalSince1970: pairing.expiresAt / 1000).formatted(date: .omitted, time: .shortened)
        return "\(pairing.number)\nValid until \(time). Never read these digits to someone who called you."
    }
}
#endif
