/// What has come to light so far while a file is read, and where in it the reading is.
struct PolicyReading {
    /// Relative file names start here; empty for the working directory.
    let directory: String
    private(set) var problems: [PolicyProblem] = []
    /// Where the value of each key stands that the file has, by key path.
    private(set) var places: [String: PolicyPlace] = [:]
    private var path: [String] = []
    /// The example of the key that is being read.
    private var example = ""

    init(directory: String) {
        self.directory = directory
    }

    var keyPath: String {
        path.reduce("") { $0.isEmpty ? $1 : $1.hasPrefix("[") ? $0 + $1 : $0 + "." + $1 }
    }

    /// Whether anything is wrong with this key or one below it.
    func hasErrors(below keyPath: String) -> Bool {
        problems.contains { problem in
            problem.severity == .error
                && (keyPath.isEmpty || problem.keyPath == keyPath || problem.keyPath.hasPrefix(keyPath + ".")
                    || problem.keyPath.hasPrefix(keyPath + "["))
        }
    }

    /// Reads what stands below a key, or at a place of a list ("[2]").
    mutating func enter(_ name: String, example: String? = nil, _ body: (inout Self) -> Void) {
        let outer = self.example
        path.append(Self.shortened(name))
        if let example { self.example = example }
        body(&self)
        self.example = outer
        path.removeLast()
    }

    mutating func remember(_ place: PolicyPlace) {
        places[keyPath] = place
    }

    /// Where a key stands, or the nearest key above it, or the beginning of the file.
    func place(of keyPath: String) -> PolicyPlace { .nearest(to: keyPath, in: places) }

    // MARK: Problems

    mutating func report(_ fault: PolicyFault, at node: PolicyNode) {
        report(fault, at: node.place, value: fault.hidesValue ? "" : node.text ?? "")
    }

    mutating func report(_ fault: PolicyFault, at place: PolicyPlace, keyPath: String? = nil, value: String = "") {
        problems.append(
            PolicyProblem(
                severity: fault.severity,
                place: place,
                keyPath: keyPath ?? self.keyPath,
                value: Self.shortened(value),
                problem: fault.problem,
                hint: fault.hint ?? "write for example \(example)"
            )
        )
    }

    mutating func add(_ more: [PolicyProblem]) {
        problems += more
    }

    /// The first line of it, at most 60 characters, with `?` for what would steer a terminal.
    private static func shortened(_ value: String) -> String {
        let line = value.prefix { !$0.isNewline }
        let isWhole = line.count <= 60 && line.endIndex == value.endIndex
        let scalars = (isWhole ? line : line.prefix(57)).unicodeScalars.map { PolicyText.isControl($0) ? "?" : $0 }
        return String(String.UnicodeScalarView(scalars)) + (isWhole ? "" : "...")
    }
}
