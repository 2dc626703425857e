//! The differences between the architectures, as data.

/// One architecture.
#[derive(Debug, PartialEq, Eq)]
pub struct Architecture {
    /// The name in Rust and QEMU, as in `std::env::consts::ARCH`.
    pub name: &'static str,
    /// The name in Fuchsia's SDK.
    pub sdk_name: &'static str,
    /// `e_machine` in the ELF header.
    pub elf_machine: u16,
    /// The type of the kernel item in a boot image, from `zircon/boot/image.h`.
    pub kernel_item: u32,
    /// The QEMU binary.
    pub qemu: &'static str,
    /// QEMU options for the board, and for the device that powers it off.
    pub board: &'static [&'static str],
    /// QEMU's `-cpu` without KVM.
    pub tcg_cpu: &'static str,
    /// QEMU's `-cpu` with KVM.
    pub kvm_cpu: &'static str,
    /// Kernel command-line options that the board requires.
    pub kernel_options: &'static [&'static str],
    /// QEMU's exit status after the kernel has powered the machine off.
    pub power_off_status: i32,
    /// A warning that is printed before each run.
    pub warning: Option<&'static str>,
}

/// All supported architectures. x86-64 and arm64 have booted kernels of December 2018 and July 2019,
/// x86-64 also of April 2021; riscv64 is untested.
pub const ARCHITECTURES: [Architecture; 3] = [
    Architecture {
        name: "x86_64",
        sdk_name: "x64",
        elf_machine: 62,
        kernel_item: 0x4c4e_524b, // KRNL
        qemu: "qemu-system-x86_64",
        board: &[
            "-machine",
            "q35",
            "-device",
            "isa-debug-exit,iobase=0xf4,iosize=0x04",
        ],
        // Kernels of December 2018, July 2019 and April 2021 boot on these (measured).
        tcg_cpu: "Haswell,+smap,-check,-fsgsbase",
        kvm_cpu: "host,-fsgsbase",
        kernel_options: &["kernel.serial=legacy"],
        power_off_status: 31, // isa-debug-exit: 15 * 2 + 1
        warning: None,
    },
    Architecture {
        name: "aarch64",
        sdk_name: "arm64",
        elf_machine: 183,
        kernel_item: 0x384e_524b, // KRN8
        qemu: "qemu-system-aarch64",
        board: &["-machine", "virt,gic-version=3"],
        tcg_cpu: "cortex-a53",
        kvm_cpu: "host",
        kernel_options: &[],
        power_off_status: 0, // PSCI
        warning: None,
    },
    Architecture {
        name: "riscv64",
        sdk_name: "riscv64",
        elf_machine: 243,
        kernel_item: 0x564e_524b, // KRNV
        qemu: "qemu-system-riscv64",
        board: &["-machine", "virt"],
        tcg_cpu: "rv64",
        kvm_cpu: "host",
        kernel_options: &[],
        power_off_status: 0, // SBI
        warning: Some("riscv64 is untested in the boot engine; the QEMU options are a guess"),
    },
];

/// Finds the architecture with this `e_machine`.
pub fn by_elf_machine(elf_machine: u16) -> Option<&'static Architecture> {
    ARCHITECTURES
        .iter()
        .find(|architecture| architecture.elf_machine == elf_machine)
}

/// Finds the architecture whose kernel item has this type.
pub fn by_kernel_item(item_type: u32) -> Option<&'static Architecture> {
    ARCHITECTURES
        .iter()
        .find(|architecture| architecture.kernel_item == item_type)
}
