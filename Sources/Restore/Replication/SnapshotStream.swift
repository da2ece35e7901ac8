import ArchiveFormat
import ArchiveIO
package import NIOCore
import RDB
import SnapshotModel

/// Writes what is wanted of a snapshot as one RDB stream, in one pass.
///
/// ```
/// archive -blocks, decoded ahead in parallel-> filter, deadline -> RDBStreamWriter -pieces of 512 KiB-> sink
/// ```
/// A value over several blocks goes along block by block: no more than a piece of it is in memory. One task owns the
/// stream, and runs it once.
package final class SnapshotStream {
    /// A value over several blocks that has begun.
    private enum Chain {
        case skipped
        case written(nextNumber: UInt32, nextOffset: UInt64)
    }

    /// Where a key goes, and when it ends there.
    private struct KeyEnd {
        var database: UInt32
        var deadline: Int64?
        var fieldEnd: UnixMilliseconds?
    }

    /// The stream is handed on in pieces of about this many bytes.
    package static let pieceByteCount = 512 << 10
    /// Blocks decoded at the same time.
    private static let decodingTaskLimit = 4

    private let request: Request
    private let pump: RecordPump
    private let conversion: RDBConversion
    private let progress: (RestoreProgress) -> Void
    private var writer: RDBStreamWriter
    private let typeNames: [String?]
    private let wantsModuleAuxiliary: Bool
    private var selected: UInt32?
    private var sizedDatabases: Set<UInt32> = []
    /// When the keys end that were written since the last piece, all of database `selected`; 0 for never.
    private var ends: [(deadline: Int64, fieldEnd: Int64)] = []
    private var chain: Chain?
    private var handledRecordCount: UInt64 = 0
    private let recordTotal: UInt64

    package private(set) var counts: StreamCounts

    package init(_ request: Request, progress: @escaping (RestoreProgress) -> Void = { _ in }) {
        self.request = request
        self.progress = progress
        let manifest = request.manifest
        let options = request.options
        let typeNames = (0...UInt8.max).map { RDBValueTypes.row(type: $0, format: manifest.format)?.name }
        self.typeNames = typeNames
        conversion = RDBConversion(from: manifest.format, to: request.format)
        writer = RDBStreamWriter(conversion)
        // What only commands are limited by does not matter here.
        let dialect = CommandDialect(
            replacesKeys: false,
            knowsSetDeadline: false,
            accessUse: .none,
            rdbVersion: UInt16(clamping: request.format.rdbVersion),
            largestArgumentByteCount: .max
        )
        pump = RecordPump(
            format: manifest.format,
            filter: RecordFilter(options) { typeNames[Int($0)] },
            resolver: DeadlineResolver(options, manifest, start: request.start),
            encoder: RecordEncoder(dialect),
            routes: RecordRoutes(from: manifest.format, toStreamOf: request.format)
        )
        wantsModuleAuxiliary = options.types.isEmpty && options.databases.isEmpty && !options.filtersByName
        recordTotal = request.parts.reduce(0) { $0 + $1.descriptor.recordCount }
        counts = StreamCounts(
            captured: manifest.keyCount + manifest.consistency.duplicateKeyCount,
            capturedLibraries: manifest.statistics.functionLibraryCount,
            start: request.start,
            seed: options.sampleSeed
        )
    }

    /// Hands the whole stream to `sink`, piece by piece; `counts` are complete also if this throws.
    package func run(_ sink: (ByteBuffer) async throws -> Void) async throws {
        do {
            writeFields()
            for index in request.parts.indices { try await writeBlocks(ofPart: index, sink) }
            writer.end()
            try await handOn(sink)
        } catch {
            count()
            counts.settle(isFinished: false, isSalvage: request.options.salvage)
            throw error
        }
        counts.settle(isFinished: true, isSalvage: request.options.salvage)
    }

    /// The fields that servers show in their log, and `import` reads.
    private func writeFields() {
        let source = request.manifest.source
        let isValkey = request.format.engine == .valkey
        writer.writeField(isValkey ? "valkey-ver" : "redis-ver", source.serverVersion)
        writer.writeField("redis-bits", "64")
        writer.writeField("ctime", String(request.manifest.instant.rawValue / 1000))
        writer.writeField("rewarm-snapshot", request.manifest.id.text)
    }

    // MARK: Blocks

    private func writeBlocks(ofPart index: Int, _ sink: (ByteBuffer) async throws -> Void) async throws {
        let part = request.parts[index]
        let parallelism = min(ArchiveConcurrency.coreCount, Self.decodingTaskLimit)
        chain = nil
        try await part.reader.withBlocks(parallelism: parallelism) { stream in
            while let outcome = try await stream.nextOutcome() {
                switch outcome {
                case .decoded(let block): try await write(block, ofPart: index, sink)
                case .lost(let entry, let error): try lose(entry, error)
                }
            }
        }
        guard chain == nil || request.options.salvage else {
            throw ArchiveError.malformed(.header, reason: "the last value of part \(part.descriptor.number) has no end")
        }
    }

    private func lose(_ entry: IndexEntry, _ error: ArchiveError) throws {
        // A value that has begun was found whole before; if it is not any more, the stream is spoilt.
        if case .written? = chain { throw error }
        guard request.options.salvage else { throw error }
        chain = nil
        handledRecordCount += UInt64(entry.header.recordCount)
        counts.lostBlocks.append(error.description)
    }

    private func write(
        _ block: DecodedBlock,
        ofPart index: Int,
        _ sink: (ByteBuffer) async throws -> Void
    ) async throws {
        let part = request.parts[index]
        let number = block.header.number
        var state = BlockProgress(block, of: part, at: index)
        while let layout = try state.next() {
            if layout.isContinuation {
                try goOn(layout, block)
            } else {
                handledRecordCount += 1
                let valueChain = layout.chunk == nil ? nil : part.reader.chains[number]
                if layout.chunk != nil, let loss = await loss(of: valueChain, part.reader, block) {
                    lose(layout, loss)
                } else if state.isSuperseded(layout.ordinal) {
                    counts.accounting.add(to: .duplicate)
                    if layout.chunk != nil { chain = .skipped }
                } else {
                    try begin(layout, state, byteCount: valueChain?.totalByteCount)
                }
            }
            if writer.pending.readableBytes >= Self.pieceByteCount { try await handOn(sink) }
        }
    }

    /// Why a value over several blocks cannot be had as a whole; looked for only in salvage, before it begins.
    private func loss(of chain: ValueChain?, _ reader: ArchiveReader, _ block: DecodedBlock) async -> String? {
        guard request.options.salvage else { return nil }
        guard let chain else { return "the value that begins in \(block.location) is not there as a whole" }
        do {
            var chunks = reader.chunks(of: chain)
            while try await chunks.next() != nil {}
            return nil
        } catch {
            return String(describing: error)
        }
    }

    private func lose(_ layout: RecordLayout, _ loss: String) {
        counts.lostBlocks.append(loss)
        if layout.kind == .key { counts.accounting.add(to: .lostBlock) }
        if layout.kind == .functionLibrary { counts.libraries.add(to: .lostBlock) }
        chain = .skipped
    }

    // MARK: Records

    /// Begins a record; `byteCount` is that of the value if it lies in several blocks.
    private func begin(_ layout: RecordLayout, _ block: borrowing BlockProgress, byteCount: UInt64?) throws {
        guard chain == nil else {
            throw ArchiveError.malformed(.header, reason: "a value ends before its last chunk in block \(block.number)")
        }
        let bytes = block.cursor.bytes
        let isWritten =
            switch layout.kind {
            case .key: try writeKey(layout, block, byteCount: byteCount)
            case .functionLibrary: writeLibrary(layout.body(in: bytes))
            case .moduleAuxiliary: writeModuleAuxiliary(layout.body(in: bytes))
            }
        guard layout.chunk != nil else { return }
        chain = isWritten ? .written(nextNumber: 1, nextOffset: UInt64(layout.bodyRange.count)) : .skipped
    }

    /// A further chunk of the value that was begun last.
    private func goOn(_ layout: RecordLayout, _ block: DecodedBlock) throws {
        guard let position = layout.chunk else { return }
        switch chain {
        case .skipped: break
        case .written(let number, let offset):
            guard position.number == number, position.byteOffset == offset else {
                throw ArchiveIOError.brokenChain(block.location)
            }
            writer.writePart(layout.body(in: block.bytes))
            chain = .written(nextNumber: number + 1, nextOffset: offset + UInt64(layout.bodyRange.count))
        case nil:
            // Its beginning is lost, and was counted there.
            guard request.options.salvage else { throw ArchiveIOError.brokenChain(block.location) }
        }
        if position.isLast { chain = nil }
    }

    private func writeLibrary(_ body: ByteBuffer) -> Bool {
        if case .unwanted(let reason) = pump.filter.decideFunctionLibrary() {
            counts.libraries.add(to: .filtered, because: reason)
            return false
        }
        guard conversion.holdsFunctions else {
            counts.libraries.add(to: .unsupported, because: .unknownType("function"))
            return false
        }
        writer.writeFunctionLibrary(body)
        counts.libraries.add(to: .restored)
        return true
    }

    private func writeModuleAuxiliary(_ body: ByteBuffer) -> Bool {
        guard wantsModuleAuxiliary, conversion.holdsModuleAuxiliary else { return false }
        writer.writeModuleAuxiliary(body)
        counts.moduleAuxiliaryCount += 1
        return true
    }

    private func writeKey(
        _ layout: RecordLayout,
        _ block: borrowing BlockProgress,
        byteCount: UInt64?
    ) throws -> Bool {
        let bytes = block.cursor.bytes
        let rank = counts.sample.rank(part: block.part, block: block.number, ordinal: layout.ordinal)
        let result = bytes.withUnsafeReadableBytes { all in
            Swift.Result { () throws(RDBError) in
                let key = UnsafeRawBufferPointer(rebasing: all[layout.keyRange])
                return try writeKey(layout, bytes, key, all, rank: rank, byteCount: byteCount)
            }
        }
        return try result.get()
    }

    private func writeKey(
        _ layout: RecordLayout,
        _ bytes: ByteBuffer,
        _ key: UnsafeRawBufferPointer,
        _ all: UnsafeRawBufferPointer,
        rank: UInt64,
        byteCount: UInt64?
    ) throws(RDBError) -> Bool {
        let now = request.now ?? UnixMilliseconds(.min)
        let database: UInt32
        let deadline: Int64?
        switch pump.fate(layout, in: bytes, key: key, now: now) {
        case .none(let recordClass, let reason):
            counts.accounting.add(to: recordClass, because: reason)
            return false
        case .send(let destination, let instant): (database, deadline) = (destination, instant)
        }
        let isWhole = byteCount == nil
        let typeName = typeNames[Int(layout.type)] ?? "type \(layout.type)"
        let form: RecordPump.Rewritten?
        switch pump.streamForm(of: layout, in: bytes, isWhole: isWhole, typeName: typeName, now: now) {
        case .success(let rewritten): form = rewritten
        case .failure(let unsupported):
            counts.accounting.add(to: .unsupported, because: unsupported.reason)
            return false
        }
        let fieldEnd = pump.streamFieldEnd(layout, bytes, isWhole: isWhole, now: now)
        if case .expired = fieldEnd {
            counts.accounting.add(to: .expired)
            return false
        }
        let end = KeyEnd(database: database, deadline: deadline, fieldEnd: fieldEnd.instant)
        select(database, from: layout.database)
        if let form {
            try write(form.type, key, form.body, deadline, layout.access)
            counts.accounting.note(form.losses, typeName: typeName)
            let scope = counts.sample.scope
            note(
                key,
                pump.originalFingerprint(layout, in: bytes, form.losses, now: request.start, scope),
                end,
                rank
            )
        } else {
            let body = UnsafeRawBufferPointer(rebasing: all[layout.bodyRange])
            try writer.writeKey(key, type: layout.type, body: body, deadline: deadline, access: layout.access)
            note(key, isWhole ? fingerprint(layout, bytes) : nil, end, rank)
        }
        ends.append((deadline ?? 0, end.fieldEnd?.rawValue ?? 0))
        return true
    }

    private func write(
        _ type: UInt8,
        _ key: UnsafeRawBufferPointer,
        _ body: ByteBuffer,
        _ deadline: Int64?,
        _ access: AccessData
    ) throws(RDBError) {
        let result = body.withUnsafeReadableBytes { bytes in
            Swift.Result { () throws(RDBError) in
                try writer.writeKey(key, type: type, body: bytes, deadline: deadline, access: access)
            }
        }
        try result.get()
    }

    private func select(_ database: UInt32, from source: UInt32) {
        guard selected != database else { return }
        count()
        let isFirst = sizedDatabases.insert(database).inserted
        let isWhole = request.options.types.isEmpty && !request.options.filtersByName
        let size = isFirst && isWhole ? request.manifest.statistics.databases[Int(source)] : nil
        writer.select(database, size: size)
        selected = database
    }

    /// Puts a key into the sample, if it is to be in it; of a value over several blocks there is no
    /// fingerprint.
    private func note(
        _ key: UnsafeRawBufferPointer,
        _ fingerprint: @autoclosure () -> ValueFingerprint?,
        _ end: KeyEnd,
        _ rank: UInt64
    ) {
        guard request.takesSample, counts.sample.wants(rank, keyByteCount: key.count) else { return }
        counts.sample.insert(
            RestoreSample.Entry(
                rank: rank,
                database: end.database,
                key: ByteBuffer(bytes: key),
                fingerprint: fingerprint(),
                deadline: end.deadline.map { UnixMilliseconds($0) },
                fieldEnd: end.fieldEnd
            )
        )
    }

    private func fingerprint(_ layout: RecordLayout, _ bytes: ByteBuffer) -> ValueFingerprint? {
        pump.fingerprint(layout, layout.body(in: bytes), now: request.start, counts.sample.scope)
    }

    // MARK: Pieces

    private func handOn(_ sink: (ByteBuffer) async throws -> Void) async throws {
        try Task.checkCancellation()
        count()
        try await sink(writer.take())
        counts.byteCount = writer.byteCount
        progress(
            RestoreProgress(recordCount: handledRecordCount, recordTotal: recordTotal, sentByteCount: writer.byteCount)
        )
    }

    /// Counts the keys that were written since the last piece.
    private func count() {
        guard let selected, !ends.isEmpty else { return }
        counts.keyspace.update(selected) { database in
            for end in ends { database.add(deadline: end.deadline, fieldEnd: end.fieldEnd) }
        }
        counts.accounting.add(UInt64(ends.count), to: .restored)
        ends.removeAll(keepingCapacity: true)
    }
}
