import Restore
import Testing

@Suite struct AccountingTests {
    @Test func `the classes sum up to what was captured or the accounting is off`() {
        var accounting = RestoreAccounting(captured: 10)
        accounting.add(7, to: .restored)
        accounting.add(2, to: .filtered, because: .match)
        #expect(!accounting.isBalanced)
        accounting.add(1, to: .expired)
        #expect(accounting.isBalanced)
        #expect(accounting.isComplete)
        accounting.add(1, to: .restored)
        #expect(!accounting.isBalanced)
        #expect(!accounting.isComplete)
    }

    @Test(arguments: RestoreAccounting.Class.allCases)
    func `only classes that leave nothing out are complete`(recordClass: RestoreAccounting.Class) {
        var accounting = RestoreAccounting(captured: 1)
        accounting.add(to: recordClass)
        let isLoss = [.unsupported, .lostBlock, .evicted, .failed].contains(recordClass)
        #expect(accounting.isComplete == !isLoss)
    }

    @Test func `evictions are taken from the restored keys, and from no more than there are`() {
        var accounting = RestoreAccounting(captured: 5)
        accounting.add(5, to: .restored)
        accounting.moveRestoredToEvicted(2)
        #expect(accounting[.restored] == 3)
        #expect(accounting[.evicted] == 2)
        accounting.moveRestoredToEvicted(9)
        #expect(accounting[.restored] == 0)
        #expect(accounting[.evicted] == 5)
        #expect(accounting.isBalanced)
    }

    @Test func `reasons add up within their class`() {
        var accounting = RestoreAccounting(captured: 6)
        accounting.add(2, to: .failed, because: .outOfMemory)
        accounting.add(1, to: .failed, because: .outOfMemory)
        accounting.add(3, to: .failed, because: .notAttempted)
        #expect(accounting[.failed] == 6)
        #expect(accounting.reasons[.failed] == ["outOfMemory": 3, "notAttempted": 3])
    }

    @Test(
        arguments: [
            ("BUSYKEY Target key name already exists.", "existing", nil, false),
            ("OOM command not allowed when used memory > 'maxmemory'.", "failed", "outOfMemory", true),
            ("READONLY You can't write against a read only replica.", "failed", "readOnly", true),
            ("MISCONF Redis is configured to save RDB snapshots", "failed", "misconfigured", true),
            ("NOREPLICAS Not enough good replicas to write.", "failed", "noReplicas", true),
            ("LOADING Redis is loading the dataset in memory", "failed", "loading", true),
            ("NOPERM this user has no permissions to run the 'restore' command", "failed", "notPermitted", true),
            ("MOVED 3999 127.0.0.1:6381", "failed", "cluster", true),
            ("ERR Bad data format", "unsupported", "unknownType:hash", false),
            ("ERR DUMP payload version or checksum are wrong", "unsupported", "unknownType:hash", false),
            ("ERR Unsupported foreign data type", "unsupported", "unknownType:hash", false),
            ("ERR string exceeds maximum allowed size (proto-max-bulk-len)", "unsupported", "tooLarge:hash", false),
            ("ERR something else", "failed", "otherError", false),
        ]
    ) func `an error reply has its class and reason`(text: String, name: String, reason: String?, ends: Bool) {
        let verdict = ReplyVerdict(error: text, typeName: "hash")
        #expect(verdict.recordClass.rawValue == name)
        #expect(verdict.reason?.text == reason)
        #expect(verdict.endsRun == ends)
    }
}
