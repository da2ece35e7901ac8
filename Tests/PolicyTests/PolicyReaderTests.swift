import Policy
import Testing

/// What a policy file says, and what it need not say.
struct PolicyReaderTests {
    @Test func `a policy of one line has every default`() throws {
        let policy = try PolicyReader.read(
            text: "source: {url: 'redis://cache-1:6379'}\n",
            fileName: "policies/web.yaml"
        )
        #expect(policy.name == "web")
        #expect(policy.sourceName == "cache-1:6379")
    }
}
