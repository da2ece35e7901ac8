import Transport

/// What ends a run before every record had its turn.
enum RestoreInterruption: Error {
    /// The target takes no further writes: its words.
    case refused(String)
}

extension RestoreResult.Ending {
    /// The ending that an error means.
    init(_ error: any Error) {
        switch error {
        case RestoreInterruption.refused(let text): self = .refused(text)
        case is CancellationError: self = .cancelled
        case let error as TransportError where error.code == .cancelled: self = .cancelled
        case let error as TransportError: self = .connectionLost(error)
        default: self = .damaged(error)
        }
    }
}
