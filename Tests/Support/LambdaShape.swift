import Foundation

/// A trigger of AWS Lambda that sends HTTP requests, by the shape of its events. The shapes are those of AWS's samples
/// (docs.aws.amazon.com: HTTP APIs' proxy integrations, function URLs, REST APIs' proxy integrations, Lambda targets of
/// load balancers).
package enum LambdaShape: Sendable, CaseIterable {
    /// An HTTP API with payload format 2.0, at its stage `$default`.
    case httpAPI
    /// An HTTP API with payload format 2.0, at the stage `live`, which is prepended to the path.
    case httpAPIWithStage
    case functionURL
    /// An HTTP API with payload format 1.0.
    case httpAPIFormat1
    /// A REST API at the stage `live`, which is not prepended to the path.
    case restAPI
    /// A load balancer whose target group has multi-value headers off.
    case loadBalancer
    /// A load balancer whose target group has multi-value headers on.
    case loadBalancerMultiValue

    package static let stage = "live"

    /// The member of the answer that has the header fields.
    package enum HeaderStyle: Sendable {
        /// `headers`.
        case single
        /// `multiValueHeaders`.
        case multiple
    }

    package var headerStyle: HeaderStyle {
        switch self {
        case .httpAPI, .httpAPIWithStage, .functionURL, .loadBalancer: .single
        case .httpAPIFormat1, .restAPI, .loadBalancerMultiValue: .multiple
        }
    }

    package var isLoadBalancer: Bool { self == .loadBalancer || self == .loadBalancerMultiValue }

    /// The event's object, before it is serialized.
    func object(for request: LambdaRequest) -> [String: Any] {
        switch self {
        case .httpAPI: format2Event(request, host: LambdaShape.gatewayHost, pathPrefix: "", stage: "$default")
        case .httpAPIWithStage:
            format2Event(
                request, host: LambdaShape.gatewayHost, pathPrefix: "/\(LambdaShape.stage)", stage: LambdaShape.stage)
        case .functionURL: format2Event(request, host: LambdaShape.functionHost, pathPrefix: "", stage: "$default")
        case .httpAPIFormat1: gatewayFormat1Event(request)
        case .restAPI:
            // The second hop is the gateway's own caching network.
            format1Event(
                request, stage: LambdaShape.stage, contextPath: "/\(LambdaShape.stage)\(request.path)",
                request.lines(
                    host: LambdaShape.gatewayHost,
                    forwardedFor: request.forwardedFor(adding: request.client, "198.51.100.23")))
        case .loadBalancer, .loadBalancerMultiValue: balancerEvent(request)
        }
    }

    private static let gatewayHost = "h7t2k9w4zq.execute-api.eu-central-1.amazonaws.com"
    private static let functionHost = "q5x8n1v4c7b2m9s6d3f0g1h4j7k2l5p8.lambda-url.eu-central-1.on.aws"

    // MARK: - Format 2.0

    private func format2Event(
        _ request: LambdaRequest, host: String, pathPrefix: String, stage: String
    ) -> [String: Any] {
        let path = pathPrefix + request.path
        let lines = request.lines(host: host, forwardedFor: request.forwardedFor(adding: request.client))
        var event: [String: Any] = [
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": request.query,
            // Names are in lower case, and lines of the same name are joined by commas.
            "headers": LambdaShape.joined(LambdaShape.lowercased(lines)),
            "requestContext": [
                "accountId": "123456789012", "apiId": String(host.prefix { $0 != "." }), "domainName": host,
                "domainPrefix": String(host.prefix { $0 != "." }),
                "http": [
                    "method": request.method, "path": path, "protocol": "HTTP/1.1", "sourceIp": request.client,
                    "userAgent": "test/1.0",
                ],
                "requestId": "UEfsXh7jliAEMmA=", "routeKey": "$default", "stage": stage,
                "time": "22/Nov/2025:11:55:28 +0000", "timeEpoch": 1_763_812_528_000,
            ] as [String: Any],
            "isBase64Encoded": request.isBase64Encoded,
        ]
        if !request.cookies.isEmpty { event["cookies"] = request.cookies }
        if request.body != nil { event["body"] = request.bodyText }
        if !request.query.isEmpty {
            event["queryStringParameters"] = request.parameters(isDecoded: true).mapValues { $0.joined(separator: ",") }
        }
        return event
    }

    // MARK: - Format 1.0

    private func gatewayFormat1Event(_ request: LambdaRequest) -> [String: Any] {
        let lines = request.lines(
            host: LambdaShape.gatewayHost, forwardedFor: request.forwardedFor(adding: request.client))
        var event = format1Event(
            request, stage: "$default", contextPath: request.path, LambdaShape.lowercased(lines))
        event["version"] = "1.0"
        return event
    }

    private func format1Event(
        _ request: LambdaRequest, stage: String, contextPath: String, _ lines: [(name: String, value: String)]
    ) -> [String: Any] {
        var lines = lines
        if !request.cookies.isEmpty { lines.append((name: "Cookie", value: request.cookies.joined(separator: "; "))) }
        let parameters = request.parameters(isDecoded: true)
        return [
            "resource": "/{proxy+}", "path": request.path, "httpMethod": request.method,
            // `headers` has the last line of each name, and `multiValueHeaders` has all.
            "headers": LambdaShape.last(lines), "multiValueHeaders": LambdaShape.grouped(lines),
            "queryStringParameters": parameters.isEmpty ? NSNull() : parameters.mapValues { $0.last ?? "" } as Any,
            "multiValueQueryStringParameters": parameters.isEmpty ? NSNull() : parameters as Any,
            "pathParameters": ["proxy": String(request.path.dropFirst())], "stageVariables": NSNull(),
            "requestContext": [
                "accountId": "123456789012", "apiId": "h7t2k9w4zq", "domainName": LambdaShape.gatewayHost,
                "domainPrefix": "h7t2k9w4zq", "extendedRequestId": "UEfsXh7jFiAFUDg=", "httpMethod": request.method,
                "identity": [
                    "accessKey": NSNull(), "accountId": NSNull(), "caller": NSNull(), "user": NSNull(),
                    "sourceIp": request.client, "userAgent": "test/1.0",
                ] as [String: Any],
                "path": contextPath, "protocol": "HTTP/1.1", "requestId": "7c2f0b1e-5a94-4d38-b6e1-0f9d3a72c845",
                "requestTime": "22/Nov/2025:11:55:28 +0000", "requestTimeEpoch": 1_763_812_528_000,
                "resourceId": "k4m7zd", "resourcePath": "/{proxy+}", "stage": stage,
            ] as [String: Any],
            "body": request.bodyText, "isBase64Encoded": request.isBase64Encoded,
        ]
    }

    // MARK: - Load balancers

    private func balancerEvent(_ request: LambdaRequest) -> [String: Any] {
        var lines = LambdaShape.lowercased(
            request.lines(
                host: "sign-in.example.com", forwardedFor: request.forwardedFor(adding: request.client)))
        if !request.cookies.isEmpty { lines.append((name: "cookie", value: request.cookies.joined(separator: "; "))) }
        // Load balancers do not decode parameters; gateways do.
        let parameters = request.parameters(isDecoded: false)
        var event: [String: Any] = [
            "requestContext": [
                "elb": [
                    "targetGroupArn":
                        "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/postern/4f1c2b3a5d6e7f80"
                ]
            ],
            "httpMethod": request.method, "path": request.path,
            "body": request.body == nil ? "" : request.bodyText, "isBase64Encoded": request.isBase64Encoded,
        ]
        if self == .loadBalancer {
            event["headers"] = LambdaShape.last(lines)
            event["queryStringParameters"] = parameters.mapValues { $0.last ?? "" }
        } else {
            event["multiValueHeaders"] = LambdaShape.grouped(lines)
            event["multiValueQueryStringParameters"] = parameters
        }
        return event
    }

    // MARK: - Lines by name

    private static func grouped(_ lines: [(name: String, value: String)]) -> [String: [String]] {
        var groups: [String: [String]] = [:]
        for (name, value) in lines { groups[name, default: []].append(value) }
        return groups
    }

    private static func last(_ lines: [(name: String, value: String)]) -> [String: String] {
        grouped(lines).mapValues { $0.last ?? "" }
    }

    private static func joined(_ lines: [(name: String, value: String)]) -> [String: String] {
        grouped(lines).mapValues { $0.joined(separator: ",") }
    }

    private static func lowercased(
        _ lines: [(name: String, value: String)]
    ) -> [(name: String, value: String)] {
        lines.map { (name: $0.name.lowercased(), value: $0.value) }
    }
}
