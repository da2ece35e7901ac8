package import NIOCore

/// A stream as XINFO STREAM FULL shows it.
package struct StreamValue: Equatable, Sendable {
    /// An entry's id: milliseconds and sequence number, written `1526919030474-55`.
    package struct ID: Hashable, Comparable, Sendable, CustomStringConvertible {
        package var milliseconds: UInt64
        package var sequence: UInt64

        package init(milliseconds: UInt64, sequence: UInt64) {
            self.milliseconds = milliseconds
            self.sequence = sequence
        }

        package var description: String { "\(milliseconds)-\(sequence)" }

        package static func < (left: Self, right: Self) -> Bool {
            (left.milliseconds, left.sequence) < (right.milliseconds, right.sequence)
        }
    }

    /// A live entry; deleted ones are not decoded.
    package struct Entry: Equatable, Sendable {
        package var id: ID
        package var fields: [(name: ByteBuffer, value: ByteBuffer)]

        package init(id: ID, fields: [(name: ByteBuffer, value: ByteBuffer)]) {
            (self.id, self.fields) = (id, fields)
        }

        package static func == (left: Self, right: Self) -> Bool {
            left.id == right.id && left.fields.elementsEqual(right.fields, by: ==)
        }
    }

    /// An entry that was delivered and not acknowledged.
    package struct PendingEntry: Equatable, Sendable {
        package var id: ID
        package var deliveredAtMilliseconds: Int64
        package var deliveryCount: UInt64

        package init(id: ID, deliveredAtMilliseconds: Int64, deliveryCount: UInt64) {
            self.id = id
            self.deliveredAtMilliseconds = deliveredAtMilliseconds
            self.deliveryCount = deliveryCount
        }
    }

    /// A consumer of a group.
    ///
    /// Its pending entries are ids of the group's.
    package struct Consumer: Equatable, Sendable {
        package var name: ByteBuffer
        package var seenAtMilliseconds: Int64
        /// Nil before RDB type 21.
        package var activeAtMilliseconds: Int64?
        package var pending: [ID]

        package init(name: ByteBuffer, seenAtMilliseconds: Int64, activeAtMilliseconds: Int64?, pending: [ID]) {
            self.name = name
            self.seenAtMilliseconds = seenAtMilliseconds
            self.activeAtMilliseconds = activeAtMilliseconds
            self.pending = pending
        }
    }

    /// A consumer group.
    package struct Group: Equatable, Sendable {
        package var name: ByteBuffer
        package var lastDelivered: ID
        /// Nil before RDB type 19, or where the server does not know it (stored as the largest integer).
        package var entriesRead: UInt64?
        package var pending: [PendingEntry]
        package var consumers: [Consumer]

        package init(
            name: ByteBuffer,
            lastDelivered: ID,
            entriesRead: UInt64?,
            pending: [PendingEntry],
            consumers: [Consumer]
        ) {
            self.name = name
            self.lastDelivered = lastDelivered
            self.entriesRead = entriesRead
            self.pending = pending
            self.consumers = consumers
        }
    }

    package var entries: [Entry]
    /// The number of live entries by the stream's own count.
    package var length: UInt64
    package var lastID: ID
    /// Nil before RDB type 19.
    package var firstID: ID?
    package var maximalDeletedID: ID?
    package var entriesAdded: UInt64?
    package var groups: [Group]

    package init(
        entries: [Entry],
        length: UInt64,
        lastID: ID,
        firstID: ID?,
        maximalDeletedID: ID?,
        entriesAdded: UInt64?,
        groups: [Group]
    ) {
        self.entries = entries
        self.length = length
        self.lastID = lastID
        self.firstID = firstID
        self.maximalDeletedID = maximalDeletedID
        self.entriesAdded = entriesAdded
        self.groups = groups
    }
}
