import Declaration
import Locking
import Packages

extension Declaration {
    /// Whether the image that RPM packages are judged in is needed when the distributions `named` are in use, too. It stays
    /// `locked` as long as there is a use for it, as what is locked of a distribution stays when it is not in use.
    func usesRPM(naming named: Set<String>, locked: Lock?) -> Bool {
        let rpm = distributions.filter { $0.family == .rpm && !$0.isOnline }.map(\.name)
        guard distributionsInUse.union(named).isDisjoint(with: rpm) else { return true }
        guard case .made(let distribution, _, _) = builder, let locked = locked?[distribution] else { return false }
        return !rpm.isEmpty && !locked.packages(of: InternalProfile.rpmBuilder.rawValue).isEmpty
    }
}
