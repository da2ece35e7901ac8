package import SnapshotModel

/// How many records of each kind begin in a block.
package struct BlockContents: Hashable, Sendable {
    /// Superseded ones included.
    package private(set) var keyCount: UInt64 = 0
    package private(set) var functionLibraryCount: UInt64 = 0
    package private(set) var moduleAuxiliaryCount: UInt64 = 0

    package init() {}

    package var recordCount: UInt64 { keyCount + functionLibraryCount + moduleAuxiliaryCount }

    package mutating func count(_ kind: RecordKind) {
        switch kind {
        case .key: keyCount += 1
        case .functionLibrary: functionLibraryCount += 1
        case .moduleAuxiliary: moduleAuxiliaryCount += 1
        }
    }

    package mutating func add(_ other: Self) {
        keyCount += other.keyCount
        functionLibraryCount += other.functionLibraryCount
        moduleAuxiliaryCount += other.moduleAuxiliaryCount
    }
}
