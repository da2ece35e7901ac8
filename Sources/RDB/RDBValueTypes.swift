package import NIOCore
package import SnapshotModel

/// The table of value types, by engine, version and type number.
///
/// Type numbers collide between the engines: 22 and 23 are release-candidate hashes in Redis and other things in Valkey.
package enum RDBValueTypes {
    /// The newest versions that this program reads.
    package static let newestRedisVersion = 15
    package static let newestValkeyVersion = 81
    /// Valkey's own numbering starts here, and with it the magic VALKEY.
    package static let firstOwnValkeyVersion = 80

    static let templateListpack: UInt8 = 29
    static let templateListpackReference: UInt8 = 30
    static let templateArray: UInt8 = 31

    /// All rows, by type number.
    package static let rows: [RDBValueType] = RDBLayout.all.enumerated().map { index, layout in
        RDBValueType(
            type: layout.type,
            engines: layout.engines,
            minimumRDBVersion: layout.since,
            name: layout.name,
            encoding: layout.encoding,
            entry: layout.program == nil ? nil : RDBCode.shared.entries[index],
            refersToTemplate: layout.refersToTemplate
        )
    }

    /// The row of a type; nil if the engine does not define it in that version.
    package static func row(type: UInt8, format: PayloadFormat) -> RDBValueType? {
        guard let column = column(format) else { return nil }
        let index = columns[column * 256 + Int(type)]
        return index < 0 ? nil : rows[Int(index)]
    }

    /// Whether values of this format can be read at all.
    package static func supports(_ format: PayloadFormat) -> Bool { column(format) != nil }

    /// The newest version of an engine that can be read.
    package static func newestVersion(of engine: Engine) -> Int {
        engine == .valkey ? newestValkeyVersion : newestRedisVersion
    }

    /// What users call the value of a key: "hash", or "module:MBbloom--" with the data type's own name.
    ///
    /// `body` is the value's payload body, or at least its first bytes.
    package static func userName(type: UInt8, body: ByteBuffer, format: PayloadFormat) -> String? {
        if KeyMetadata.isMarked(by: type, format) {
            guard let parts = try? KeyMetadata(body: body) else { return nil }
            return userName(type: parts.type, body: parts.value, format: format)
        }
        guard let row = row(type: type, format: format) else { return nil }
        guard row.name == "module" else { return row.name }
        return body.withUnsafeReadableBytes { bytes in
            var lexer = RDBLexer()
            guard var next = bytes.baseAddress else { return row.name }
            let end = next + bytes.count
            guard let token = lexer.length(&next, end), token.isLength else { return row.name }
            return "module:" + RDBModuleID(rawValue: token.value).name
        }
    }

    /// For messages: " (hash, listpack with deadlines)" of a type that is known from some version on, or nothing.
    static func knownName(_ type: UInt8, _ format: PayloadFormat) -> String {
        let row = rows.first { $0.type == type && $0.engines.contains(format.engine) }
        return row.map { " (\($0.name), \($0.encoding))" } ?? ""
    }

    // Columns: Redis 1 to 15 (also what Valkey wrote up to 8.1), Valkey 80 and 81; each 256 indices into `rows`.
    private static let columns: [Int16] = {
        let formats =
            (1...newestRedisVersion).map { PayloadFormat(engine: .redis, rdbVersion: $0) }
            + (firstOwnValkeyVersion...newestValkeyVersion).map { PayloadFormat(engine: .valkey, rdbVersion: $0) }
        var columns = [Int16](repeating: -1, count: formats.count * 256)
        for (column, format) in formats.enumerated() {
            for (index, row) in rows.enumerated() where row.holds(in: format) {
                columns[column * 256 + Int(row.type)] = Int16(index)
            }
        }
        return columns
    }()

    private static func column(_ format: PayloadFormat) -> Int? {
        switch (format.engine, format.rdbVersion) {
        case (.redis, 1...newestRedisVersion), (.valkey, 1...11): format.rdbVersion - 1
        case (.valkey, firstOwnValkeyVersion...newestValkeyVersion):
            newestRedisVersion + format.rdbVersion - firstOwnValkeyVersion
        default: nil
        }
    }
}
