import SnapshotModel

extension RestoreTally {
    /// Gives each record that has no class yet its own: after this the accounting adds up, whatever ended the restore.
    mutating func account(for ending: RestoreResult.Ending, of job: RestoreJob) {
        let all = allTotals
        var lost = all.lostRecordCount
        let total = job.recordTotal
        var unattempted = total - min(total, all.handledRecordCount + all.lostRecordCount)
        let metCount = all.libraryCount + all.moduleAuxiliaryCount
        var missingOthers = job.otherRecordTotal - min(job.otherRecordTotal, metCount)
        var isFinished = false
        if case .finished = ending { isFinished = true }
        if isFinished {
            // Blocks of which even the index entry is gone. In a whole archive nothing may be missing: then the sum of
            // the accounting is off, and says so.
            if job.plan.options.salvage { lost += unattempted }
            unattempted = 0
        }
        let unattemptedOthers = min(missingOthers, unattempted)
        missingOthers -= unattemptedOthers
        let captured = job.manifest.statistics.functionLibraryCount
        let missingLibraries = captured - min(captured, all.libraries.sum)
        addRest { rest in
            let unhandledChainCount = UInt64(all.chains.count - all.handledChainCount)
            rest.accounting.add(unhandledChainCount, to: .failed, because: .notAttempted)
            rest.accounting.add(unattempted - unattemptedOthers, to: .failed, because: .notAttempted)
            rest.accounting.add(lost - min(missingOthers, lost), to: .lostBlock)
            if isFinished {
                rest.libraries.add(job.plan.options.salvage ? missingLibraries : 0, to: .lostBlock)
            } else {
                rest.libraries.add(missingLibraries, to: .failed, because: .notAttempted)
            }
        }
    }
}
