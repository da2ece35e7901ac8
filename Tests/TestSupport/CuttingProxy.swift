import Foundation
import Synchronization

/// A proxy in front of a server's TCP port that breaks connections at any byte, or keeps answers back.
///
/// What passes is counted over all connections and both ways.
package final class CuttingProxy: Sendable {
    private struct State {
        /// Where new connections lead.
        var serverPort: Int
        /// Bytes that may pass before everything is cut; nil for no limit.
        var budget: Int?
        var passedByteCount = 0
        var cutCount = 0
        var connectionCount = 0
        var keepsAnswersBack = false
        var refuses = false
        /// What is done, once, before the server is sent a text.
        var marker: [UInt8] = []
        var atMarker: (@Sendable () -> Void)?
        var live: [Int: (client: Int32, server: Int32)] = [:]
    }

    /// The loopback port that it listens on.
    package let port: Int
    private let listener: Int32
    private let state: Mutex<State>

    package convenience init(to server: RedisServer) throws { try self.init(toPort: server.port) }

    /// A proxy in front of any server.
    package init(toPort port: Int) throws {
        state = Mutex(State(serverPort: port))
        (listener, self.port) = try SocketCalls.listenOnLoopback()
        Thread { [listener, weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                if descriptor < 0, errno == EINTR { continue }
                guard descriptor >= 0, let proxy = self else {
                    if descriptor >= 0 { close(descriptor) }
                    break
                }
                proxy.serve(descriptor)
            }
            close(listener)
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    package var url: String { "redis://127.0.0.1:\(port)" }
    package var passedByteCount: Int { state.withLock { $0.passedByteCount } }
    /// How often connections were cut.
    package var cutCount: Int { state.withLock { $0.cutCount } }
    package var connectionCount: Int { state.withLock { $0.connectionCount } }

    /// Cuts every connection when so many further bytes have passed; those after it are not cut.
    package func cut(after byteCount: Int) {
        state.withLock { $0.budget = byteCount }
    }

    /// Cuts every connection now.
    package func cut() {
        state.withLock { Self.cut(&$0) }
    }

    /// From now on nothing of what the server says passes on the connections that are there; new ones work.
    package func keepAnswersBack() {
        state.withLock { $0.keepsAnswersBack = true }
    }

    /// Closes new connections at once, until it is told otherwise.
    package func refuse(_ refuses: Bool) {
        state.withLock { $0.refuses = refuses }
    }

    /// New connections go to another server; those that are there stay where they are.
    package func lead(to server: RedisServer) { lead(toPort: server.port) }

    package func lead(toPort port: Int) {
        state.withLock { $0.serverPort = port }
    }

    /// Does something, once, before the server is sent the next command that has `text` in it; the command waits for it.
    package func whenServerIsSent(_ text: String, _ body: @escaping @Sendable () -> Void) {
        state.withLock {
            $0.marker = Array(text.utf8)
            $0.atMarker = body
        }
    }

    private func waitAtMarker(_ received: [UInt8]) {
        let body = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.atMarker != nil, received.contains(state.marker) else { return nil }
            return state.atMarker.take()
        }
        body?()
    }

    private static func cut(_ state: inout State) {
        state.budget = nil
        state.cutCount += 1
        for pair in state.live.values {
            // Whoever has not read yet sees a reset.
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
            shutdown(pair.client, Int32(SHUT_RDWR))
            shutdown(pair.server, Int32(SHUT_RDWR))
        }
    }

    private func serve(_ client: Int32) {
        let (refuses, serverPort) = state.withLock { ($0.refuses, $0.serverPort) }
        guard !refuses, let server = try? SocketCalls.connect(loopbackPort: serverPort) else {
            close(client)
            return
        }
        let number = state.withLock { state in
            state.connectionCount += 1
            state.keepsAnswersBack = false
            state.live[state.connectionCount] = (client, server)
            return state.connectionCount
        }
        let ended = Mutex(0)
        let endings = Endings { [weak self] in
            let count = ended.withLock { count in
                count += 1
                return count
            }
            guard count == 2 else { return }
            self?.state.withLock { $0.live[number] = nil }
            close(client)
            close(server)
        }
        Thread { [weak self] in
            self?.pass(from: client, to: server, isAnswer: false)
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
            endings.body()
        }.start()
        Thread { [weak self] in
            self?.pass(from: server, to: client, isAnswer: true)
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
            endings.body()
        }.start()
    }

    /// What both threads of a connection do at their end.
    private struct Endings: Sendable {
        let body: @Sendable () -> Void
    }

    private func pass(from source: Int32, to destination: Int32, isAnswer: Bool) {
        var keepsBack = false
        while true {
            var received: [UInt8] = []
            do {
                try SocketCalls.read(from: source, appendingTo: &received)
            } catch RedisClientError.timedOut {
                continue
            } catch {
                return
            }
            let (allowed, isCut) = state.withLock { state -> (Int, Bool) in
                if isAnswer, state.keepsAnswersBack { keepsBack = true }
                guard let budget = state.budget, received.count >= budget else {
                    state.budget = state.budget.map { $0 - received.count }
                    state.passedByteCount += received.count
                    return (received.count, false)
                }
                state.passedByteCount += budget
                state.budget = 0
                return (budget, true)
            }
            if keepsBack { continue }
            if !isAnswer { waitAtMarker(received) }
            if allowed > 0 { try? SocketCalls.writeAll(Array(received.prefix(allowed)), to: destination) }
            if isCut {
                state.withLock { Self.cut(&$0) }
                return
            }
        }
    }
}
