import Foundation
import TestSupport

/// A headless Chromium that a test steers over a pair of pipes, in the DevTools protocol.
///
/// Source of the methods: chromedevtools.github.io/devtools-protocol. Messages are JSON, each ended by a zero byte.
final class Browser {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    typealias Members = [String: Any]

    private static let patienceMilliseconds: Int32 = 60_000

    private let directory: TemporaryDirectory
    private let process: Subprocess
    private let writing: FileHandle
    private let reading: FileHandle
    private var received: [UInt8] = []
    private var events: [(name: String, members: Members)] = []
    private var lastID = 0
    private var session: String?

    init() throws {
        guard let program = Subprocess.find("chromium") ?? Subprocess.find("google-chrome") else {
            throw TestEnvironmentError.missingProgram("chromium")
        }
        directory = try TemporaryDirectory()
        let (commands, answers) = (directory.path("commands"), directory.path("answers"))
        for path in [commands, answers] {
            guard mkfifo(path, 0o600) == 0 else { throw Failure(description: "mkfifo \(path): \(errno)") }
        }
        // For both: a named pipe that is opened for one only waits for the other side.
        writing = FileHandle(fileDescriptor: Foundation.open(commands, O_RDWR | O_CLOEXEC), closeOnDealloc: true)
        reading = FileHandle(fileDescriptor: Foundation.open(answers, O_RDWR | O_CLOEXEC), closeOnDealloc: true)
        let options =
            "--headless --no-sandbox --disable-gpu --hide-scrollbars --disable-dev-shm-usage --no-first-run"
            + " --disable-background-networking --remote-debugging-pipe"
        process = try Subprocess(
            "/bin/sh",
            ["-c", #"exec "$0" \#(options) --user-data-dir="$1" about:blank 3<"$2" 4>"$3""#, program]
                + [directory.path("profile"), commands, answers],
            environment: ["PATH": "/usr/bin:/bin", "HOME": directory.path, "LANG": "C.UTF-8"]
        )
        let target = try call("Target.createTarget", ["url": "about:blank"])
        let attached = try call("Target.attachToTarget", ["targetId": target["targetId"] ?? "", "flatten": true])
        session = attached["sessionId"] as? String
        for domain in ["Page", "Network", "Runtime", "Log"] { _ = try call(domain + ".enable") }
    }

    /// Ends it and waits, so that it no longer writes to its directory when that is removed.
    func close() async {
        process.send(signal: SIGKILL)
        _ = await process.wait()
    }

    // MARK: What tests do

    /// What a page did beside being shown: requests but for itself, and what it wrote to the console.
    struct Conduct: Hashable {
        var requests: [String] = []
        var complaints: [String] = []
    }

    /// Opens a file in a window of a size; tells what the page did until it was loaded.
    func open(_ path: String, width: Int, isDark: Bool = false, isPrint: Bool = false) throws -> Conduct {
        _ = try call(
            "Emulation.setDeviceMetricsOverride",
            ["width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600]
        )
        let scheme = ["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]
        _ = try call("Emulation.setEmulatedMedia", ["media": isPrint ? "print" : "screen", "features": [scheme]])
        events = []
        let url = URL(fileURLWithPath: path).absoluteString
        _ = try call("Page.navigate", ["url": url])
        while !events.contains(where: { $0.name == "Page.loadEventFired" }) { events.append(try nextEvent()) }
        // What came before the answer to a question after the load is known by then.
        _ = try evaluate("document.readyState")
        var conduct = Conduct()
        // A request that the page's own policy stops is only complained about.
        let blocked = events.filter { $0.name == "Network.loadingFailed" && $0.members["blockedReason"] != nil }
        let blockedIDs = Set(blocked.compactMap { $0.members["requestId"] as? String })
        for (name, members) in events {
            switch name {
            case "Network.requestWillBeSent":
                let request = (members["request"] as? Members)?["url"] as? String ?? "?"
                let isBlocked = (members["requestId"] as? String).map(blockedIDs.contains) ?? false
                if request != url, !isBlocked { conduct.requests.append(request) }
            case "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown":
                conduct.complaints.append("\(members)")
            default: break
            }
        }
        return conduct
    }

    /// The value of an expression in the page that is open.
    func evaluate(_ expression: String) throws -> Any? {
        let answer = try call(
            "Runtime.evaluate",
            ["expression": expression, "returnByValue": true, "awaitPromise": true]
        )
        if let exception = answer["exceptionDetails"] { throw Failure(description: "\(expression): \(exception)") }
        return (answer["result"] as? Members)?["value"]
    }

    func number(_ expression: String) throws -> Double {
        guard let number = try evaluate(expression) as? NSNumber else { throw Failure(description: expression) }
        return number.doubleValue
    }

    /// The whole page as PNG.
    func screenshot() throws -> Data {
        try data(try call("Page.captureScreenshot", ["format": "png", "captureBeyondViewport": true]))
    }

    func pdf() throws -> Data {
        try data(try call("Page.printToPDF", ["printBackground": true, "preferCSSPageSize": true]))
    }

    /// The colours of some pixels of a PNG as `#rrggbb`, and how many different ones there are in all of it.
    ///
    /// The browser decodes it, in an empty page: the one that was open is gone then.
    func colours(of png: Data, at places: [(x: Int, y: Int)]) throws -> (pixels: [String], count: Int) {
        _ = try call("Page.navigate", ["url": "about:blank"])
        let list = places.map { "[\($0.x),\($0.y)]" }.joined(separator: ",")
        let script = """
            (async () => {
              const image = new Image();
              image.src = 'data:image/png;base64,\(png.base64EncodedString())';
              await image.decode();
              const canvas = document.createElement('canvas');
              [canvas.width, canvas.height] = [image.width, image.height];
              const context = canvas.getContext('2d');
              context.drawImage(image, 0, 0);
              const bytes = context.getImageData(0, 0, image.width, image.height).data;
              const hex = i => '#' + [0, 1, 2].map(k => bytes[i + k].toString(16).padStart(2, '0')).join('');
              const seen = new Set();
              for (let i = 0; i < bytes.length; i += 4) seen.add(hex(i));
              return [[\(list)].map(([x, y]) => hex((y * image.width + x) * 4)).join(' '), seen.size].join('|');
            })()
            """
        let parts = (try evaluate(script) as? String ?? "").split(separator: "|")
        guard parts.count == 2, let count = Int(parts[1]) else { throw Failure(description: "no pixels") }
        return (parts[0].split(separator: " ").map(String.init), count)
    }

    // MARK: The protocol

    private func data(_ answer: Members) throws -> Data {
        guard let text = answer["data"] as? String, let data = Data(base64Encoded: text) else {
            throw Failure(description: "no data")
        }
        return data
    }

    private func call(_ method: String, _ parameters: Members = [:]) throws -> Members {
        lastID += 1
        var message: Members = ["id": lastID, "method": method, "params": parameters]
        if let session { message["sessionId"] = session }
        try writing.write(contentsOf: try JSONSerialization.data(withJSONObject: message) + [0])
        while true {
            let answer = try next()
            guard answer["id"] as? Int == lastID else {
                if let name = answer["method"] as? String { events.append((name, answer["params"] as? Members ?? [:])) }
                continue
            }
            if let error = answer["error"] { throw Failure(description: "\(method): \(error)") }
            return answer["result"] as? Members ?? [:]
        }
    }

    private func nextEvent() throws -> (name: String, members: Members) {
        while true {
            let message = try next()
            if let name = message["method"] as? String { return (name, message["params"] as? Members ?? [:]) }
        }
    }

    private func next() throws -> Members {
        while true {
            if let end = received.firstIndex(of: 0) {
                let text = Data(received[..<end])
                received.removeSubrange(...end)
                guard let message = try JSONSerialization.jsonObject(with: text) as? Members else { continue }
                return message
            }
            var waiting = pollfd(fd: reading.fileDescriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, Self.patienceMilliseconds) > 0 else {
                throw Failure(
                    description: "chromium does not answer: \(process.isRunning ? "it runs" : "it has ended")"
                )
            }
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = Foundation.read(reading.fileDescriptor, &bytes, bytes.count)
            if count > 0 { received += bytes[..<count] }
        }
    }
}
