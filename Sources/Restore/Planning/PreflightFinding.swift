/// Something about a target that the operator must or should know before the first write.
package struct PreflightFinding: Codable, Hashable, Sendable {
    /// What was found; the raw value stands in reports.
    package enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// The user lacks permissions: the one refusal that is about credentials and not about the target.
        case notPermitted
        case notEmpty
        case functionsPresent
        case replica
        case loading
        case clusterNode
        case tooSmall
        case evicting
        case memoryTight
        /// It fits, and the target is then close to throwing keys away.
        case evictingSoon
        case olderRDBVersion
        case missingDatabase
        case noFunctions
        case noReplicas
        case misconfigured
        case outOfMemory
        case trialRefused
        case replicasAttached
        case clockDifference
        case moduleAuxiliary
        case missingModules
        case replicationForbidden
        case encryptedReplication
        case loadsFromDisk
        case unsupportedTypes
        /// RESTORE is not there: everything goes by the commands of its type.
        case noPayloads
        /// A restore by replication that was killed left the target attached.
        case stillAttached
        /// Temporary keys of interrupted restores.
        case leftovers
        case largeValue
        /// What became of the target since the restore was interrupted that is continued.
        case interrupted
        case exchanged
        /// Such a restore left a setting of the target changed.
        case settingLeft
        /// Memcached gives items CAS values of its own.
        case casNotKept
        case itemsAsStrings
    }

    package var kind: Kind
    /// A refusal ends the run before the first write; anything else is a warning.
    package var isRefusal: Bool
    /// What was found, without secrets, key names and values.
    package var message: String
    /// What to do next.
    package var advice: String

    package init(_ kind: Kind, isRefusal: Bool, _ message: String, advice: String) {
        self.kind = kind
        self.isRefusal = isRefusal
        self.message = message
        self.advice = advice
    }

    static func refusal(_ kind: Kind, _ message: String, advice: String) -> Self {
        Self(kind, isRefusal: true, message, advice: advice)
    }

    static func warning(_ kind: Kind, _ message: String, advice: String) -> Self {
        Self(kind, isRefusal: false, message, advice: advice)
    }
}
