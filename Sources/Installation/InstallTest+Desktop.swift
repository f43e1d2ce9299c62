import Machines
import Primitives
import SystemPackage

/// A desktop as a person has it before them: looked at by its picture, and logged in to with the keyboard.
extension InstallTest {
    /// The greeter, the login with the password, and the session after it, each with a picture that is kept.
    func looksAtDesktop(_ machine: VirtualMachine, _ answers: Answers) async throws {
        let user = answers["KLDLOAD_USERNAME"]
        let isGreeted = try await recorder.check("installed", "the greeter is drawn") { [self] in
            try await awaitSession(of: "greeter", named: nil, machine)
            try await awaitDrawn(machine, picture: "greeter.png")
        }
        guard isGreeted else { return }
        try await recorder.check(
            "installed", "the administrator logs in at the greeter, and has a desktop that is drawn"
        ) {
            // The one user is chosen already; what comes then asks for the password.
            let greeter = try await screen(of: machine)
            try await machine.monitor.press("\n")
            let asked = try await awaitDrawn(machine, unlike: greeter, picture: "password.png")
            try await machine.monitor.press(answers["KLDLOAD_PASSWORD"] + "\n")
            try await awaitSession(of: "user", named: user, machine)
            let shell = "systemctl --user --machine=\(user)@.host is-active org.gnome.Shell@wayland.service"
            try await awaitSuccess(shell, what: "gnome-shell does not run for \(user)", machine)
            // The shell is up before it has drawn anything: until then the greeter's last picture stays, in which the typed password,
            // a hundredth of the screen, is new. The colour behind all is the same; what the greeter has in its middle is gone.
            try await awaitDrawn(machine, unlike: asked, by: 0.02, picture: "desktop.png")
        }
    }

    /// Until somebody sits at the screen: a session of `sessionClass`, at the first seat, that is on the screen.
    private func awaitSession(of sessionClass: String, named user: String?, _ machine: VirtualMachine) async throws {
        let script = """
            for session in $(loginctl list-sessions --no-legend | awk '{ print $1 }'); do
                said=$(loginctl show-session --property Class --property Name --property Seat --property State "$session")
                if [[ $said == *Class=\(sessionClass)* && $said == *Seat=seat0* && $said == *State=active* \
            && $said == *Name=\(user ?? "")* ]]; then exit 0; fi
            done
            loginctl list-sessions --no-legend
            exit 1
            """
        try await awaitSuccess(script, what: "nobody has the screen as \(sessionClass)", machine)
    }

    /// Until `script` ends with 0 in the machine.
    private func awaitSuccess(_ script: String, what: String, _ machine: VirtualMachine) async throws {
        let end = ContinuousClock.now + limit(300)
        while true {
            let outcome = try await machine.shell.run(script, within: limit(60))
            if outcome.status == 0 { return }
            guard ContinuousClock.now < end else { throw TestFailure(what: what, details: outcome.lines) }
            try await Task.sleep(for: .seconds(2))
        }
    }

    private func screen(of machine: VirtualMachine) async throws -> ScreenPicture? {
        try await machine.monitor.picture(by: disks.appending("screen.ppm"))
    }

    /// Until something is drawn on the screen, on more than `share` of it other than `known`, and has come to rest; that picture is
    /// kept as `name`.
    @discardableResult private func awaitDrawn(
        _ machine: VirtualMachine, unlike known: ScreenPicture? = nil, by share: Double = 0, picture name: String
    ) async throws -> ScreenPicture {
        let end = ContinuousClock.now + limit(300)
        var last: ScreenPicture?
        while true {
            let picture = try await screen(of: machine)
            if let picture, picture.isDrawn, picture == last,
                known.map({ picture.difference(from: $0) > share }) ?? true
            {
                await screenshot(machine, name)
                return picture
            }
            guard ContinuousClock.now < end else {
                await screenshot(machine, name)
                throw TestFailure(
                    what:
                        "nothing is drawn on the screen that comes to rest: \(picture?.colours ?? 0) colours; see \(name)"
                )
            }
            last = picture
            try await Task.sleep(for: .seconds(3))
        }
    }
}
