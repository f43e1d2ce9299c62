import Primitives
import Testing

@Suite struct SecureHashTests {
    /// The examples of FIPS 180-4, as coreutils has them.
    @Test func hashesAreThoseOfTheStandard() {
        let abc = Array("abc".utf8)
        #expect(
            SecureHash.sha224.digits(of: abc)
                == "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7")
        #expect(
            SecureHash.sha256.digits(of: abc)
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SecureHash.sha384.digits(of: abc)
                == "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                + "8086072ba1e7cc2358baeca134c825a7")
        #expect(
            SecureHash.sha512.digits(of: abc)
                == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
    }
}
