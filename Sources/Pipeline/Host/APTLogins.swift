import Transfer

/// Reads apt_auth.conf(5): stanzas of `machine`, `login` and `password`, with any blanks and newlines between the words.
enum APTLogins {
    /// Those of `text` that are understood; others are apt's to complain of.
    static func parse(_ text: String) -> [Login] {
        var logins: [Login] = []
        var (machine, user, password) = ("", "", "")
        func finish() {
            if let login = Login(machine: machine, user: user, password: password), !(user + password).isEmpty {
                logins.append(login)
            }
            (machine, user, password) = ("", "", "")
        }
        let lines = text.split { $0 == "\n" || $0 == "\r\n" }.filter {
            $0.drop { $0 == " " || $0 == "\t" }.first != "#"
        }
        var words = lines.flatMap { $0.split { $0 == " " || $0 == "\t" } }.makeIterator()
        while let word = words.next() {
            switch word {
            case "machine":
                finish()
                machine = words.next().map(String.init) ?? ""
            case "login": user = words.next().map(String.init) ?? ""
            case "password": password = words.next().map(String.init) ?? ""
            default: continue
            }
        }
        finish()
        return logins
    }
}
