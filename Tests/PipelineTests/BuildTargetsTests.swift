import Declaration
import MadeDeclaration
import Testing

@testable import Pipeline

/// What words behind `deploy build` mean, before anything is resolved. That the names are those of the plan's steps is looked at
/// where plans are made: DistributionsInUseTests.
@Suite struct BuildTargetsTests {
    @Test(arguments: [
        (["ubuntu"], ["ubuntu"]), (["3"], ["ubuntu"]), (["ubuntu/mirror", "live/root"], ["ubuntu"]),
        (["iso", "2"], ["debian"]),
        (["1", "rpm", "ubuntuish", "/ubuntu"], []), ([], []),
    ])
    func aTargetNamesADistributionByNameByStageAndByStep(targets: [String], named: [String]) throws {
        #expect(try MadeDeclaration.parse(MadeDeclaration.withUbuntu()).distributions(named: targets) == Set(named))
    }

    @Test(arguments: [
        (["rpm"], ["centos"]), (["4"], ["centos"]), (["centos/mirror"], ["centos"]), (["rhel"], ["rhel"]),
        (["iso"], []),
    ])
    func theStageMeansEveryDistributionWhosePackagesTheImageMayCarry(targets: [String], named: [String]) throws {
        #expect(try MadeDeclaration.parse(MadeDeclaration.rpmText).distributions(named: targets) == Set(named))
    }
}
