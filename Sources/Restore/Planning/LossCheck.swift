import ArchiveFormat
import ArchiveIO
package import NIOCore
import RDB
package import SnapshotModel

/// Finds out, before the first write, which records of a snapshot a target cannot hold: `--strict`.
///
/// The statistics of a snapshot know types by their names alone, so the archives are read, and of each record its head;
/// of hashes whose fields may have deadlines also the body. That takes as long as decompressing the archives.
package struct LossCheck: Sendable {
    /// A value that only the target itself can judge: one of each module.
    package struct Trial: Sendable {
        package var typeName: String
        /// A whole DUMP payload.
        package var payload: ByteBuffer
    }

    /// Records that have no way to the target, by reason.
    package private(set) var accounting = RestoreAccounting()
    /// One value of each module that the snapshot has values of, the first that is in one block.
    package private(set) var trials: [Trial] = []
    /// Records of each module, by the name of its type.
    private var moduleCounts: [String: UInt64] = [:]
    private let pump: RecordPump
    /// For a Memcached target.
    private let items: ItemPump?
    private let typeNames: [String]

    package init(_ plan: RestorePlan, _ manifest: Manifest, now: UnixMilliseconds) {
        let format = manifest.format
        let names = (0...UInt8.max).map { PayloadTypes.name(type: $0, format: format) }
        typeNames = names.enumerated().map { $0.element ?? "type \($0.offset)" }
        let filter = RecordFilter(plan.options) { names[Int($0)] }
        let resolver = DeadlineResolver(mode: plan.options.deadlineMode, instant: manifest.instant, start: now)
        items = plan.itemDialect.map { dialect in
            ItemPump(
                format,
                filter: filter,
                resolver: resolver,
                dialect: dialect,
                database: plan.options.databases.first?.source ?? 0
            )
        }
        pump = RecordPump(
            format: format,
            filter: filter,
            resolver: resolver,
            encoder: RecordEncoder(plan.dialect),
            routes: plan.routes
        )
    }

    /// Looks at every record of the archives; damaged blocks are passed over, as the restore itself tells of them.
    package mutating func look(at parts: [RestorePart], now: UnixMilliseconds) async throws {
        for part in parts {
            let parallelism = ArchiveConcurrency.coreCount
            self = try await part.reader.withBlocks(part.blockNumbers, parallelism: parallelism) { [self] stream in
                var check = self
                while let outcome = try await stream.nextOutcome() {
                    if case .decoded(let block) = outcome { try check.look(at: block, of: part, now: now) }
                }
                return check
            }
        }
    }

    private mutating func look(
        at block: DecodedBlock,
        of part: RestorePart,
        now: UnixMilliseconds
    ) throws(ArchiveError) {
        var state = BlockProgress(block, of: part)
        while let layout = try state.nextKey() {
            if let items {
                let chain = layout.chunk.flatMap { _ in part.reader.chains[block.header.number] }
                look(at: layout, in: block.bytes, totalByteCount: chain?.totalByteCount, items, now: now)
            } else {
                look(at: layout, in: block.bytes, now: now)
            }
        }
    }

    private mutating func look(at layout: RecordLayout, in bytes: ByteBuffer, now: UnixMilliseconds) {
        let route = pump.routes[layout.type]
        let name = typeNames[Int(layout.type)]
        if case .restore = route, name != "module" { return }
        let fate = bytes.withUnsafeReadableBytes { all in
            pump.fate(layout, in: bytes, key: UnsafeRawBufferPointer(rebasing: all[layout.keyRange]), now: now)
        }
        guard case .send = fate else { return }
        if name == "module" {
            noteModule(layout, in: bytes)
        } else if route == .unsupported {
            accounting.add(to: .unsupported, because: .unknownType(name))
        } else if case .rewrite(let form) = route, form != .plainHash || !pump.hasFieldDeadlines[Int(layout.type)] {
            return
        } else if layout.chunk != nil {
            // Whether its fields have deadlines only the whole value tells.
            accounting.add(to: .unsupported, because: .fieldDeadlines(name))
        } else if case .failure(let unsupported) = pump.rewritten(layout, in: bytes, now: now) {
            accounting.add(to: .unsupported, because: unsupported.reason)
        }
    }

    private mutating func look(
        at layout: RecordLayout,
        in bytes: ByteBuffer,
        totalByteCount: UInt64?,
        _ items: ItemPump,
        now: UnixMilliseconds
    ) {
        let form = items.form(
            of: layout,
            in: bytes,
            isPresent: false,
            totalByteCount: totalByteCount.map { Int(clamping: $0) },
            typeName: typeNames[Int(layout.type)],
            now: now
        )
        guard case .failure(let obstacle) = form, obstacle.recordClass == .unsupported else { return }
        accounting.add(to: .unsupported, because: obstacle.reason)
    }

    private mutating func noteModule(_ layout: RecordLayout, in bytes: ByteBuffer) {
        let body = layout.body(in: bytes)
        let name = RDBValueTypes.userName(type: layout.type, body: body, format: pump.format) ?? "module"
        moduleCounts[name, default: 0] += 1
        guard layout.chunk == nil, !trials.contains(where: { $0.typeName == name }) else { return }
        var payload = ByteBuffer()
        let version = Int(pump.routes.version(of: layout.type))
        DumpPayload.write(type: layout.type, body: body, rdbVersion: version, into: &payload)
        trials.append(Trial(typeName: name, payload: payload))
    }

    /// Notes that the target refused the value of a module, and with it all of that module.
    package mutating func noteRefusal(of trial: Trial) {
        accounting.add(moduleCounts[trial.typeName] ?? 0, to: .unsupported, because: .unknownType(trial.typeName))
    }
}
