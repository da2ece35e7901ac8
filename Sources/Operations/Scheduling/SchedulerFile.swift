/// A file for a scheduler: a unit of systemd, or lines for a crontab.
package struct SchedulerFile: Hashable, Sendable {
    package let name: String
    package let text: String
}
