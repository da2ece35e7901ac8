/// How far a capture is; told about once per block.
package struct CaptureProgress: Hashable, Sendable {
    package enum Phase: Hashable, Sendable {
        /// The source prepares its stream.
        case waitingForSource
        /// Records arrive.
        case capturing
        /// Everything has been read; what was written is being checked.
        case finishing
    }

    package var phase: Phase
    package var keyCount: UInt64
    /// What INFO told beforehand; nil where nobody knows.
    package var expectedKeyCount: UInt64?
    /// Bytes of records before compression.
    package var rawByteCount: UInt64

    package init(_ phase: Phase, keyCount: UInt64 = 0, expectedKeyCount: UInt64? = nil, rawByteCount: UInt64 = 0) {
        self.phase = phase
        self.keyCount = keyCount
        self.expectedKeyCount = expectedKeyCount
        self.rawByteCount = rawByteCount
    }
}
