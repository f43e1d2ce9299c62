#!/usr/bin/env bats
# What finds declarations without a docstring, judged by small files: in each, what is to be found says so at the end of its line.

lint=$BATS_TEST_DIRNAME/docstrings

# judge: the file on standard input is found wanting on just the lines that end in "// found".
judge() {
    cat > "$BATS_TEST_TMPDIR/Sample.swift"
    local wanted
    wanted=$(grep -n '// found$' "$BATS_TEST_TMPDIR/Sample.swift" | cut -d: -f1) || :
    run "$lint" "$BATS_TEST_TMPDIR/Sample.swift"
    [[ $(sed -nE 's|^.*/Sample\.swift:([0-9]+): .* has no docstring$|\1|p' <<< "$output") == "$wanted" ]] || { echo "$output" && return 1; }
    [[ $status == $([[ -n $wanted ]] && echo 1 || echo 0) ]]
    [[ -z $wanted || ${#lines[@]} == $(wc -l <<< "$wanted") ]]
}

@test "whatever is package or public, and says nothing, is found once with its line" {
    judge <<'SWIFT'
package import Primitives

package struct Sample: Sendable { // found
    package let size: Int // found

    /// In seconds.
    package var age: Int { 3 }
    package private(set) var name = "package let quoted: Int" // found
    let own: Int
    package enum Kind { case good, bad } // found

    package init(size: Int) { // found
        self.size = size * 2
        own = 0
    }

    package init?(_ size: Int) { self.size = size } // found
    @inlinable
    package func asText() -> String { "\(size)" } // found
    /// A number more.
    @inlinable
    @discardableResult
    package mutating func grown() -> Int { 4 }
    package static func + (a: Sample, b: Sample) -> Sample { a } // found
    package subscript(place: Int) -> Int { place } // found
}

// A comment is no docstring.
public typealias Other = Sample // found

/// Something to ask.
package protocol Asked {
    var answer: Int { get } // found
    /// It is asked.
    func ask()
}

extension Sample {
    package var half: Int { size / 2 } // found
    /* package var gone: Int */
}
SWIFT
    [[ ${lines[0]} == "$BATS_TEST_TMPDIR/Sample.swift:3: Sample has no docstring" ]]
    [[ ${lines[1]} == "$BATS_TEST_TMPDIR/Sample.swift:4: Sample.size has no docstring" ]]
}

@test "no docstring is needed by what says nothing of its own" {
    judge <<'SWIFT'
/// A sample.
package struct Sample: Comparable, CustomStringConvertible {
    let size: Int
    var name: String

    package init(size: Int, named name: String = "none") {
        self.size = size
        self.name = name
    }

    package init(_ size: Int, _ name: String) { (self.size, self.name) = (size, name) }

    package var description: String { name }
    package static func == (a: Sample, b: Sample) -> Bool { a.size == b.size }
    package static func < (a: Sample, b: Sample) -> Bool { a.size < b.size }
}

extension Sample: Hashable {
    package func hash(into hasher: inout Hasher) { hasher.combine(size) }
}

/// An error.
package enum Wrong: UserError {
    case first
    case second(Int)

    package var what: String { "wrong" }
    package var hint: String? { nil }
    package var isUsageError: Bool { true }
}

/// A type that says nothing of these protocols.
package struct Plain {
    package var description: String { "" } // found
    package var what: String { "" } // found
    package static func < (a: Plain, b: Plain) -> Bool { false } // found
}
SWIFT
}

@test "one docstring speaks for properties of the same type right below it, and for nothing else" {
    judge <<'SWIFT'
/// A sample.
package struct Sample {
    /// Seconds since 1970.
    package let modified: Int64
    package let changed: Int64
    package let name: String // found
    package let size: Int64 // found

    /// The first and the last.
    package let first: [String: Int] = [
        "a": 1
    ]
    package let last: [String: Int]

    package let other: [String: Int] // found
    /// Half and all of it.
    package var half: Int { 1 }
    package var all: Int { 2 } // found
}
SWIFT
    run "$lint" --runs "$BATS_TEST_TMPDIR/Sample.swift"
    [[ $status == 0 && ${#lines[@]} == 2 ]]
    [[ ${lines[0]} == "$BATS_TEST_TMPDIR/Sample.swift:5: Sample.changed is left to the docstring of modified" ]]
    [[ ${lines[1]} == "$BATS_TEST_TMPDIR/Sample.swift:13: Sample.last is left to the docstring of first" ]]
}

@test "this repository has none without" {
    cd "$BATS_TEST_DIRNAME/../.."
    run "$lint"
    [[ $status == 0 && -z $output ]] || { echo "$output" && return 1; }
}
