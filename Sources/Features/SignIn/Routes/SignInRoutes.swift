import Web

/// The routes of sign-in.
package func signInRoutes(_ dependencies: SignInDependencies) -> [Route] {
    let routes = [
        Route(.post, "/auth/send-magic-link", .browserOrigin, SendMagicLink(dependencies).respond),
        Route(.post, "/auth/verify-magic-link", .browserOrigin, VerifyMagicLink(dependencies).respond),
        Route(.post, "/auth/verify-code", .browserOrigin, VerifyCode(dependencies).respond),
        Route(.get, "/.well-known/jwks.json", .open, KeySet(dependencies.issuer).respond),
    ]
    guard let publicURL = dependencies.policy.publicURL else { return routes }
    let openLink = OpenLink(dependencies, publicURL: publicURL)
    return routes + [
        Route(.get, PublicURL.pagePath, .open, openLink.respond),
        Route(.post, PublicURL.pagePath, .open, openLink.respond),
    ]
}

/// The words of sign-in's errors.
package let signInWords = ErrorWordsFolder(EmbeddedFiles.all, in: "Routes/Words/")
