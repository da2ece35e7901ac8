/// Transcripts of what a server sends for a full synchronisation.
enum ReplicaSamples {
    static let replicationID = "75cd7bc10c49047e0d163660f3b90625b1af31dc"
    static let marker = "d39b0a4c11e2f8574a0b6d1c92e3f40586a7b8c9"
    /// Contains line ends, a `$` and the beginning of the marker, none of which may matter.
    static let payload = Array(
        ("REDIS0011\n\r\n$5\r\n" + marker.prefix(39) + "!" + marker.prefix(20) + "\u{0}end").utf8
    )

    static let acknowledgement = "\n+FULLRESYNC \(replicationID) 1234\r\n\n\n"

    static let marked = Array("\(acknowledgement)$EOF:\(marker)\r\n".utf8) + payload + Array(marker.utf8)
    static let counted = Array("\(acknowledgement)$\(payload.count)\r\n".utf8) + payload
}
