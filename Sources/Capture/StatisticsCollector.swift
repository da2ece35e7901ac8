import NIOCore
package import RDB
package import SnapshotModel

/// Counts the records of a part while they are captured, and takes superseded ones back.
///
/// Per record it adds to a few cells of arrays; names and dictionaries are only made at the end.
package struct StatisticsCollector: Sendable {
    /// What one record added, in 64 bits, so that it can travel through an external sort and be taken back.
    ///
    /// Bits 0 to 37: bytes of the body (saturated at 256 GiB); 38 and 39: tier; 40 to 43: class of remaining life; 44
    /// and 45: access data; 46 to 63: number of the cell of its database and type.
    package struct Tally: RawRepresentable, Hashable, Sendable {
        package var rawValue: UInt64

        package init(rawValue: UInt64) {
            self.rawValue = rawValue
        }

        fileprivate static let largestBody: UInt64 = (1 << 38) - 1
        fileprivate static let cellCount = 1 << 18

        fileprivate init(cell: Int, bodyByteCount: UInt64, tier: Int, lifetime: Int, access: Int) {
            rawValue =
                min(bodyByteCount, Self.largestBody) | UInt64(tier) << 38 | UInt64(lifetime) << 40
                | UInt64(access) << 44 | UInt64(cell) << 46
        }

        fileprivate var bodyByteCount: UInt64 { rawValue & Self.largestBody }
        fileprivate var tier: Int { Int(rawValue >> 38 & 3) }
        fileprivate var lifetime: Int { Int(rawValue >> 40 & 15) }
        fileprivate var access: Int { Int(rawValue >> 44 & 3) }
        fileprivate var cell: Int { Int(rawValue >> 46) }
    }

    /// Keys of one database and type (and module, and slab class).
    private struct Cell {
        var database: UInt32
        var type: UInt8
        var module: RDBModuleID?
        var slabClass: UInt8?
        var isOfSentinels = false
        var keyCount: UInt64 = 0
        var expiringKeyCount: UInt64 = 0
        var bodyByteCount: UInt64 = 0

        mutating func add(_ tally: Tally) {
            keyCount += 1
            bodyByteCount += tally.bodyByteCount
            if tally.lifetime != StatisticsCollector.neverLifetime { expiringKeyCount += 1 }
        }
    }

    private struct ModuleCell: Hashable {
        var database: UInt32
        var module: RDBModuleID
    }

    /// The instant that remaining lives are counted from.
    private let instant: UnixMilliseconds
    private var cells: [Cell] = []
    /// The number of the cell of each type in the database that was added to last; -1 for none yet.
    private var currentTable = Self.emptyTable
    private var currentDatabase: UInt32?
    private var tables: [UInt32: [Int32]] = [:]
    private var moduleCells: [ModuleCell: Int] = [:]
    /// The number of the cell of each slab class; -1 for none yet.
    private var slabClassTable = Self.emptyTable
    /// By database and type: sentinels are so few that looking them up costs nothing.
    private var sentinelCells: [UInt64: Int] = [:]
    private var lifetimeCounts = InlineArray<12, UInt64>(repeating: 0)
    private var accessCounts = InlineArray<3, UInt64>(repeating: 0)
    private let tierBounds: AccessTierBounds?
    private let tierWeight: AccessWeight?
    /// None without bounds.
    private var tiers: [AccessTiers.Tier]
    private var functionLibraryCount: UInt64 = 0
    private var moduleAuxiliaryCount: UInt64 = 0
    private var largestBodyByteCount: UInt64 = 0
    private var largestKeyByteCount: UInt64 = 0

    /// Keys that count: added and not taken back.
    package private(set) var keyCount: UInt64 = 0

    private static let emptyTable = [Int32](repeating: -1, count: 256)
    /// The class of keys that never expire, behind those of `LifetimeHistogram`.
    private static var neverLifetime: Int { 11 }
    /// Where the classes of remaining life end, in milliseconds.
    private let bucketBounds: InlineArray<11, Int64>

    package init(instant: UnixMilliseconds, tiers: AccessTierBounds? = nil) {
        self.instant = instant
        precondition(LifetimeHistogram.buckets.count == Self.neverLifetime, "another number of classes of life")
        bucketBounds = InlineArray { LifetimeHistogram.buckets[$0].upToMilliseconds }
        tierBounds = tiers
        tierWeight = tiers?.weight
        self.tiers = tiers.map { AccessTiers(bounds: $0).tiers } ?? []
    }

    /// Counts one key with a value of type `valueType`; `module` is the data type of a module's value, `slabClass` a
    /// Memcached item's.
    ///
    /// `tier` is that of its block.
    package mutating func addKey(
        _ key: KeyTraits,
        valueType: UInt8,
        bodyByteCount: UInt64,
        module: RDBModuleID? = nil,
        slabClass: UInt8? = nil,
        tier: Int = 0
    ) -> Tally {
        let cell =
            if key.isSentinel {
                sentinelCellNumber(database: key.database, type: valueType, slabClass: slabClass)
            } else if let slabClass {
                cellNumber(slabClass: slabClass, type: valueType)
            } else {
                cellNumber(database: key.database, type: valueType, module: module)
            }
        let tally = Tally(
            cell: cell,
            bodyByteCount: bodyByteCount,
            tier: tier,
            lifetime: lifetimeClass(key.expiry),
            access: Self.accessClass(key.access)
        )
        cells[cell].add(tally)
        lifetimeCounts[tally.lifetime] += 1
        accessCounts[tally.access] += 1
        keyCount += 1
        if let weight = tierWeight?.weight(of: key.access) {
            tiers[tier].keyCount += 1
            tiers[tier].bodyByteCount += tally.bodyByteCount
            tiers[tier].weight += UInt64(weight)
        }
        largestBodyByteCount = max(largestBodyByteCount, bodyByteCount)
        largestKeyByteCount = max(largestKeyByteCount, UInt64(key.keyByteCount))
        return tally
    }

    package mutating func addFunctionLibrary() { functionLibraryCount += 1 }
    package mutating func addModuleAuxiliary() { moduleAuxiliaryCount += 1 }
    package mutating func addBlock(tier: Int) {
        if !tiers.isEmpty { tiers[tier].blockCount += 1 }
    }

    /// Takes back what a superseded record added; the largest sizes stay those of all records that were read.
    package mutating func remove(_ tally: Tally) {
        cells[tally.cell].keyCount -= 1
        cells[tally.cell].bodyByteCount -= tally.bodyByteCount
        if tally.lifetime != Self.neverLifetime { cells[tally.cell].expiringKeyCount -= 1 }
        lifetimeCounts[tally.lifetime] -= 1
        accessCounts[tally.access] -= 1
        if !tiers.isEmpty {
            tiers[tally.tier].keyCount -= 1
            tiers[tally.tier].bodyByteCount -= tally.bodyByteCount
        }
        keyCount -= 1
    }

    /// The counts under the names that users know; `typeName` gives that of a value type, "string", "module" and so on.
    package func statistics(typeName: (UInt8) -> String) -> SnapshotStatistics {
        var result = SnapshotStatistics()
        var encodings: [Int: SnapshotStatistics.TypeCounts] = [:]
        for cell in cells where cell.keyCount > 0 {
            result.databases[Int(cell.database), default: .init()].keyCount += cell.keyCount
            result.databases[Int(cell.database), default: .init()].expiringKeyCount += cell.expiringKeyCount
            let name = cell.module.map { "module:" + $0.name } ?? typeName(cell.type)
            let counts = SnapshotStatistics.TypeCounts(keyCount: cell.keyCount, bodyByteCount: cell.bodyByteCount)
            result.types[name, default: .init()] = result.types[name, default: .init()] + counts
            encodings[Int(cell.type), default: .init()] = encodings[Int(cell.type), default: .init()] + counts
            if let slabClass = cell.slabClass {
                result.slabClasses = (result.slabClasses ?? [:]).merging([Int(slabClass): counts], uniquingKeysWith: +)
            }
            guard cell.isOfSentinels else { continue }
            var whole = counts
            whole.bodyByteCount += counts.keyCount * UInt64(SnapshotSentinel.keyByteCount)
            result.sentinels = (result.sentinels ?? .init()) + whole
        }
        result.encodings = encodings
        for index in bucketBounds.indices where lifetimeCounts[index] > 0 {
            let deadline = instant.advanced(byMilliseconds: bucketBounds[index])
            result.lifetimes.add(.at(deadline), at: instant, count: lifetimeCounts[index])
        }
        result.lifetimes.add(.never, at: instant, count: lifetimeCounts[Self.neverLifetime])
        result.functionLibraryCount = functionLibraryCount
        result.moduleAuxiliaryCount = moduleAuxiliaryCount
        result.idleKeyCount = accessCounts[1]
        result.frequencyKeyCount = accessCounts[2]
        result.largestBodyByteCount = largestBodyByteCount
        result.largestKeyByteCount = largestKeyByteCount
        if let tierBounds {
            var accessTiers = AccessTiers(bounds: tierBounds)
            accessTiers.tiers = tiers
            result.accessTiers = accessTiers
        }
        return result
    }

    private mutating func cellNumber(database: UInt32, type: UInt8, module: RDBModuleID?) -> Int {
        if let module {
            let place = ModuleCell(database: database, module: module)
            if let known = moduleCells[place] { return known }
            let number = appendCell(Cell(database: database, type: type, module: module))
            moduleCells[place] = number
            return number
        }
        if database != currentDatabase { select(database) }
        let known = currentTable[Int(type)]
        guard known < 0 else { return Int(known) }
        let number = appendCell(Cell(database: database, type: type))
        currentTable[Int(type)] = Int32(number)
        return number
    }

    /// Items have no databases: theirs is 0.
    private mutating func cellNumber(slabClass: UInt8, type: UInt8) -> Int {
        let known = slabClassTable[Int(slabClass)]
        guard known < 0 else { return Int(known) }
        let number = appendCell(Cell(database: 0, type: type, slabClass: slabClass))
        slabClassTable[Int(slabClass)] = Int32(number)
        return number
    }

    private mutating func sentinelCellNumber(database: UInt32, type: UInt8, slabClass: UInt8?) -> Int {
        let place = UInt64(database) << 16 | UInt64(slabClass ?? 0) << 8 | UInt64(type)
        if let known = sentinelCells[place] { return known }
        let number = appendCell(Cell(database: database, type: type, slabClass: slabClass, isOfSentinels: true))
        sentinelCells[place] = number
        return number
    }

    private mutating func appendCell(_ cell: Cell) -> Int {
        // Databases times types stay far below; should they not, the last cell takes what is left over.
        guard cells.count < Tally.cellCount else { return cells.count - 1 }
        cells.append(cell)
        return cells.count - 1
    }

    private mutating func select(_ database: UInt32) {
        if let currentDatabase { tables[currentDatabase] = currentTable }
        currentTable = tables[database] ?? Self.emptyTable
        currentDatabase = database
    }

    private func lifetimeClass(_ expiry: Expiry) -> Int {
        guard case .at(let deadline) = expiry else { return Self.neverLifetime }
        let remaining = deadline.milliseconds(since: instant)
        var index = 0
        while index < bucketBounds.count - 1, remaining > bucketBounds[index] { index += 1 }
        return index
    }

    private static func accessClass(_ access: AccessData) -> Int {
        switch access {
        case .none: 0
        case .idle: 1
        case .frequency: 2
        }
    }
}
