/// The scripts that steps run in containers. They are part of this program, and of the key of the steps that run them.
enum StepScript {
    static var configureRoot: [UInt8] { PackageResources.pack_root_sh + PackageResources.configure_root_sh }
    static var zfsModule: [UInt8] { PackageResources.zfs_module_sh }
    static var liveRoot: [UInt8] { PackageResources.live_root_sh }
    static var makeSquashfs: [UInt8] { PackageResources.make_squashfs_sh }
    static var judgeLive: [UInt8] { PackageResources.judge_live_sh }
    static var makeEFI: [UInt8] { PackageResources.make_efi_sh }
    static var makeMedium: [UInt8] { PackageResources.make_medium_sh }
    static var makeGolden: [UInt8] { PackageResources.make_golden_sh }
    static var imageFormats: [UInt8] { PackageResources.image_formats_sh }
    static var makeISO: [UInt8] { PackageResources.make_iso_sh }
}
