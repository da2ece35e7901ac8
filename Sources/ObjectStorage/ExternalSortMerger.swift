#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Merges sorted runs of one temporary file: a binary heap of one window per run.
///
/// Among equal keys the earlier run comes first, so the order of appending is kept. The windows share the sort's memory.
struct ExternalSortMerger: ~Copyable {
    /// The part of a run that is in memory; its bytes are a slot of `windows`.
    private struct Window {
        var remaining: ExternalSortRun
        var slot: Int
        var position: Int
        var end: Int
        var prefix: UInt64
    }

    private let layout: ExternalSortLayout
    private let file: ExternalSortSpill
    private let windowByteCount: Int
    private let windows: UnsafeMutableRawPointer
    private var heap: [Window] = []

    /// The largest window: more does not make reading faster.
    private static let largestWindowByteCount = 1 << 20

    init(
        runs: [ExternalSortRun],
        in file: ExternalSortSpill,
        layout: ExternalSortLayout,
        memoryByteCount: Int
    ) throws(ObjectStoreError) {
        self.layout = layout
        self.file = file
        let share = min(memoryByteCount / max(1, runs.count), Self.largestWindowByteCount)
        windowByteCount =
            layout.isFixed
            ? max(1, share / layout.largestRecordByteCount) * layout.largestRecordByteCount
            : max(share, layout.largestRecordByteCount)
        windows = .allocate(byteCount: max(1, runs.count) * windowByteCount, alignment: 16)
        heap.reserveCapacity(runs.count)
        for (slot, run) in runs.enumerated() {
            var window = Window(remaining: run, slot: slot, position: 0, end: 0, prefix: 0)
            if try fill(&window) { heap.append(window) }
        }
        for index in heap.indices.reversed() { siftDown(index) }
    }

    deinit {
        windows.deallocate()
    }

    /// Copies the next record in order to the start of `record`; false after the last one.
    mutating func next(into record: UnsafeMutableRawBufferPointer) throws(ObjectStoreError) -> Bool {
        guard !heap.isEmpty else { return false }
        record.copyMemory(from: first)
        try advance()
        return true
    }

    /// Writes all records in order to the end of `target`.
    mutating func writeAll(to target: ExternalSortSpill) throws(ObjectStoreError) {
        while !heap.isEmpty {
            try target.append(first)
            try advance()
        }
        try target.flush()
    }

    /// The record that is first in order; there is one.
    private var first: UnsafeRawBufferPointer {
        let start = pointer(heap[0])
        return UnsafeRawBufferPointer(start: start, count: layout.byteCount(of: start))
    }

    /// Moves the first window to its next record and restores the heap.
    private mutating func advance() throws(ObjectStoreError) {
        heap[0].position += first.count
        if layout.isWhole(pointer(heap[0]), availableByteCount: heap[0].end - heap[0].position) {
            heap[0].prefix = layout.prefix(of: pointer(heap[0]))
        } else {
            var window = heap[0]
            if try fill(&window) {
                heap[0] = window
            } else {
                heap[0] = heap[heap.count - 1]
                heap.removeLast()
            }
        }
        siftDown(0)
    }

    /// Reads the next bytes of a window's run behind the start of a record that is there; false at the run's end.
    private func fill(_ window: inout Window) throws(ObjectStoreError) -> Bool {
        let slot = windows + window.slot * windowByteCount
        let keptByteCount = window.end - window.position
        if keptByteCount > 0 { memmove(slot, slot + window.position, keptByteCount) }
        let byteCount = Int(min(UInt64(windowByteCount - keptByteCount), window.remaining.byteCount))
        guard keptByteCount + byteCount > 0 else { return false }
        try file.read(
            into: UnsafeMutableRawBufferPointer(start: slot + keptByteCount, count: byteCount),
            at: window.remaining.offset
        )
        window.remaining.offset += UInt64(byteCount)
        window.remaining.byteCount -= UInt64(byteCount)
        window.position = 0
        window.end = keptByteCount + byteCount
        window.prefix = layout.prefix(of: pointer(window))
        return true
    }

    @inline(__always)
    private func pointer(_ window: Window) -> UnsafeRawPointer {
        UnsafeRawPointer(windows + window.slot * windowByteCount + window.position)
    }

    private func isBefore(_ left: Window, _ right: Window) -> Bool {
        if left.prefix != right.prefix { return left.prefix < right.prefix }
        let comparison = layout.compareBehindPrefix(pointer(left), pointer(right))
        return comparison != 0 ? comparison < 0 : left.slot < right.slot
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var smallest = parent
            let left = 2 * parent + 1
            if left < heap.count, isBefore(heap[left], heap[smallest]) { smallest = left }
            if left + 1 < heap.count, isBefore(heap[left + 1], heap[smallest]) { smallest = left + 1 }
            guard smallest != parent else { return }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
