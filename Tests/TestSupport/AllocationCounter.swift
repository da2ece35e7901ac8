import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Counts the objects that code allocates: buffers, arrays, boxes, class instances.
///
/// Unlike a clock, the count is the same on every machine and at every run. The runtime calls a function that can be
/// replaced for every object (`_swift_allocObject`, made for Instruments); other threads are left out.
package enum AllocationCounter {
    private typealias Allocation = @convention(c) (UnsafeRawPointer?, Int, Int) -> UnsafeMutableRawPointer?

    /// One measurement at a time.
    private static let turn = Mutex(())
    private static let watchedThread = Atomic<UInt>(0)
    private static let objectCount = Atomic<Int>(0)
    /// Written once, before the runtime is told to look at the hook.
    nonisolated(unsafe) private static var original: Allocation?

    private static let isInstalled: Bool = {
        let flagName = "_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly"
        guard let hook = dlsym(nil, "_swift_allocObject"), let flag = dlsym(nil, flagName) else { return false }
        let place = hook.assumingMemoryBound(to: Allocation?.self)
        original = place.pointee
        objectCount.store(0, ordering: .relaxed)
        watchedThread.store(0, ordering: .relaxed)
        place.pointee = { metadata, byteCount, alignmentMask in
            if AllocationCounter.watchedThread.load(ordering: .relaxed) == AllocationCounter.currentThread {
                AllocationCounter.objectCount.wrappingAdd(1, ordering: .relaxed)
            }
            return AllocationCounter.original?(metadata, byteCount, alignmentMask)
        }
        flag.storeBytes(of: true, as: Bool.self)
        return true
    }()

    private static var currentThread: UInt {
        #if canImport(Glibc)
        UInt(pthread_self())
        #else
        UInt(bitPattern: pthread_self())
        #endif
    }

    /// How many objects `body` allocates on this thread; throws where the runtime does not let itself be asked.
    package static func count(_ body: () throws -> Void) throws -> Int {
        guard isInstalled else {
            throw TestEnvironmentError.failed("the Swift runtime", "it has no hook for allocations")
        }
        return try turn.withLock { _ in
            objectCount.store(0, ordering: .relaxed)
            watchedThread.store(currentThread, ordering: .relaxed)
            defer { watchedThread.store(0, ordering: .relaxed) }
            try body()
            return objectCount.load(ordering: .relaxed)
        }
    }

    /// How many objects each further item costs: the difference between a run with `itemCount` and one with twice as
    /// many, so that what is allocated once does not count.
    package static func countPerItem(
        itemCount: Int = 1000,
        _ run: (_ itemCount: Int) throws -> () throws -> Void
    ) throws -> Double {
        let once = try run(itemCount)
        let twice = try run(2 * itemCount)
        // What is made at the first use does not count either.
        try once()
        let first = try count(once)
        let second = try count(twice)
        return Double(second - first) / Double(itemCount)
    }
}
