import ByteCoding
import NIOCore
import RDB
import SnapshotModel

extension RestoreSample.Entry: Codable {
    private enum CodingKeys: String, CodingKey {
        case rank, unit, database, key, value, deadline, fieldEnd
    }

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
            // A journal of a program that noted none, or in another form.
            fingerprint: try values.decodeIfPresent(String.self, forKey: .value)
                .flatMap { ValueFingerprint(journaled: $0) },
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
        try values.encodeIfPresent(fingerprint?.journaled, forKey: .value)
        try values.encodeIfPresent(deadline, forKey: .deadline)
        try values.encodeIfPresent(fieldEnd, forKey: .fieldEnd)
    }
}

extension ValueFingerprint {
    /// `kind:content:content`, and of a hash with deadlines `:earliest:weight:sum`; hexadecimal.
    fileprivate var journaled: String {
        var words = [UInt64(kind.rawValue), content.first, content.second]
        if let fieldDeadlines {
            let earliest = UInt64(bitPattern: fieldDeadlines.earliest.rawValue)
            words += [earliest, fieldDeadlines.weight, fieldDeadlines.weightedSum]
        }
        return words.map { String($0, radix: 16) }.joined(separator: ":")
    }

    fileprivate init?(journaled text: String) {
        let words = text.split(separator: ":").compactMap { UInt64($0, radix: 16) }
        guard words.count == 3 || words.count == 6, let number = UInt8(exactly: words[0]),
            let kind = Kind(rawValue: number)
        else { return nil }
        self.init(kind: kind, content: Digest128(first: words[1], second: words[2]))
        if words.count == 6 {
            fieldDeadlines = FieldDeadlineFingerprint(
                earliest: UnixMilliseconds(Int64(bitPattern: words[3])),
                weight: words[4],
                weightedSum: words[5]
            )
        }
    }
}
