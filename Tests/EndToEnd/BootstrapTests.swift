import Foundation
import Testing
import TestSupport

/// `bootstrap`, copied into a folder of its own.
@Suite
struct BootstrapTests {
    private let folder: Folder
    private let copy: String

    init() throws {
        folder = try Folder()
        copy = "\(folder.path)/bootstrap"
        try FileManager.default.copyItem(
            atPath: Handler.repository.appendingPathComponent("bootstrap").path, toPath: copy)
    }

    @Test(
        "starts the handler or, with 'api' as its first argument, the API, and passes on the other arguments",
        arguments: [
            ([], "postern-handler"), (["--version"], "postern-handler --version"),
            (["--", "api"], "postern-handler -- api"),
            (["api"], "postern-api"), (["api", "--version", "a b"], "postern-api --version a b"),
        ])
    func program(arguments: [String], started: String) async throws {
        let programs = "\(folder.path)/bin"
        try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: false)
        for name in ["postern-handler", "postern-api"] {
            let path = "\(programs)/\(name)"
            try Data("#!/bin/sh\necho \"${0##*/}\" \"$@\"\n".utf8).write(to: URL(fileURLWithPath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        }
        let process = try ChildProcess(copy, arguments)
        #expect(try await process.waitForExit() == 0)
        #expect(process.log == started + "\n")
    }

    @Test(
        "an argument that a program does not know ends it with status 64 and a line that says what is right",
        arguments: [["apis"], ["--help"], [""], ["--version", "x"], ["api", "api"], ["api", "-v\u{1B}"]])
    func unknown(arguments: [String]) async throws {
        let process = try ChildProcess(
            Handler.repository.appendingPathComponent("bootstrap").path, arguments)
        #expect(try await process.waitForExit() == 64)
        let (program, rest) =
            arguments[0] == "api" ? ("postern-api", arguments.dropFirst()) : ("postern-handler", arguments[...])
        let words = rest.joined(separator: " ").replacing("\u{1B}", with: " ")
        #expect(
            process.log == """
                \(program): cannot start with the arguments '\(words)': the only one is --version. bootstrap starts the \
                handler, and bootstrap api the API.

                """)
    }

    @Test(
        "without the program next to it, ends with status 69 and one line that names the program",
        arguments: [([], "postern-handler"), (["api"], "postern-api")])
    func withoutProgram(arguments: [String], program: String) async throws {
        let process = try ChildProcess(copy, arguments)
        #expect(try await process.waitForExit() == 69)
        #expect(process.log == "bootstrap: no \(program) in \(folder.path)/bin; deploy/build makes it\n")
    }
}
