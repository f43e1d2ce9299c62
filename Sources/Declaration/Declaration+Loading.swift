package import Primitives
package import SystemPackage

extension Declaration {
    /// The declaration in the file `name`, taken from `workingFolder`, which is absolute; checked as a whole. Its paths are
    /// taken from the folder the file is in, or from `home` where they begin with `~/`; its errors call it `name`. `exists` says
    /// whether there is something at a path that it names.
    ///
    /// Throws everything that is wrong at once, each with its place.
    package static func load(
        _ name: FilePath, in workingFolder: FilePath, home: FilePath? = nil,
        exists: @escaping (FilePath) -> Bool = Files.exists
    ) throws(UserErrors) -> Declaration {
        let path = workingFolder.pushing(name)
        let text: String
        do throws(FileError) {
            text = try Files.readText(path)
        } catch {
            guard error.errno == .noSuchFileOrDirectory || error.errno == .isDirectory else {
                throw UserErrors([error])
            }
            throw UserErrors([
                Mistake(
                    "there is no file \(path)", at: nil,
                    hint: "run this in a checkout, or name one: -C FOLDER, or --file DEPLOY.YAML")
            ])
        }
        let folder = path.removingLastComponent().lexicallyNormalized()
        return try parse(text, file: name.string, folder: folder, home: home, exists: exists)
    }

    /// The declaration that `text`, the contents of `file`, writes. Relative paths are taken from `folder`; `exists` says
    /// whether there is something at a path.
    package static func parse(
        _ text: String, file: String, folder: FilePath, home: FilePath? = nil,
        exists: @escaping (FilePath) -> Bool
    ) throws(UserErrors) -> Declaration {
        let document: DeclarationDocument
        do throws(Mistake) {
            document = try DeclarationDocument(parsing: text, file: file)
        } catch {
            throw UserErrors([error])
        }
        var reader = DeclarationReader(folder: folder, home: home, exists: exists)
        return try reader.read(document)
    }
}
