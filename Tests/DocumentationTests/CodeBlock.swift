import TestSupport
import Testing

/// A fenced block of a Markdown document.
struct CodeBlock: Sendable, CustomTestStringConvertible {
    let path: String
    /// Of the opening fence, from 1.
    let line: Int
    /// The word after the fence: sh, text, json.
    let tag: String
    let text: String
    /// The comment `<!-- test: … -->` in the line before the fence, without its frame.
    let instruction: String?

    var testDescription: String { "\(path):\(line)" }

    /// The exit code that the block must end with: 0 unless `<!-- test: exit 14 -->` says otherwise.
    var expectedExitCode: Int32 {
        guard let words = instruction?.split(separator: " "), words.first == "exit", words.count == 2 else { return 0 }
        return Int32(words[1]) ?? -1
    }

    /// All blocks of a document in their order.
    static func all(in file: ProjectFile) -> [CodeBlock] {
        var blocks: [CodeBlock] = []
        var open: (line: Int, tag: String, instruction: String?)?
        var body: [Substring] = []
        var previous: Substring = ""
        for (index, line) in file.lines.enumerated() {
            if line.hasPrefix("```") {
                if let begun = open {
                    blocks.append(
                        CodeBlock(
                            path: file.path,
                            line: begun.line,
                            tag: begun.tag,
                            text: body.joined(separator: "\n"),
                            instruction: begun.instruction
                        )
                    )
                    open = nil
                } else {
                    open = (index + 1, String(line.dropFirst(3)), instruction(in: previous))
                    body = []
                }
            } else if open != nil {
                body.append(line)
            }
            previous = line
        }
        return blocks
    }

    private static func instruction(in line: Substring) -> String? {
        guard line.hasPrefix("<!-- test: "), line.hasSuffix(" -->") else { return nil }
        return String(line.dropFirst(11).dropLast(4))
    }
}
