import Testing
import Transport

struct NodeURLTests {
    @Test(arguments: [
        ("redis://cache.example:7000/3", "cache.example:7000", "redis://cache.example:7000/3"),
        ("redis://cache.example", "cache.example:6379", "redis://cache.example:6379"),
        ("valkey://10.0.0.1/", "10.0.0.1:6379", "redis://10.0.0.1:6379"),
        ("rediss://backup:s3cret@cache:6380", "cache:6380", "rediss://backup@cache:6380"),
        ("valkeys://:s3cret@cache", "cache:6379", "rediss://cache:6379"),
        ("redis://[::1]:7000/0", "[::1]:7000", "redis://[::1]:7000/0"),
        ("redis://[fe80::1%25eth0]", "[fe80::1%eth0]:6379", "redis://[fe80::1%eth0]:6379"),
        ("redis://me:a@b:c@cache", "cache:6379", "redis://me@cache:6379"),
        ("redis+unix:///run/redis.sock", "/run/redis.sock", "redis+unix:///run/redis.sock"),
        (
            "valkey+unix://me:s3cret@/run/a%20b.sock?db=2", "/run/a b.sock",
            "redis+unix://me@/run/a b.sock?db=2"
        ),
        ("REDIS://Cache", "Cache:6379", "redis://Cache:6379"),
        ("memcached://cache", "cache:11211", "memcached://cache:11211"),
        ("memcacheds://me:s3cret@cache:1", "cache:1", "memcacheds://me@cache:1"),
        ("memcached+unix:///run/m.sock", "/run/m.sock", "memcached+unix:///run/m.sock"),
    ])
    func `a URL gives its address and shows itself without the password`(
        text: String,
        address: String,
        redacted: String
    ) throws {
        let url = try NodeURL(text)
        #expect(url.address == address)
        #expect(url.redacted == redacted)
        #expect("\(url)" == redacted)
    }

    @Test func `user, password and database are read`() throws {
        let url = try NodeURL("rediss://b%40ckup:p%3Aw%2F%25d@h:1/15")
        #expect(url.usesTLS)
        #expect(url.user == "b@ckup")
        #expect(url.password?.exposed == "p:w/%d")
        #expect(url.database == 15)
        #expect(url.endpoint == .tcp(host: "h", port: 1))
    }

    @Test(arguments: [
        "", "cache:6379", "http://cache", "memcached://cache:11211/1", "redis://", "redis://:s3cret@", "redis://h:0",
        "redis://h:65536", "redis://h:x", "redis://h:-1", "redis://::1:6379", "redis://[::1", "redis://[::1]x",
        "redis://h/x", "redis://h/-1", "redis://h/4294967296", "redis+unix://", "redis+unix://relative/path",
        "redis+unix:///", "redis://me:s3cret%2@h", "redis://me:s3cret%zz@h", "redis://me:s3cret%00@h",
        "redis://me:s3cret%ff@h", "redis://h?timeout=3", "redis://h?db=x", "memcached+unix:///run/m.sock?db=0",
    ])
    func `a wrong URL is a usage error that shows no password`(text: String) {
        let error = #expect(throws: TransportError.self) { try NodeURL(text) }
        #expect(error?.code == .invalidAddress)
        #expect(error?.category == .usage)
        #expect(error?.message.contains("s3cret") == false)
    }

    @Test func `a password shows itself nowhere`() throws {
        let options = ConnectionOptions(
            url: try NodeURL("redis://me:s3cret@h"),
            password: Secret("0ther")
        )
        var dumped = ""
        dump(options, to: &dumped)
        for text in [dumped, "\(options)", String(reflecting: options), "\(options.effectivePassword as Any)"] {
            #expect(!text.contains("s3cret"))
            #expect(!text.contains("0ther"))
        }
        #expect(options.effectivePassword?.exposed == "0ther")
    }
}
