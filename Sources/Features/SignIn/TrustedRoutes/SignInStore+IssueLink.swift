import Cryptography
import MailQueue
import Platform
import Redis
import SignIn

/// The keys of IssueLink.lua.
enum IssueLinkKey: String, ScriptName {
    case links = "links_key"
    case stream
    case answer = "answer_key"
}

/// The arguments of IssueLink.lua.
enum IssueLinkArgument: String, ScriptName {
    case id, record, portal, lifetime, retention, handle, tag
    case codeToken = "code_token"
    case codeLifetime = "code_lifetime"
    case jobVersion = "job_version"
    case jobKey = "job_key"
    case job
    case maximumLength = "maximum_length"
    case answer
    case answerLifetime = "answer_lifetime"
}

/// The script that stores the link of a trusted caller.
let issueLink = Script<IssueLinkKey, IssueLinkArgument>(
    SignInStore.linkFunctions, MailQueue.addJobFunction, PackageResources.IssueLink_lua)

/// The outcome of a trusted caller's request for a link.
enum IssueOutcome: Sendable {
    /// The link is stored, and its email queued if it is to be mailed.
    case issued
    /// The idempotency key was sent before, and nothing was changed: the answer to it, or `nil` if the request was
    /// another.
    case answeredBefore([UInt8]?)
    /// The idempotency key was sent before, and nothing was changed. This process does not have the secret key that
    /// sealed the answer; `keyID` is that key's id.
    case unreadableAnswer(keyID: String)
    /// Nothing was changed, because too many emails are waiting.
    case queueFull
}

extension SignInStore {
    /// Stores a link and queues its email, in one atomic call: all of it, or nothing. A second call with the same link
    /// changes nothing.
    /// - Parameters:
    ///   - answering: the caller's idempotency key and the answer to keep for it; `nil` if it sent none.
    ///   - answers: the answers that are kept.
    /// - Throws: ``StoreError``. If the reply was lost, the link may have been stored.
    func issue(
        _ request: LinkRequest, answering: (key: IdempotencyKey, answer: [UInt8])?, from answers: IdempotentAnswers
    ) async throws(StoreError) -> IssueOutcome {
        let token = request.link.token
        let sealed = try StoreError.wrapping { () throws(CryptoError) in
            try seal(request, answering: answering, by: answers)
        }
        let reply = try await StoreError.wrapping { () async throws(RedisError) in
            try await issueLink.call(on: redis, capacity: 2048 + sealed.record.count) { names in
                names.append(.links, keys.links(at: token.place))
                names.append(.stream, keys.mail)
                // Without an idempotency key the script does not use this key; a cluster still routes the call by it.
                names.append(.answer, answering.map { answers.key($0.key) } ?? keys.links(at: token.place))
            } arguments: { values in
                values.append(.id, token.id)
                values.append(.record, sealed.record)
                values.append(.portal, SignInStore.tag(of: request.link.origin))
                values.append(.lifetime, request.lifetime.milliseconds)
                values.append(.retention, policy.retention.milliseconds)
                values.append(.handle, request.code?.handle.id ?? "")
                values.append(.tag, sealed.code?.tag ?? "")
                values.append(.codeToken, sealed.code?.token ?? [])
                values.append(.codeLifetime, policy.codeLifetime(ofLink: request.lifetime).milliseconds)
                values.append(.jobVersion, MailJob.version)
                values.append(.jobKey, sealed.job?.keyID ?? "")
                values.append(.job, sealed.job?.box ?? [])
                values.append(.maximumLength, policy.maximumQueueLength)
                values.append(.answer, sealed.answer)
                values.append(.answerLifetime, IdempotentAnswers.lifetime.milliseconds)
            }
        }
        switch reply {
        case .integer(1): return .issued
        case .integer(-1): return .queueFull
        case .bulk(let stored):
            guard let key = answering?.key else { throw .failed(.unexpectedReply("\(reply)")) }
            do throws(CryptoError) {
                return .answeredBefore(try answers.open(stored, to: key))
            } catch .unknownKey(let id) {
                return .unreadableAnswer(keyID: id)
            } catch {
                throw .crypto(error)
            }
        default: throw .failed(.unexpectedReply("\(reply)"))
        }
    }

    /// The stored forms of a request.
    private struct Sealed {
        let record: [UInt8]
        /// `nil` if the answer has no code.
        let code: CodeKeys.Sealed?
        /// `nil` if nothing is mailed.
        let job: SealedMailJob?
        /// Empty if the caller sent no idempotency key.
        let answer: [UInt8]
    }

    private func seal(
        _ request: LinkRequest, answering: (key: IdempotencyKey, answer: [UInt8])?, by answers: IdempotentAnswers
    ) throws(CryptoError) -> Sealed {
        let token = request.link.token
        var code: CodeKeys.Sealed?
        if let drawn = request.code { code = try codeKeys.seal(drawn, token, random: random) }
        var job: SealedMailJob?
        if request.isMailed {
            job = try MailJob(for: request).sealed(by: jobKeys, random: random)
        }
        var answer: [UInt8] = []
        if let answering { answer = try answers.sealed(answering.answer, to: answering.key, random: random) }
        return Sealed(
            record: try request.record.sealed(for: token, by: tokenKeys, random: random), code: code, job: job,
            answer: answer)
    }
}
