/// What a drill is at; told with what stands in its way.
enum DrillStage: Sendable {
    /// Nothing was written yet.
    case preparing
    case restoring
    case comparing

    /// What goes behind a reason: ", while the snapshot was being restored"; empty where there is nothing to add.
    var words: String {
        switch self {
        case .preparing: ""
        case .restoring: ", while the snapshot was being restored"
        case .comparing: ", while the node was being compared"
        }
    }
}
