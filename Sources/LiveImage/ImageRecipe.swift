package import BuildGraph

/// How the layers of the live system and the ISO are made, in containers of the builder image.
package struct ImageRecipe: Sendable {
    /// What containers start from.
    package let builder: BuilderImage
    /// What `SOURCE_DATE_EPOCH` says in every step. Seconds since 1970.
    package let epoch: Int64
    /// Told apart from other media by this: letters, digits, `.`, `_`, `-`.
    package let identity: String

    /// Where the image comes from that the tools of the recipe are in.
    package enum BuilderImage: Sendable {
        /// A root file system archive: the output of the step that makes the builder image.
        case made(StepInput)
        /// An image in a registry, by digest.
        case registry(String)
    }

    package init(builder: BuilderImage, epoch: Int64, identity: String) {
        self.builder = builder
        self.epoch = epoch
        self.identity = identity
    }

    /// Packs a root file system archive, or a part of one, with zstd at `level`; `block` bytes ("128K", "1M") at a time.
    package func squashfs(
        _ name: StepName, stage: Stage, title: String, root: StepInput, level: Int, block: String = "128K"
    ) -> Step {
        step(
            name, stage, title, ["rootfs.tar": root], StepScript.makeSquashfs, [String(level), block],
            ["filesystem.squashfs": .file], cores: 2, disk: DiskUse(kept: ["filesystem.squashfs": 0.6]))
    }

    /// Packs a folder as a layer of the live system: `tree`, or "tree/…" file by file; all that it has is root's and has the usual
    /// modes, but for what `rights` says.
    package func layer(_ name: StepName, stage: Stage, title: String, tree: [String: StepInput]) -> Step {
        step(name, stage, title, tree, StepScript.makeSquashfs, [], ["filesystem.squashfs": .file])
    }

    /// Makes the boot loader's images for UEFI and BIOS.
    package func boot(_ name: StepName, stage: Stage) -> Step {
        step(
            name, stage, "boot images", [:], StepScript.makeEFI, [identity],
            Dictionary(uniqueKeysWithValues: Self.bootImages.map { ($0, .file) }))
    }

    private static let bootImages = ["efi.img", "bios.img", "mbr.img"]

    /// Has the stacked `layers`, by their names on the image, looked at as what the live system of the kernel `release` will be.
    package func gate(_ name: StepName, stage: Stage, layers: [String: StepInput], release: String) -> Step {
        step(
            name, stage, "the live system, its layers stacked", layers, StepScript.judgeLive, [release],
            ["verdict": .file])
    }

    /// Puts the ISO together, its volume called `label`, with the boot images that the step `loader` made.
    package func iso(
        _ name: StepName, stage: Stage, title: String, label: String, loader: StepName, layout: ImageLayout
    ) -> Step {
        var inputs = layout.inputs
        for image in Self.bootImages { inputs["boot/\(image)"] = .output(loader, image) }
        return step(
            name, stage, "image", inputs, StepScript.makeISO, [identity, title, label], ["kldload.iso": .file],
            disk: DiskUse(kept: ["kldload.iso": 1]))
    }

    /// Puts the tree `root` on a medium that nothing starts from, its volume called `label`: `medium.img`.
    package func medium(_ name: StepName, stage: Stage, label: String, root: StepInput) -> Step {
        step(
            name, stage, "medium", ["root": root], StepScript.makeMedium, [label], ["medium.img": .file],
            disk: DiskUse(kept: ["medium.img": 1]))
    }

    /// Makes the disk `disk`, in the format qcow2, an image of the format that image-formats.sh calls `format`: `image`. Where the image
    /// says its own name inside, that begins with `prefix` and ends in the first digits of the disk's digest.
    package func golden(_ name: StepName, stage: Stage, format: String, prefix: String, disk: StepInput) -> Step {
        step(
            name, stage, "golden image, \(format)",
            ["disk.qcow2": disk, "image-formats.sh": .literal(StepScript.imageFormats)], StepScript.makeGolden,
            [format, prefix], ["image": .file], disk: DiskUse(kept: ["image": 1], scratch: 2), bound: "it holds secrets"
        )
    }

    /// A step in the builder image, like those above: for gates that need its tools.
    package func step(
        _ name: StepName, _ stage: Stage, _ title: String, _ inputs: [String: StepInput], _ script: [UInt8],
        _ arguments: [String],
        _ outputs: [String: ArtifactKind], cores: Int = 1, disk: DiskUse = DiskUse(), bound: String? = nil
    ) -> Step {
        var inputs = inputs
        let image: StepAction.Image
        switch builder {
        case .made(let archive):
            inputs["image"] = archive
            image = .input("image")
        case .registry(let reference): image = .registry(reference)
        }
        return Step(
            name, stage: stage, title: title, inputs: inputs,
            action: .container(
                image: image, script: script, arguments: arguments, environment: ["SOURCE_DATE_EPOCH": String(epoch)]),
            outputs: outputs, cores: cores, disk: disk, bound: bound)
    }
}
