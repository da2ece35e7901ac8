/// The colours of a report: light, dark, and the grounds of verdicts, which are the same in both.
///
/// A test holds each colour of text against the ground it stands on (WCAG 2.1, contrast of at least 4.5).
package struct Palette: Hashable, Sendable {
    /// Behind everything, and of the cards on it.
    package var canvas: String
    package var paper: String
    package var ink: String
    package var muted: String
    /// Lines of grids and tables.
    package var rule: String
    /// Series of charts; each has a form of its own besides.
    package var first: String
    package var second: String
    package var third: String
    package var good: String
    package var bad: String
    package var warning: String
    package var neutral: String

    package static let light = Self(
        canvas: "#f3f5f8",
        paper: "#ffffff",
        ink: "#17202c",
        muted: "#556072",
        rule: "#d9dfe7",
        first: "#1d5bb8",
        second: "#b3530b",
        third: "#6a4c9f",
        good: "#19734a",
        bad: "#b3261e",
        warning: "#8a5a00",
        neutral: "#4d5868"
    )

    package static let dark = Self(
        canvas: "#0e131a",
        paper: "#161d27",
        ink: "#e8edf4",
        muted: "#a5b1c2",
        rule: "#2c3644",
        first: "#7fb0ff",
        second: "#ffb068",
        third: "#c6abff",
        good: "#5fd39b",
        bad: "#ff9088",
        warning: "#f0be5b",
        neutral: "#b4c0d0"
    )

    /// Of verdicts, under white text.
    package static let verdicts = [light.good, light.bad, light.warning, light.neutral]

    /// The custom properties of a style sheet.
    var properties: String {
        let named = [
            ("canvas", canvas), ("paper", paper), ("ink", ink), ("muted", muted), ("rule", rule), ("first", first),
            ("second", second), ("third", third), ("good", good), ("bad", bad), ("warning", warning),
            ("neutral", neutral),
        ]
        return named.map { "--\($0.0): \($0.1);" }.joined(separator: " ")
    }
}
