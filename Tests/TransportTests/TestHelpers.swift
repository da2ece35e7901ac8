import Foundation
import Synchronization

/// A count that scripts and tests share.
final class Counter: Sendable {
    private let value = Mutex(0)

    var count: Int { value.withLock { $0 } }

    func add() {
        value.withLock { $0 += 1 }
    }
}

/// Lets a scripted server send slowly; never to await something.
func usleepForPacing(_ microseconds: UInt32) {
    usleep(microseconds)
}

/// Holds a scripted server's thread until a test lets it go on.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func wait() {
        semaphore.wait()
    }

    func open() {
        semaphore.signal()
    }
}
