import Archives
import Primitives

/// What brings a clone its name and somebody who may log in: a disk with cloud-init's data (its data source NoCloud).
struct CloudSeed: Sendable {
    let hostname: String
    let user: String
    /// Letters and digits.
    let password: String

    /// The image of the disk. Throws `Mistake` where that can't be made.
    func image() throws(Mistake) -> [UInt8] {
        let data = """
            #cloud-config
            users:
              - name: \(user)
                shell: /bin/bash
                lock_passwd: false
                plain_text_passwd: \(password)
                sudo: "ALL=(ALL) ALL"

            """
        let meta = "instance-id: \(hostname)\nlocal-hostname: \(hostname)\n"
        do throws(FATImage.Failure) {
            return try FATImage.make(
                label: "CIDATA", files: [("meta-data", Array(meta.utf8)), ("user-data", Array(data.utf8))])
        } catch {
            throw Mistake("the seed of a clone can't be made: \(error)", at: nil)
        }
    }
}
