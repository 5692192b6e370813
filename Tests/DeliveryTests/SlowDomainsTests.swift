import Testing

@testable import Delivery

@Suite
struct SlowDomainsTests {
    private let start = ContinuousClock.now

    @Test("a slow domain has its share of the deliveries, and other domains all of theirs")
    func share() {
        var domains = SlowDomains(share: 2)
        #expect(domains.begin(to: ["slow.example"], at: start) == .free)
        // The delivery that was first takes a part of the share from now on.
        domains.stalled(["slow.example"], isShared: false, at: start)
        #expect(domains.begin(to: ["a.example", "slow.example"], at: start) == .shared)
        #expect(domains.lastHold == nil)
        #expect(domains.begin(to: ["slow.example"], at: start) == .held)
        #expect(domains.lastHold == start)
        #expect(domains.begin(to: ["a.example"], at: start) == .free)
        domains.ended()
        #expect(domains.begin(to: ["slow.example"], at: start) == .shared)
    }

    @Test("all slow domains have one share together")
    func together() {
        var domains = SlowDomains(share: 1)
        domains.stalled(["a.example", "b.example"], isShared: true, at: start)
        #expect(domains.begin(to: ["a.example"], at: start) == .shared)
        #expect(domains.begin(to: ["b.example"], at: start) == .held)
    }

    @Test("a domain with many jobs leaves the next turn to another whose delivery was held back")
    func turns() {
        var domains = SlowDomains(share: 1)
        domains.stalled(["many.example"], isShared: false, at: start)
        domains.stalled(["one.example"], isShared: true, at: start)
        #expect(domains.begin(to: ["one.example"], at: start + .seconds(1)) == .held)
        domains.ended()
        #expect(domains.begin(to: ["many.example"], at: start + .seconds(2)) == .held)
        #expect(domains.begin(to: ["one.example"], at: start + .seconds(3)) == .shared)
        domains.ended()
        // Both have had their turn.
        #expect(domains.begin(to: ["many.example"], at: start + .seconds(4)) == .shared)
        domains.ended()
        // Nobody waits for the turn of a domain whose job has not come back.
        #expect(domains.begin(to: ["many.example"], at: start + .seconds(20)) == .shared)
    }

    @Test("a delivery clears the domain, and so do five minutes without a stall")
    func cleared() {
        var domains = SlowDomains(share: 1)
        domains.stalled(["slow.example"], isShared: true, at: start)
        domains.succeeded(["slow.example"])
        #expect(domains.begin(to: ["slow.example"], at: start) == .free)
        domains.stalled(["slow.example"], isShared: true, at: start)
        #expect(domains.begin(to: ["slow.example"], at: start + .seconds(299)) == .shared)
        #expect(domains.begin(to: ["slow.example"], at: start + .seconds(300)) == .free)
    }

    @Test("the number of domains is bounded, and the oldest are forgotten")
    func bounded() {
        var domains = SlowDomains(share: 1)
        for number in 0...1000 { domains.stalled(["\(number).example"], isShared: true, at: start) }
        #expect(domains.begin(to: ["0.example"], at: start) == .free)
        #expect(domains.begin(to: ["1.example"], at: start) == .shared)
    }
}
