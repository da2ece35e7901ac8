/// One compiled step: eight bytes, no references.
struct RDBInstruction: Sendable {
    enum Operation: UInt8, Sendable {
        case string, listpackThenCount, length, moduleID, bytes, score, count, doubleCount, loop, again, choose, jump
        case innerType, end
    }

    var operation: Operation
    /// `bytes`: how many; `loop`, `again`, `jump`: where to; `choose`: how many alternatives.
    var operand: UInt8
    /// Where the alternatives of `choose` go on.
    var targets: (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8) = (0, 0, 0, 0, 0, 0)

    init(operation: Operation, operand: UInt8 = 0) {
        self.operation = operation
        self.operand = operand
    }

    init(_ step: RDBStep) {
        switch step {
        case .string: self.init(operation: .string)
        case .listpackThenCount: self.init(operation: .listpackThenCount)
        case .length: self.init(operation: .length)
        case .moduleID: self.init(operation: .moduleID)
        case .bytes(let count): self.init(operation: .bytes, operand: count)
        case .score: self.init(operation: .score)
        case .count: self.init(operation: .count)
        case .doubleCount: self.init(operation: .doubleCount)
        case .loop(let end): self.init(operation: .loop, operand: end)
        case .again(let start): self.init(operation: .again, operand: start)
        case .jump(let target): self.init(operation: .jump, operand: target)
        case .innerType: self.init(operation: .innerType)
        case .choose(let targets):
            self.init(operation: .choose, operand: UInt8(targets.count))
            withUnsafeMutableBytes(of: &self.targets) { $0.copyBytes(from: targets.prefix(6)) }
        }
    }
}

/// All programs, compiled one after another, made once and never freed.
struct RDBCode: @unchecked Sendable {
    // Unchecked: the memory is written before `shared` exists and never again.
    static let shared = RDBCode()

    let base: UnsafePointer<RDBInstruction>
    /// The first instruction of each row of ``RDBLayout/all``, then of the other programs; -1 where there is none.
    let entries: [Int]

    var moduleAuxiliary: Int { entries[RDBLayout.all.count] }
    var keyMetadata: Int { entries[RDBLayout.all.count + 1] }
    var keyWithMetadata: Int { entries[RDBLayout.all.count + 2] }
    var slotImport: Int { entries[RDBLayout.all.count + 3] }
    var string: Int { entries[0] }
    /// A counted list of strings.
    var strings: Int { entries[1] }
    /// Strings whose count is on the stack.
    var countedStrings: Int { entries[RDBLayout.all.count + 4] }
    /// A program without steps.
    var nothing: Int { entries[RDBLayout.all.count + 5] }

    private init() {
        var entries: [Int] = []
        var instructions: [RDBInstruction] = []
        for program in RDBLayout.all.map(\.program) + RDBLayout.auxiliaryPrograms {
            guard let program else {
                entries.append(-1)
                continue
            }
            entries.append(instructions.count)
            instructions += program.map { RDBInstruction($0) }
            instructions.append(RDBInstruction(operation: .end))
        }
        let memory = UnsafeMutablePointer<RDBInstruction>.allocate(capacity: instructions.count)
        memory.initialize(from: instructions, count: instructions.count)
        self.entries = entries
        base = UnsafePointer(memory)
    }
}
