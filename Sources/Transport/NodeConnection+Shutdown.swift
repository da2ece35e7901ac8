import RESP

extension NodeConnection {
    /// Tells the server to end without saving anything; whether it does shows in its process alone.
    package func shutDownWithoutSaving() async {
        _ = try? await reply(to: ["SHUTDOWN", "NOSAVE"])
    }
}
