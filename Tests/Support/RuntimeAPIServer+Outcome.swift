import Foundation

extension RuntimeAPIServer {
    /// The result of an invocation.
    package enum Outcome: Sendable, Equatable {
        /// The body of the runtime's answer.
        case answered([UInt8])
        /// The runtime reported an error: `Lambda-Runtime-Function-Error-Type`, and the body.
        case failed(type: String, body: [UInt8])
        /// An answer or a report arrived after the deadline, and was refused with 410.
        case late
        /// The answer was too large, and was refused with 413. The real API then reports the error itself, and accepts
        /// no other report.
        case tooLarge
        /// The answer or the report was refused with 500, because of ``RuntimeAPIServer/fail(_:)``.
        case lost
        /// No answer or report arrived.
        case unanswered
    }

    /// A call of the API.
    package enum Call: Sendable, Equatable, CaseIterable {
        /// `GET /invocation/next`.
        case next
        /// `POST /invocation/{id}/response`.
        case response
        /// `POST /invocation/{id}/error`.
        case error
        /// `POST /init/error`.
        case initError
    }

    /// A call that has arrived.
    package struct Arrival: Sendable {
        package let call: Call
        /// The time at which the end of the call was read.
        package let instant: ContinuousClock.Instant
    }

    /// An error that a runtime reports.
    package struct ErrorReport: Sendable, Equatable {
        /// The value of `Lambda-Runtime-Function-Error-Type`; empty if there is none.
        package let type: String
        package let body: [UInt8]

        /// The member `errorMessage` of the body.
        package var message: String? { json?["errorMessage"] as? String }

        /// Whether it has a type, and a body with `errorMessage`, `errorType` and `stackTrace`.
        var isWellFormed: Bool {
            guard !type.isEmpty, let json else { return false }
            return json["errorMessage"] is String && json["errorType"] is String && json["stackTrace"] is [String]
        }

        private var json: [String: Any]? {
            (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
        }
    }
}
