/// One of the stages of a build: a name to give as a target, and a title to show.
package struct Stage: Hashable, Sendable {
    /// The place in the build, from 1; what people call "stage 2".
    package let number: Int
    /// What is typed: "debian".
    package let name: String
    /// What is shown: "debian darksite".
    package let title: String

    package init(number: Int, name: String, title: String) {
        self.number = number
        self.name = name
        self.title = title
    }
}
