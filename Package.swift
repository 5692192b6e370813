// swift-tools-version: 6.2
import PackageDescription

// Products of other packages.
let nioConcurrencyHelpers: Target.Dependency = .product(name: "NIOConcurrencyHelpers", package: "swift-nio")
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
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let mustache: Target.Dependency = .product(name: "Mustache", package: "swift-mustache")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

// Build tools: the plugin embeds the texts of emails and pages, one file for each language, which it finds itself.
let plugins: [Target] = [
    .plugin(
        name: "EmbedFiles", capability: .buildTool, dependencies: ["embed-files"], path: "Sources/Plugins/EmbedFiles"),
    .executableTarget(name: "embed-files", path: "Sources/Plugins/embed-files"),
]

// Core: independent of Redis, of requests and of email jobs.
let core: [Target] = [
    .systemLibrary(
        name: "CHiredis", path: "Sources/Core/C/CHiredis", pkgConfig: "hiredis",
        providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),
    .systemLibrary(
        name: "COpenSSL", path: "Sources/Core/C/COpenSSL", pkgConfig: "libcrypto",
        providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
    .systemLibrary(
        name: "CCurl", path: "Sources/Core/C/CCurl", pkgConfig: "libcurl",
        providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
    .target(name: "CVersion", path: "Sources/Core/C/CVersion"),
    .systemLibrary(name: "CAllocator", path: "Sources/Core/C/CAllocator"),
    .target(name: "Bytes", path: "Sources/Core/Bytes"),
    .target(name: "Platform", dependencies: ["CAllocator", "CVersion", nioCore], path: "Sources/Core/Platform"),
    .target(name: "Cryptography", dependencies: ["Bytes", "COpenSSL", "Platform"], path: "Sources/Core/Cryptography"),
    .target(name: "Net", dependencies: ["Bytes", "Cryptography", "Platform"], path: "Sources/Core/Net"),
    .target(
        name: "Telemetry",
        dependencies: [
            "Bytes", "Platform", lifecycle, logging, nioConcurrencyHelpers, nioCore, nioHTTP1, nioPosix,
        ],
        path: "Sources/Core/Telemetry"),
    .target(
        name: "Settings", dependencies: ["Bytes", "Cryptography", "Platform", logging], path: "Sources/Core/Settings"),
]

// The modules that features are built on.
let foundations: [Target] = [
    .target(
        name: "Redis",
        dependencies: [
            "Bytes", "CHiredis", "Cryptography", "Net", "Platform", "Settings", logging, nioCore, nioPosix, nioSSL,
        ],
        resources: [.embedInCode("Buckets.lua"), .embedInCode("RateLimit.lua")]),
    .target(
        name: "Web",
        dependencies: [
            "Bytes", "Cryptography", "Net", "Platform", "Redis", "Settings", "Telemetry", logging, structuredFields,
        ],
        path: "Sources/Web/Web", plugins: ["EmbedFiles"]),
    .target(
        name: "APIKeys",
        dependencies: [
            "Bytes", "Cryptography", "Net", "Platform", "Redis", "Settings", "Telemetry", "Web",
        ],
        path: "Sources/Web/APIKeys",
        resources: [
            "AuthenticateAPIKey", "NewAPIKey", "RefuseAPIKey", "ResealAPIKey", "RevokeAPIKey",
        ].map { .embedInCode("Scripts/\($0).lua") }),
    .target(
        name: "Serving",
        dependencies: [
            "Bytes", "Net", "Platform", "Settings", "Web", lifecycle, logging, nioCore, nioExtras, nioHTTP1, nioPosix,
        ],
        path: "Sources/Web/Serving"),
    .target(
        name: "ServerProcess",
        dependencies: [
            "Bytes", "Cryptography", "Net", "Platform", "Redis", "Serving", "Settings", "Telemetry", "Web", lifecycle,
            logging, nioCore, nioPosix,
        ],
        path: "Sources/Web/ServerProcess"),
    .target(
        name: "MailQueue", dependencies: ["Bytes", "Cryptography", "Net", "Platform", "Redis"],
        path: "Sources/Mail/MailQueue",
        resources: [
            "Acknowledge", "AddJob", "Claim", "DeadLetter", "Join", "Promote", "Reclaim", "RemoveConsumers", "Requeue",
            "RetryLater",
        ].map { .embedInCode("Scripts/\($0).lua") }),
    .target(
        name: "MailMessage", dependencies: ["Bytes", "MailQueue", "Net", "Platform", mustache],
        path: "Sources/Mail/MailMessage", plugins: ["EmbedFiles"]),
    .target(
        name: "Delivery",
        dependencies: [
            "Bytes", "CCurl", "Cryptography", "MailMessage", "MailQueue", "Net", "Platform", "Redis", "Settings",
            "Telemetry", lifecycle, logging,
        ],
        path: "Sources/Mail/Delivery"),
]

// Features: one folder each. A feature imports no other feature.
let features: [Target] = [
    .target(
        name: "SignIn",
        dependencies: [
            "Bytes", "Cryptography", "MailQueue", "Net", "Platform", "Redis", "Settings", "Telemetry", "Web",
        ],
        path: "Sources/Features/SignIn", exclude: ["TrustedRoutes"],
        resources: ([
            "Links", "Tries", "SendMagicLink", "InspectLink", "ExchangeLink", "VerifyToken", "VerifyCode",
        ].map { "Store/\($0).lua" } + ["ConfirmationPage/confirmation.css"]).map {
            .embedInCode($0)
        },
        plugins: ["EmbedFiles"]),
    // The routes of sign-in for trusted callers: a target of their own, so that the handler does not hold them.
    .target(
        name: "SignInLinks",
        dependencies: [
            "Bytes", "Cryptography", "MailQueue", "Net", "Platform", "Redis", "Settings", "SignIn", "Telemetry", "Web",
        ],
        path: "Sources/Features/SignIn/TrustedRoutes", resources: [.embedInCode("IssueLink.lua")],
        plugins: ["EmbedFiles"]),
]

let programs: [Target] = [
    .executableTarget(
        name: "postern-handler",
        dependencies: [
            "Cryptography", "Net", "Platform", "Redis", "ServerProcess", "Settings", "SignIn", "Telemetry", "Web",
        ],
        path: "Sources/Programs/postern-handler", resources: [.embedInCode("openapi.yaml")]),
    .executableTarget(
        name: "postern-api",
        dependencies: [
            "APIKeys", "Bytes", "Cryptography", "Net", "Platform", "Redis", "ServerProcess", "Settings", "SignInLinks",
            "Telemetry", "Web",
        ],
        path: "Sources/Programs/postern-api", resources: [.embedInCode("documentation.css")],
        plugins: ["EmbedFiles"]),
    .executableTarget(
        name: "postern",
        dependencies: [
            "APIKeys", "Bytes", "Cryptography", "Delivery", "MailMessage", "MailQueue", "Net", "Platform", "Redis",
            "Settings", "Telemetry", "Web", argumentParser, lifecycle, logging, nioCore, nioPosix, unixSignals,
        ],
        path: "Sources/Programs/postern"),
]

/// The test target of a target, in `Tests/<target>Tests`.
func tests(of target: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: target + "Tests", dependencies: [.byName(name: target)] + dependencies + ["TestSupport"],
        exclude: exclude)
}

let allTests: [Target] = [
    .target(
        name: "TestSupport",
        dependencies: ["Cryptography", "MailQueue", "Net", "Redis", logging, nioCore, nioHTTP1, nioPosix, nioSSL],
        path: "Tests/Support",
        exclude: ["servers.py", "shell"]),
    .executableTarget(
        name: "runtime-api", dependencies: ["TestSupport", argumentParser], path: "Tests/RuntimeAPI"),
    tests(of: "Bytes", ["Cryptography"]),
    tests(of: "Net", ["Bytes", "Cryptography"]),
    tests(of: "Cryptography", ["Bytes"]),
    tests(of: "Platform", []),
    tests(of: "Telemetry", [lifecycle, logging, nioCore, nioPosix]),
    tests(
        of: "Settings",
        [
            "Cryptography", "Net", "Platform", "Redis", "Serving", "ServerProcess", "SignIn", "Web", "postern-handler",
            logging,
        ]),
    tests(of: "Redis", ["Bytes", "Cryptography", "Platform", logging, nioCore, nioEmbedded, nioPosix]),
    tests(
        of: "Web",
        ["Bytes", "Net", "Platform", "Redis", "Telemetry", logging, nioCore, nioPosix, structuredFields]),
    tests(
        of: "APIKeys",
        [
            "Bytes", "Cryptography", "Net", "Platform", "Redis", "Settings", "Telemetry", "Web", logging, nioCore,
            nioPosix,
        ]),
    tests(
        of: "Serving",
        [
            "Cryptography", "Net", "Platform", "Redis", "Settings", "SignIn", "Telemetry", "Web", lifecycle, logging,
            nioCore, nioHTTP1, nioPosix,
        ]),
    tests(
        of: "MailQueue", ["Bytes", "Cryptography", "Net", "Platform", "Redis", "SignIn", logging, nioCore, nioPosix]),
    tests(
        of: "MailMessage", ["Bytes", "Cryptography", "MailQueue", "Net", "Platform", "SignIn"],
        exclude: ["judge.py"]),
    tests(
        of: "Delivery",
        [
            "Bytes", "Cryptography", "MailMessage", "MailQueue", "Net", "Platform", "Redis", "Settings",
            "SignIn", "Telemetry", logging, nioCore, nioPosix,
        ],
        exclude: ["mailgun.py"]),
    tests(
        of: "SignIn",
        [
            "Bytes", "Cryptography", "MailQueue", "Net", "Platform", "Redis", "Telemetry", "Web", logging,
            nioCore, nioPosix,
        ]),
    tests(
        of: "SignInLinks",
        [
            "Cryptography", "MailQueue", "Net", "Platform", "Redis", "Settings", "SignIn", "Telemetry", "Web", logging,
            nioCore, nioPosix,
        ]),
    .testTarget(
        name: "PosternAPITests",
        dependencies: [
            "Cryptography", "Platform", "Redis", "ServerProcess", "Telemetry", "Web", "postern-api", logging,
            nioCore, nioPosix,
        ]),
    .testTarget(
        name: "EndToEndTests",
        dependencies: [
            "Bytes", "Cryptography", "MailQueue", "Net", "Platform", "SignIn", "TestSupport",
        ],
        path: "Tests/EndToEnd", exclude: ["postfix"]),
]

let package = Package(
    name: "postern",
    platforms: [.macOS(.v26)],
    products: [
        // The HTTP handler, which `bootstrap` starts.
        .executable(name: "postern-handler", targets: ["postern-handler"]),
        // The HTTP server for trusted callers, which `bootstrap api` starts.
        .executable(name: "postern-api", targets: ["postern-api"]),
        // The worker and the operator's commands.
        .executable(name: "postern", targets: ["postern"]),
    ],
    dependencies: [
        // Event loops, HTTP and TLS.
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        // The `RateLimit` fields of responses.
        .package(url: "https://github.com/apple/swift-http-structured-headers", from: "1.7.0"),
        // Logging, and the graceful shutdown of services.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        // The command line and the email templates, only in `postern`.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
    ],
    targets: plugins + core + foundations + features + programs + allTests,
    swiftLanguageModes: [.v6]
)

// Members are visible only if their module is imported, existential types are marked `any`, and nonisolated async
// functions run on the caller's actor.
for target in package.targets where target.type != .system && target.type != .plugin {
    target.swiftSettings = [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ]
}
