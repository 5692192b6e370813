import Foundation

extension RuntimeAPIServer {
    /// What came of an invocation.
    package enum Outcome: Sendable, Equatable {
        /// The runtime's answer, as it came.
        case answered([UInt8])
        /// The runtime reported an error: `Lambda-Runtime-Function-Error-Type`, and a body of JSON.
        case failed(type: String, body: [UInt8])
        /// An answer or a report came later than the deadline, and was refused with 410.
        case late
        /// The answer was too large, and was refused with 413. The real API itself then reports the error, and takes no
        /// other report.
        case tooLarge
        /// The answer or the report was refused with 500, as the test had asked.
        case lost
        /// Nothing came.
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

    /// A call that came.
    package struct Arrival: Sendable {
        package let call: Call
        /// When its end was read.
        package let instant: ContinuousClock.Instant
    }

    /// An error that a runtime reports.
    package struct ErrorReport: Sendable, Equatable {
        /// `Lambda-Runtime-Function-Error-Type`; empty where there is none.
        package let type: String
        /// As it came.
        package let body: [UInt8]

        /// `errorMessage`.
        package var message: String? { json?["errorMessage"] as? String }

        /// Whether it has its type in the header, and a body of `errorMessage`, `errorType` and `stackTrace`.
        var isWellFormed: Bool {
            guard !type.isEmpty, let json else { return false }
            return json["errorMessage"] is String && json["errorType"] is String && json["stackTrace"] is [String]
        }

        private var json: [String: Any]? {
            (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
        }
    }
}
