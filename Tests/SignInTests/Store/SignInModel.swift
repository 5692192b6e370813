/// What a step came to, in the model or in truth.
enum StepOutcome: Equatable {
    case done
    /// Somebody was signed in, by the mail of this number.
    case signedIn(Int)
    case refused
    /// What became of a link, in a word.
    case link(String)
    /// Something that no step may come to.
    case wrong(String)
}

/// Sign-in as people speak of it, without Redis: what each step must come to.
struct SignInModel {
    /// A mail, with its link, its code and what became of them.
    struct Mail {
        /// In lower case.
        let address: String
        let portal: String
        let verifier: Character?
        let sentAt: Int
        var isUsed = false
        var isEnded = false
        /// The number of the fresh token that the link's was changed for last.
        var holder: Int?
        /// Whether five wrong codes have not destroyed it.
        var hasCode = true
    }

    struct Fresh {
        let mail: Int
        /// `nil` where it was not made.
        let madeAt: Int?
    }

    private struct Tries {
        var count = 0
        var lastAt = 0
    }

    /// In seconds, like all times here.
    static let linkLifetime = 900
    static let freshLifetime = 60
    static let triesMemory = 3600

    private let isNewestOnly: Bool
    /// For how long a link is remembered once it has expired.
    private let retention: Int
    private var now = 0
    private(set) var mails: [Mail] = []
    private(set) var fresh: [Fresh] = []
    private var tries: [String: Tries] = [:]

    init(isNewestOnly: Bool, retention: Int) {
        self.isNewestOnly = isNewestOnly
        self.retention = retention
    }

    mutating func pass(_ seconds: Int) {
        now += seconds
    }

    mutating func send(to address: String, for portal: String, verifier: Character?) {
        if isNewestOnly {
            for number in mails.indices where mails[number].address == address && mails[number].portal == portal {
                // What was used was over before; so was what has expired, but for who is on the way in by a fresh token.
                let end = mails[number].sentAt + SignInModel.linkLifetime + SignInModel.freshLifetime
                if !mails[number].isUsed, now < end { mails[number].isEnded = true }
            }
        }
        mails.append(Mail(address: address, portal: portal, verifier: verifier, sentAt: now))
    }

    /// For how long the last mail has been out.
    var ageOfLast: Int { now - (mails.last?.sentAt ?? now) }

    /// What became of a link, in a word.
    func state(of number: Int) -> String {
        let mail = mails[number]
        let end = mail.sentAt + SignInModel.linkLifetime
        if now >= end + retention { return "unknown" }
        if mail.isUsed { return "used" }
        if mail.isEnded { return "ended" }
        return now >= end ? "expired" : "live"
    }

    private func isAlive(_ number: Int) -> Bool {
        guard let madeAt = fresh[number].madeAt else { return false }
        return now < madeAt + SignInModel.freshLifetime
    }

    /// Presses a button; the fresh token has the next number, whatever comes of it.
    mutating func press(_ number: Int) -> StepOutcome {
        let state = state(of: number)
        let isOpened = state == "live"
        if isOpened { mails[number].holder = fresh.count }
        fresh.append(Fresh(mail: number, madeAt: isOpened ? now : nil))
        return .link(isOpened ? "opened" : state)
    }

    mutating func verify(mailed number: Int, verifier: Character?) -> StepOutcome {
        let mail = mails[number]
        guard state(of: number) == "live", mail.holder == nil, mail.verifier == verifier else { return .refused }
        return signIn(number)
    }

    mutating func verify(fresh number: Int, verifier: Character?) -> StepOutcome {
        let mail = mails[fresh[number].mail]
        let state = state(of: fresh[number].mail)
        guard isAlive(number), state == "live" || state == "expired", mail.holder == number, mail.verifier == verifier
        else { return .refused }
        return signIn(fresh[number].mail)
    }

    mutating func verify(codeOf number: Int, isRight: Bool, verifier: Character?) -> StepOutcome {
        let mail = mails[number]
        guard state(of: number) == "live", mail.hasCode else { return .refused }
        var tries = tries[mail.address] ?? Tries()
        if now >= tries.lastAt + SignInModel.triesMemory { tries = Tries() }
        guard tries.count < 5 else { return .refused }
        if isRight, mail.verifier == verifier { return signIn(number) }
        tries.count += 1
        tries.lastAt = now
        self.tries[mail.address] = tries
        if tries.count == 5 { mails[number].hasCode = false }
        return .refused
    }

    private mutating func signIn(_ number: Int) -> StepOutcome {
        mails[number].isUsed = true
        tries[mails[number].address] = nil
        return .signedIn(number)
    }
}
