import ByteCoding
import NIOCore
import SnapshotModel

extension RestoreSample.Entry: Codable {
    private enum CodingKeys: String, CodingKey {
        case rank, unit, database, key, deadline, fieldEnd
    }

    /// Without the fingerprint, whose secret is the run's: keys of an earlier run are compared by presence and deadline.
    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        guard let key = Hexadecimal.decode(try values.decode(String.self, forKey: .key)) else {
            throw DecodingError.dataCorruptedError(forKey: .key, in: values, debugDescription: "not hexadecimal")
        }
        self.init(
            rank: try values.decode(UInt64.self, forKey: .rank),
            unit: try values.decode(Int.self, forKey: .unit),
            database: try values.decode(UInt32.self, forKey: .database),
            key: ByteBuffer(bytes: key),
            fingerprint: nil,
            deadline: try values.decodeIfPresent(UnixMilliseconds.self, forKey: .deadline),
            fieldEnd: try values.decodeIfPresent(UnixMilliseconds.self, forKey: .fieldEnd)
        )
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(rank, forKey: .rank)
        try values.encode(unit, forKey: .unit)
        try values.encode(database, forKey: .database)
        try values.encode(Hexadecimal.encode(key.readableBytesView), forKey: .key)
        try values.encodeIfPresent(deadline, forKey: .deadline)
        try values.encodeIfPresent(fieldEnd, forKey: .fieldEnd)
    }
}
