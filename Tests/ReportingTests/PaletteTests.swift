import Foundation
import Reporting
import Testing

/// Colours against the grounds that they stand on.
struct PaletteTests {
    /// The relative luminance of `#rrggbb` (WCAG 2.1, definition of relative luminance).
    private static func luminance(_ colour: String) throws -> Double {
        let value = try #require(UInt32(colour.dropFirst(), radix: 16))
        let channels = [16, 8, 0].map { shift -> Double in
            let share = Double((value >> UInt32(shift)) & 0xFF) / 255
            return share <= 0.03928 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }

    private static func contrast(_ first: String, _ second: String) throws -> Double {
        let (one, other) = (try luminance(first), try luminance(second))
        return (max(one, other) + 0.05) / (min(one, other) + 0.05)
    }

    @Test func `black on white has the greatest contrast, a colour on itself none`() throws {
        #expect(abs(try Self.contrast("#000000", "#ffffff") - 21) < 0.01)
        #expect(try Self.contrast("#808080", "#808080") == 1)
    }

    @Test(arguments: [Palette.light, .dark]) func `text is readable on its ground`(_ palette: Palette) throws {
        let texts = [
            palette.ink, palette.muted, palette.good, palette.bad, palette.warning, palette.neutral, palette.first,
            palette.second, palette.third,
        ]
        for text in texts { #expect(try Self.contrast(text, palette.paper) >= 4.5, "\(text) on \(palette.paper)") }
        for text in [palette.ink, palette.muted] { #expect(try Self.contrast(text, palette.canvas) >= 4.5) }
        // A letter in a cell of the calendar that is filled with the first colour has the colour of paper.
        #expect(try Self.contrast(palette.paper, palette.first) >= 4.5)
    }

    @Test func `white is readable on every verdict`() throws {
        for ground in Palette.verdicts { #expect(try Self.contrast("#ffffff", ground) >= 4.5, "\(ground)") }
    }
}
