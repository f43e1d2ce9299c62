/// Where the steps of a graph are drawn: in layers by the longest way from the first steps, so that all lines run the same way,
/// and within a layer near to what they read.
package struct StepLayout: Sendable {
    /// The names of each layer, in order.
    package let layers: [[StepName]]
    /// What each step needs, but for what one of those needs already, by whatever way.
    package let links: [StepName: [StepName]]

    /// The steps come each after those that it needs; what is needed and not among them counts as not there.
    package init(_ steps: [(name: StepName, needs: [StepName])]) {
        var layer: [StepName: Int] = [:]
        var needs: [StepName: [StepName]] = [:]
        var readers: [StepName: [StepName]] = [:]
        /// All that each step comes after.
        var behind: [StepName: Set<StepName>] = [:]
        var layers: [[StepName]] = []
        for step in steps {
            let known = step.needs.filter { layer[$0] != nil }
            let number = (known.compactMap { layer[$0] }.max() ?? -1) + 1
            layer[step.name] = number
            let implied = known.reduce(into: Set<StepName>()) { $0.formUnion(behind[$1] ?? []) }
            behind[step.name] = implied.union(known)
            let direct = known.filter { !implied.contains($0) }
            needs[step.name] = direct
            for need in direct { readers[need, default: []].append(step.name) }
            if number == layers.count { layers.append([]) }
            layers[number].append(step.name)
        }
        // A few times back and forth, each layer in the order of the middles of its neighbours; that nearly always settles.
        for round in 0..<6 {
            let place = Self.places(layers)
            let neighbours = round % 2 == 0 ? needs : readers
            layers = layers.map { names in
                let middles = names.enumerated().map { index, name -> (name: StepName, middle: Double, index: Int) in
                    let places = (neighbours[name] ?? []).compactMap { place[$0] }
                    let own = place[name] ?? 0
                    return (name, places.isEmpty ? own : places.reduce(0, +) / Double(places.count), index)
                }
                return middles.sorted { ($0.middle, $0.index) < ($1.middle, $1.index) }.map(\.name)
            }
        }
        self.layers = layers
        links = needs
    }

    /// From 0 to 1, the middles of layers being one above the other.
    private static func places(_ layers: [[StepName]]) -> [StepName: Double] {
        var places: [StepName: Double] = [:]
        for names in layers {
            for (index, name) in names.enumerated() { places[name] = (Double(index) + 0.5) / Double(names.count) }
        }
        return places
    }
}
