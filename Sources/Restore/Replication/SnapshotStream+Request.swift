package import SnapshotModel

extension SnapshotStream {
    /// What is asked of a stream.
    package struct Request: Sendable {
        package var manifest: Manifest
        package var parts: [RestorePart]
        package var options: RestoreOptions
        /// What the stream is written as.
        package var format: PayloadFormat
        /// From when on remaining lives count.
        package var start: UnixMilliseconds
        /// Keys whose deadline has passed by then stay out; nil keeps them all.
        package var now: UnixMilliseconds?
        /// Whether some keys are noted to be read back.
        package var takesSample = false

        package init(
            manifest: Manifest,
            parts: [RestorePart],
            options: RestoreOptions,
            format: PayloadFormat,
            start: UnixMilliseconds
        ) {
            self.manifest = manifest
            self.parts = parts
            self.options = options
            self.format = format
            self.start = start
        }
    }
}
