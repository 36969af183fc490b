import Foundation
#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// What the server answered.
struct Answer: Sendable {
    let status: Int
    let body: Data
}

/// Sends requests: follows no redirect, and keeps neither cookies nor answers.
final class HTTPTransport: NSObject, URLSessionTaskDelegate {
    private static let patienceSeconds: TimeInterval = 20

    func post(_ url: URL, _ body: Data) async throws -> Answer {
        var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData, timeoutInterval: Self.patienceSeconds)
        request.httpMethod = "POST"
        request.httpBody = body
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let session = URLSession(configuration: .ephemeral, delegate: self, delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        return try await withCheckedThrowingContinuation { continuation in
            let task = session.dataTask(with: request) { data, response, error in
                if let response = response as? HTTPURLResponse {
                    continuation.resume(returning: Answer(status: response.statusCode, body: data ?? Data()))
                } else {
                    continuation.resume(throwing: error ?? URLError(.badServerResponse))
                }
            }
            task.resume()
        }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
