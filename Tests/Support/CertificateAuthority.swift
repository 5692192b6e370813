/// A certificate authority that a test creates with the `openssl` program. No system trusts it.
///
/// Clients must refuse its certificates for other hosts, its expired ones, and those of another authority.
package final class CertificateAuthority: Sendable {
    private let folder: Folder

    /// The path of the authority's own certificate, as PEM.
    package var certificate: String { "\(folder.path)/ca.pem" }

    private var key: String { "\(folder.path)/ca.key" }

    /// Creates an authority with a new key.
    /// - Throws: ``ChildProcess/Failure`` if `openssl` is missing or fails.
    package init() throws {
        folder = try Folder()
        _ = try ChildProcess.output(
            "openssl",
            ["req", "-x509"] + CertificateAuthority.newKey
                + ["-days", "2", "-subj", "/CN=Test authority", "-keyout", key, "-out", certificate])
    }

    /// Issues a certificate.
    /// - Parameters:
    ///   - hosts: the names or IP addresses of the hosts.
    ///   - isExpired: whether the certificate expired a day ago.
    /// - Throws: ``ChildProcess/Failure`` if `openssl` fails.
    package func issue(
        for hosts: [String] = ["localhost", "127.0.0.1"], isExpired: Bool = false
    ) throws -> ServerCertificate {
        let issued = ServerCertificate(folder: try Folder())
        let request = "\(issued.folder.path)/request.pem"
        let names = hosts.map { CertificateAuthority.isAddress($0) ? "IP:\($0)" : "DNS:\($0)" }
        _ = try ChildProcess.output(
            "openssl",
            ["req"] + CertificateAuthority.newKey + [
                "-subj", "/CN=Test server", "-addext", "subjectAltName=\(names.joined(separator: ","))",
                "-keyout", issued.key, "-out", request,
            ])
        _ = try ChildProcess.output(
            "openssl",
            [
                "x509", "-req", "-in", request, "-CA", certificate, "-CAkey", key, "-copy_extensions", "copy",
                "-set_serial", "\(UInt32.random(in: 1...UInt32.max))", "-days", isExpired ? "-1" : "2",
                "-out", issued.certificate,
            ])
        return issued
    }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

    private static func isAddress(_ host: String) -> Bool {
        host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
    }
}

/// A server's certificate and key, in files that are removed with the last copy of this value.
package struct ServerCertificate: Sendable {
    fileprivate let folder: Folder

    /// The path of the certificate, as PEM.
    package var certificate: String { "\(folder.path)/certificate.pem" }

    /// The path of its private key, as PEM.
    package var key: String { "\(folder.path)/key.pem" }
}
