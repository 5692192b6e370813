import Testing

@testable import Delivery

@Suite
struct AuthenticationOfferTests {
    private func offer(_ lines: String...) -> AuthenticationOffer {
        var offer = AuthenticationOffer()
        for line in lines { offer.read(Array(line.utf8)) }
        return offer
    }

    static let offers: [(String, [String], [String], String)] = [
        ("AUTH PLAIN LOGIN", ["PLAIN", "LOGIN"], [], "offers AUTH PLAIN LOGIN"),
        ("auth login\r\n", ["LOGIN"], [], "offers AUTH LOGIN"),
        (
            "AUTH XOAUTH2 CRAM-MD5", ["XOAUTH2", "CRAM-MD5"], [],
            "offers AUTH XOAUTH2 CRAM-MD5, and neither PLAIN nor LOGIN"
        ),
        ("AUTH=PLAIN LOGIN", [], ["PLAIN", "LOGIN"], "offers only the obsolete form AUTH=PLAIN LOGIN"),
        ("AUTH", [], [], "does not offer AUTH"), ("AUTH ", [], [], "does not offer AUTH"),
        ("AUTHORS PLAIN", [], [], "does not offer AUTH"), ("SIZE 100", [], [], "does not offer AUTH"),
        // Names with other characters are not shown.
        ("AUTH PLAIN \u{1B}[31m AAAAAAAAAAAAAAAAAAAAA", ["PLAIN"], [], "offers AUTH PLAIN"),
    ]

    @Test("mechanisms are read in both forms", arguments: AuthenticationOfferTests.offers)
    func read(line: String, mechanisms: [String], legacy: [String], description: String) {
        let offer = offer(line)
        #expect(offer.mechanisms == mechanisms)
        #expect(offer.legacyMechanisms == legacy)
        #expect(offer.description == description)
    }

    @Test("a server that offers both forms offers the standard one")
    func both() {
        #expect(offer("AUTH=PLAIN LOGIN", "AUTH PLAIN").description == "offers AUTH PLAIN")
    }

    @Test("the number of mechanisms is bounded")
    func bounded() {
        #expect(offer(String("AUTH" + (0..<100).map { " M\($0)" }.joined())).mechanisms.count == 12)
    }

    @Test("the alternative to a mechanism is the other supported one, if it is offered")
    func alternative() {
        #expect(offer("AUTH PLAIN LOGIN").alternative(to: "PLAIN") == "LOGIN")
        #expect(offer("AUTH PLAIN LOGIN").alternative(to: "LOGIN") == "PLAIN")
        #expect(offer("AUTH PLAIN").alternative(to: "PLAIN") == nil)
        #expect(offer("AUTH=LOGIN", "AUTH PLAIN XOAUTH2").alternative(to: "PLAIN") == nil)
    }
}
