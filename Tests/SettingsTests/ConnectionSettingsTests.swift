import Platform
import ServerProcess
import Serving
import Settings
import Testing

@testable import postern_handler

@Suite
struct ConnectionSettingsTests {
    private func connections(_ name: String, _ value: String) throws -> ConnectionSettings {
        try handlerSettings(name, value).server.connections
    }

    @Test("a setting that is not set has its default")
    func defaults() throws {
        let settings = try ConnectionSettings(Environment([:]))
        #expect(settings.keepAliveTimeout == .seconds(75))
        #expect(settings.maximumCountPerClient == 512)
    }

    @Test(
        "a connection is kept for 1 to 650 seconds", arguments: [("1s", 1), ("1000ms", 1), ("75s", 75), ("650s", 650)])
    func keepAlive(text: String, seconds: Int) throws {
        #expect(try connections("POSTERN_KEEP_ALIVE_TIMEOUT", text).keepAliveTimeout == .seconds(seconds))
    }

    @Test("another time is refused", arguments: ["0s", "999ms", "651s", "11m", "75", "off", "-1s"])
    func wrongKeepAlive(text: String) {
        #expect(throws: SettingError.self) { try connections("POSTERN_KEEP_ALIVE_TIMEOUT", text) }
    }

    @Test("a client has 1 to 4,096 connections", arguments: [1, 512, 4096])
    func count(count: Int) throws {
        #expect(try connections("POSTERN_CLIENT_CONNECTIONS", "\(count)").maximumCountPerClient == count)
    }

    @Test("another number is refused", arguments: ["0", "4097", "many", "-1", "1.5"])
    func wrongCount(text: String) {
        #expect(throws: SettingError.self) { try connections("POSTERN_CLIENT_CONNECTIONS", text) }
    }
}
