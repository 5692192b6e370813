import Platform
import ServerProcess
import Settings
import SignIn

/// The handler's settings.
struct HandlerSettings: Sendable {
    let server: ServerSettings
    let signIn: SignInSettings

    /// Reads all settings.
    /// - Throws: ``SettingError`` for the first one that is missing or invalid.
    init(_ environment: Environment) throws(SettingError) {
        server = try ServerSettings(environment)
        signIn = try SignInSettings(environment)
    }
}
