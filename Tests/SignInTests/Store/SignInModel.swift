/// The outcome of a step, in the model or in the store.
enum StepOutcome: Equatable {
    case done
    /// A sign-in with a credential of the email with this number.
    case signedIn(Int)
    case refused
    /// The state of a link, as a word.
    case link(String)
    /// An outcome that no step may have.
    case wrong(String)
}

/// A model of sign-in without Redis, which gives the expected outcome of each step.
struct SignInModel {
    /// An email, with the state of its link and of its code.
    struct Mail {
        /// In lower case.
        let address: String
        let portal: String
        let verifier: Character?
        let sentAt: Int
        var isUsed = false
        var isSuperseded = false
        /// Whether newer links of its place pushed it out.
        var isForgotten = false
        /// The number of the exchange token that the mailed token was exchanged for last.
        var claimant: Int?
        /// The number of wrong codes.
        var wrongCodes = 0
    }

    struct ExchangeToken {
        let mail: Int
        /// `nil` if the exchange was refused.
        let madeAt: Int?
    }

    private struct Tries {
        var count = 0
        let firstAt: Int
    }

    /// The lifetime of a link, in seconds, like all times here.
    static let linkLifetime = 900
    static let exchangeTokenLifetime = 60
    static let codeLifetime = 600
    static let triesMemory = 86_400
    /// All requests come from one network.
    static let networkTries = 25

    private let isNewestOnly: Bool
    /// The time for which an expired link is remembered.
    private let retention: Int
    private var now = 0
    private(set) var mails: [Mail] = []
    private(set) var exchangeTokens: [ExchangeToken] = []
    private var tries: [String: Tries] = [:]

    init(isNewestOnly: Bool, retention: Int) {
        self.isNewestOnly = isNewestOnly
        self.retention = retention
    }

    mutating func pass(_ seconds: Int) {
        now += seconds
    }

    mutating func send(to address: String, for portal: String, verifier: Character?) {
        let mail = Mail(address: address, portal: portal, verifier: verifier, sentAt: now)
        if isNewestOnly, verifier != nil {
            // A used link stays used, and an expired one stays expired.
            for number in place(of: mail) where works(number) { mails[number].isSuperseded = true }
        }
        mails.append(mail)
        for number in place(of: mail).dropLast(isNewestOnly ? 3 : 8) { mails[number].isForgotten = true }
    }

    /// The numbers of the emails whose links have the same place.
    private func place(of mail: Mail) -> [Int] {
        mails.indices.filter {
            mails[$0].address == mail.address && mails[$0].portal == mail.portal && mails[$0].verifier == mail.verifier
        }
    }

    /// Whether a link, or an exchange token of it, can still sign in.
    private func works(_ number: Int) -> Bool {
        let mail = mails[number]
        guard !mail.isUsed, !mail.isSuperseded, !mail.isForgotten else { return false }
        let isExchanged = mail.claimant.map { isAlive($0) } ?? false
        return now < mail.sentAt + SignInModel.linkLifetime || isExchanged
    }

    /// The time since the last email.
    var ageOfLast: Int { now - (mails.last?.sentAt ?? now) }

    /// The state of a link, as a word.
    func state(of number: Int) -> String {
        let mail = mails[number]
        let end = mail.sentAt + SignInModel.linkLifetime
        if mail.isForgotten || now >= keptUntil(mail) { return "unknown" }
        if mail.isUsed { return "used" }
        if mail.isSuperseded { return "superseded" }
        return now >= end ? "expired" : "live"
    }

    /// The time until which a link is known.
    private func keptUntil(_ mail: Mail) -> Int {
        let end = mail.sentAt + SignInModel.linkLifetime + retention
        let pressedAt = mail.claimant.flatMap { exchangeTokens[$0].madeAt }
        return pressedAt.map { max(end, $0 + SignInModel.exchangeTokenLifetime) } ?? end
    }

    private func isAlive(_ number: Int) -> Bool {
        guard let madeAt = exchangeTokens[number].madeAt else { return false }
        return now < madeAt + SignInModel.exchangeTokenLifetime
    }

    /// Presses a button. The exchange token has the next number, even if it is refused.
    mutating func press(_ number: Int) -> StepOutcome {
        let state = state(of: number)
        let isExchanged = state == "live"
        if isExchanged { mails[number].claimant = exchangeTokens.count }
        exchangeTokens.append(ExchangeToken(mail: number, madeAt: isExchanged ? now : nil))
        return .link(isExchanged ? "exchanged" : state)
    }

    mutating func verify(mailedToken number: Int, verifier: Character?) -> StepOutcome {
        let mail = mails[number]
        guard state(of: number) == "live", mail.claimant == nil, mail.verifier == verifier else { return .refused }
        return signIn(number)
    }

    mutating func verify(exchangeToken number: Int, verifier: Character?) -> StepOutcome {
        let mail = mails[exchangeTokens[number].mail]
        let state = state(of: exchangeTokens[number].mail)
        guard isAlive(number), state == "live" || state == "expired", mail.claimant == number, mail.verifier == verifier
        else { return .refused }
        return signIn(exchangeTokens[number].mail)
    }

    mutating func verify(codeOf number: Int, isRight: Bool, verifier: Character?) -> StepOutcome {
        let mail = mails[number]
        guard state(of: number) == "live", mail.wrongCodes < 5, now < mail.sentAt + SignInModel.codeLifetime
        else { return .refused }
        var tries = tries[mail.address] ?? Tries(firstAt: now)
        if now >= tries.firstAt + SignInModel.triesMemory { tries = Tries(firstAt: now) }
        guard tries.count < SignInModel.networkTries else { return .refused }
        if isRight, mail.verifier == verifier { return signIn(number) }
        tries.count += 1
        self.tries[mail.address] = tries
        mails[number].wrongCodes += 1
        return .refused
    }

    private mutating func signIn(_ number: Int) -> StepOutcome {
        mails[number].isUsed = true
        tries[mails[number].address]?.count = 0
        guard isNewestOnly else { return .signedIn(number) }
        for earlier in place(of: mails[number]) where earlier < number && works(earlier) {
            mails[earlier].isSuperseded = true
        }
        return .signedIn(number)
    }
}
