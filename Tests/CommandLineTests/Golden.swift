import Foundation
import TestSupport
import Testing

/// Texts that were looked at once and must not change by accident; REWARM_RECORD_GOLDENS=1 writes them anew.
enum Golden {
    private static let directory = "Tests/CommandLineTests/Goldens/"

    static func expect(_ text: String, _ name: String) throws {
        let path = directory + name
        if ProcessInfo.processInfo.environment["REWARM_RECORD_GOLDENS"] != nil {
            try Data(text.utf8).write(to: URL(fileURLWithPath: ProjectFile.root + "/" + path))
        }
        let golden = try ProjectFile.read(path).text
        #expect(text == golden, "\(path) differs; if that is meant, run with REWARM_RECORD_GOLDENS=1")
    }
}
