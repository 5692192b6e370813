import TestSupport
import Testing

@testable import Redis

@Suite
struct TLSTests {
    @Test("a certificate that a trusted authority issued for the host is accepted")
    func accepted() async throws {
        let authority = try CertificateAuthority()
        let server = try await TLSRedis(authority, subject: "localhost")
        let client = try await client(server.address, certificateAuthorities: authority.certificate)
        #expect(try await client.send(RedisCommand("PING")) == .status("PONG"))
    }

    @Test("a certificate of an authority that is not trusted is refused")
    func untrusted() async throws {
        let server = try await TLSRedis(CertificateAuthority(), subject: "localhost")
        let other = try CertificateAuthority()
        let client = try await client(server.address, certificateAuthorities: other.certificate)
        await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        #expect(try server.commandCount() == 0)
    }

    @Test("a certificate for another host is refused")
    func otherHost() async throws {
        let authority = try CertificateAuthority()
        let server = try await TLSRedis(authority, subject: "redis.example.com")
        let client = try await client(server.address, certificateAuthorities: authority.certificate)
        await #expect(throws: RedisError.self) { try await client.send(RedisCommand("PING")) }
        #expect(try server.commandCount() == 0)
    }

    @Test("certificate authorities that cannot be read prevent the start")
    func unreadable() async throws {
        await #expect(throws: (any Error).self) {
            _ = try await client("rediss://localhost", certificateAuthorities: "/nowhere.pem")
        }
    }
}

/// A Redis that accepts TLS on a second port.
private struct TLSRedis {
    let server: RedisServer
    let port: Int
    // Kept, because their files are deleted with them.
    let authority: CertificateAuthority
    let certificate: ServerCertificate

    init(_ authority: CertificateAuthority, subject: String) async throws {
        certificate = try authority.issue(for: [subject])
        port = try freePort()
        server = try await RedisServer(arguments: [
            "--tls-port", "\(port)", "--tls-cert-file", certificate.certificate, "--tls-key-file", certificate.key,
            "--tls-ca-cert-file",
            authority.certificate, "--tls-auth-clients", "no",
        ])
        self.authority = authority
    }

    var address: String { "rediss://localhost:\(port)" }

    /// The number of the client's handshakes that arrived.
    func commandCount() throws -> Int { try server.callCount(of: "client|setname") }
}
