import Testing
import Web

@Suite
struct RequestFieldsTests {
    /// Spellings of each field's name, and the property that holds its value.
    private static let fields: [(names: [String], value: @Sendable (RequestFields) -> String?)] = [
        (["Origin", "origin", "ORIGIN", "oRiGiN"], { $0.origin }),
        (["Referer", "referer", "REFERER"], { $0.referer }),
        (["Content-Type", "content-type", "CONTENT-TYPE"], { $0.contentType }),
        (["X-Request-Id", "x-request-id", "X-REQUEST-ID"], { $0.requestID }),
        (["Authorization", "authorization", "AUTHORIZATION"], { $0.authorization }),
        (["Accept-Language", "accept-language", "ACCEPT-LANGUAGE"], { $0.acceptLanguage }),
        (["X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-FOR"], { $0.forwardedFor }),
        (
            ["X-AppHandoff-Callback-Origin", "x-apphandoff-callback-origin", "X-APPHANDOFF-CALLBACK-ORIGIN"],
            { $0.callbackOrigin }
        ),
    ]

    @Test("the case of a name is ignored")
    func caseInsensitive() {
        for (names, value) in RequestFieldsTests.fields {
            for name in names {
                var fields = RequestFields()
                fields.append(name, "Some Value")
                #expect(value(fields) == "Some Value", "\(name)")
            }
        }
    }

    @Test("lines of the same name are joined by commas, in their order")
    func joined() {
        for (names, value) in RequestFieldsTests.fields {
            var fields = RequestFields()
            fields.append(names[0], "a")
            fields.append(names[1], "b, c")
            fields.append(names[2], "d")
            #expect(value(fields) == "a, b, c, d", "\(names[0])")
        }
    }

    @Test("a field sets its own property and no other")
    func own() {
        for (names, value) in RequestFieldsTests.fields {
            var fields = RequestFields()
            fields.append(names[0], "a")
            let filled = RequestFieldsTests.fields.filter { $0.value(fields) != nil }
            #expect(filled.count == 1, "\(names[0])")
            #expect(value(fields) == "a")
        }
    }

    @Test(
        "other names are ignored, even those of the same length",
        arguments: [
            "Host", "Cookie", "Origin ", "Origi", "Origins", "Orig\u{69}\u{307}", "Oriqin", "Refer\u{FC}r", "Referrer",
            "Content_Type", "X-Forwarded-By:", "X-Request_Id", "X_Request-Id", "X-AppHandoff-Callback-0rigin", "",
            "Accept_Language", "Accept-Languaqe", "Accept-Encoding", "Accept",
        ])
    func others(_ name: String) {
        var fields = RequestFields()
        fields.append(name, "a")
        #expect(fields == RequestFields())
    }

    @Test("a value is kept, even if it is empty, without the white space around it")
    func untouched() {
        let fields: RequestFields = [
            "Origin": "", "Content-Type": " \t Application/JSON ; x=\"a,b\" \t", "X-Request-Id": "\ta\tb",
            "Accept-Language": " \t", "Idempotency-Key": "a\t",
        ]
        #expect(fields.origin == "")
        #expect(fields.contentType == "Application/JSON ; x=\"a,b\"")
        #expect(fields.requestID == "a\tb")
        #expect(fields.acceptLanguage == "")
        #expect(fields.idempotencyKey == "a")
        #expect(fields.referer == nil)
    }
}
