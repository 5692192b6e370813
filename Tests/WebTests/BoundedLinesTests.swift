import Logging
import TestSupport
import Testing

@testable import Web

@Suite
struct BoundedLinesTests {
    private let clock = Mutexed(ContinuousClock.now)
    private let log = LogLines()
    private let lines: BoundedLines

    init() {
        let clock = self.clock
        lines = BoundedLines(log.logger, now: { clock.value })
    }

    private func pass(_ duration: Duration) {
        clock.value = clock.value.advanced(by: duration)
    }

    private func write(_ detail: String = "client", from network: String = "192.0.2.0/24", number: Int = 1) {
        lines.log(
            level: .info, "refused", about: detail, in: network, to: log.logger,
            ["limit": "\(detail)", "network": "\(network)"], own: ["number": "\(number)"])
    }

    @Test("of 500 lines about one subject, one is written, and after a minute another one with the number of the rest")
    func flood() {
        for number in 1...500 { write(number: number) }
        let first = "info refused limit=client network=192.0.2.0/24 number=1"
        #expect(log.lines(of: "refused") == [first])
        pass(.milliseconds(59_999))
        lines.finish()
        #expect(log.lines(of: "refused") == [first])
        pass(.milliseconds(1))
        lines.finish()
        #expect(log.lines(of: "refused") == [first, "info refused limit=client network=192.0.2.0/24 omitted=499"])
        lines.finish()
        #expect(log.lines(of: "refused").count == 2)
    }

    @Test("the next line after the minute is written, behind the number of those that were omitted")
    func next() {
        for number in 1...3 { write(number: number) }
        pass(.seconds(60))
        write(number: 4)
        #expect(
            log.lines(of: "refused") == [
                "info refused limit=client network=192.0.2.0/24 number=1",
                "info refused limit=client network=192.0.2.0/24 omitted=2",
                "info refused limit=client network=192.0.2.0/24 number=4",
            ])
    }

    @Test("other subjects have lines of their own, and one that omitted nothing has no second line")
    func subjects() {
        for detail in ["client", "recipient"] { for network in ["a", "b"] { write(detail, from: network) } }
        lines.log(level: .warning, "other", to: log.logger)
        #expect(log.lines(of: "refused").count == 4)
        #expect(log.lines(of: "other") == ["warning other"])
        pass(.seconds(60))
        lines.finish()
        #expect(log.lines(of: "refused").count == 4)
    }

    @Test("subjects beyond 1,024 in a minute are counted in one line")
    func overflow() {
        for number in 0..<3000 { write(from: "\(number)") }
        #expect(log.lines(of: "refused").count == 1024)
        pass(.seconds(60))
        write(from: "next")
        #expect(log.lines(of: "refused").count == 1025)
        #expect(log.lines(of: "lines_omitted") == ["notice lines_omitted omitted=1976"])
    }

    @Test("a level that is not logged takes no place")
    func level() {
        var logger = log.logger
        logger.logLevel = .warning
        for number in 0..<2000 { lines.log(level: .info, "refused", about: "\(number)", to: logger) }
        write()
        #expect(log.lines(of: "refused").count == 1)
        pass(.seconds(60))
        lines.finish()
        #expect(log.lines(of: "lines_omitted") == [])
    }

    @Test("of many lines at once, one is written")
    func together() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 { group.addTask { write() } }
        }
        #expect(log.lines(of: "refused").count == 1)
    }
}
