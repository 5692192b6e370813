// swift-tools-version: 6.2
import PackageDescription

/// What every target is compiled with: dependencies are visible only where they are imported, an existential is spelt out,
/// and an async function runs where its caller does.
let settings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + (Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)])

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioExtras: Target.Dependency = .product(name: "NIOExtras", package: "swift-nio-extras")
let structuredFields: Target.Dependency = .product(
    name: "RawStructuredFieldValues", package: "swift-http-structured-headers")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")

let package = Package(
    name: "postern",
    platforms: [.macOS(.v26)],
    products: [
        .executable(name: "postern-handler", targets: ["postern-handler"]),
        .executable(name: "postern", targets: ["postern"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-http-structured-headers", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CHiredis", pkgConfig: "hiredis",
            providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        .target(name: "JSON", swiftSettings: settings),
        .target(name: "Validation", dependencies: ["JSON"], swiftSettings: settings),
        .target(name: "Secrets", dependencies: ["COpenSSL"], swiftSettings: settings),
        .target(name: "SignIn", dependencies: ["JSON", "Secrets", "Validation"], swiftSettings: settings),
        .target(
            name: "RedisClient",
            dependencies: ["CHiredis", "Secrets", nioCore, nioPosix, nioSSL, logging],
            swiftSettings: settings),
        .target(
            name: "Store",
            dependencies: ["RedisClient", "Secrets", "SignIn"],
            resources: [
                "Adopt", "Buckets", "Dismiss", "GiveUp", "LookAtLink", "OpenLink", "Promote", "PutOff", "Revive",
                "SendMagicLink", "Settle", "Tokens", "VerifyCode", "VerifyToken",
            ].map { .embedInCode("Scripts/\($0).lua") },
            swiftSettings: settings),
        .target(
            name: "Edge",
            dependencies: ["JSON", "Metrics", "Secrets", "SignIn", "Store", "Validation", logging, structuredFields],
            resources: [
                "openapi.yaml", "Landing/de.json", "Landing/en.json", "Landing/es.json", "Landing/fr.json",
                "Landing/ja.json", "Landing/ko.json", "Landing/landing.css",
            ].map { .embedInCode($0) },
            swiftSettings: settings),
        .target(name: "EventLoopExecutor", dependencies: [nioCore], swiftSettings: settings),
        .target(
            name: "Runtimes",
            dependencies: [
                "Edge", "EventLoopExecutor", "JSON", "RedisClient", "Secrets", "SignIn", "Validation", lifecycle,
                logging, nioCore, nioExtras, nioHTTP1, nioPosix,
            ],
            swiftSettings: settings),
        .target(name: "Metrics", swiftSettings: settings),
        .target(
            name: "Telemetry",
            dependencies: ["JSON", "Metrics", "SignIn", lifecycle, logging, nioCore, nioHTTP1, nioPosix],
            swiftSettings: settings),
        .target(
            name: "Settings",
            dependencies: ["RedisClient", "Secrets", "SignIn", "Store", "Validation", logging, nioCore],
            swiftSettings: settings),
        .target(
            name: "Mail",
            dependencies: ["CCurl", "JSON", "Secrets", "SignIn", "Validation", mustache],
            resources: [
                "sign-in.html.mustache", "sign-in.txt.mustache", "de.json", "en.json", "es.json", "fr.json", "ja.json",
                "ko.json",
            ].map { .embedInCode("Templates/\($0)") },
            swiftSettings: settings),
        .target(
            name: "Sender",
            dependencies: [
                "Mail", "Metrics", "RedisClient", "Secrets", "Settings", "SignIn", "Store", lifecycle, logging,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "postern",
            dependencies: [
                "EventLoopExecutor", "JSON", "Mail", "Metrics", "RedisClient", "Secrets", "Sender", "Settings",
                "SignIn", "Store", "Telemetry", argumentParser, lifecycle, logging, nioCore, nioPosix, unixSignals,
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "postern-handler",
            dependencies: [
                "Edge", "EventLoopExecutor", "Metrics", "RedisClient", "Runtimes", "Secrets", "Settings", "SignIn",
                "Store", "Telemetry", lifecycle, logging, nioCore, nioPosix,
            ],
            swiftSettings: settings),
        .target(
            name: "TestSupport", dependencies: ["RedisClient", nioCore, nioHTTP1, nioPosix, nioSSL],
            path: "Tests/TestSupport",
            swiftSettings: settings),
        .executableTarget(
            name: "runtime-api", dependencies: ["TestSupport", argumentParser], path: "Tests/RuntimeAPI",
            swiftSettings: settings),
        .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "ValidationTests", dependencies: ["JSON", "TestSupport", "Validation"], swiftSettings: settings),
        .testTarget(
            name: "MailTests",
            dependencies: ["CCurl", "JSON", "Mail", "Secrets", "SignIn", "TestSupport", mustache],
            exclude: ["judge.py", "mailgun.py"],
            swiftSettings: settings),
        .testTarget(name: "MetricsTests", dependencies: ["Metrics"], swiftSettings: settings),
        .testTarget(
            name: "SenderTests",
            dependencies: [
                "Mail", "Metrics", "RedisClient", "Secrets", "Sender", "Settings", "SignIn", "Store", "TestSupport",
                logging, nioCore, nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(name: "SecretsTests", dependencies: ["Secrets"], swiftSettings: settings),
        .testTarget(
            name: "SignInTests", dependencies: ["JSON", "Secrets", "SignIn", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "SettingsTests",
            dependencies: ["RedisClient", "Secrets", "Settings", "SignIn", "Store", logging],
            swiftSettings: settings),
        .testTarget(
            name: "TelemetryTests",
            dependencies: ["Metrics", "Telemetry", "TestSupport", lifecycle, logging, nioCore, nioPosix],
            swiftSettings: settings),
        .testTarget(
            name: "RedisClientTests",
            dependencies: ["RedisClient", "Secrets", "TestSupport", logging, nioCore, nioEmbedded, nioPosix],
            swiftSettings: settings),
        .testTarget(
            name: "StoreTests",
            dependencies: ["RedisClient", "Secrets", "SignIn", "Store", "TestSupport", logging, nioCore, nioPosix],
            swiftSettings: settings),
        .testTarget(
            name: "EdgeTests",
            dependencies: [
                "Edge", "JSON", "Metrics", "RedisClient", "Secrets", "SignIn", "Store", "TestSupport", "Validation",
                logging, nioCore, nioPosix, structuredFields,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "RuntimesTests",
            dependencies: [
                "Edge", "Metrics", "RedisClient", "Runtimes", "Secrets", "SignIn", "Store", "TestSupport", lifecycle,
                logging, nioCore, nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "EndToEndTests", dependencies: ["JSON", "Secrets", "SignIn", "TestSupport"], exclude: ["postfix"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
