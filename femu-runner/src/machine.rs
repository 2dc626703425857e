//! What differs between the architectures, as data.

/// One architecture.
#[derive(Debug, PartialEq, Eq)]
pub struct Machine {
    /// As Rust and QEMU name it; also `std::env::consts::ARCH` of a host that is like it.
    pub name: &'static str,
    /// As Fuchsia's SDK names it.
    pub sdk_name: &'static str,
    /// `e_machine`
    pub elf: u16,
    /// Type of the kernel item of a boot image, from `zircon/boot/image.h`.
    pub kernel_item: u32,
    /// QEMU's program.
    pub qemu: &'static str,
    /// The board, and how the kernel turns it off.
    pub board: &'static [&'static str],
    /// The processor where QEMU emulates it.
    pub emulated_cpu: &'static str,
    /// The processor under KVM.
    pub kvm_cpu: &'static str,
    /// What the kernel needs to be told about the board.
    pub words: &'static [&'static str],
    /// QEMU's exit status when the kernel turned the machine off.
    pub clean_exit: i32,
    /// Said before a run.
    pub warning: Option<&'static str>,
}

/// x86-64 and arm64 were run on kernels of 2018 and 2019. riscv64 was not.
pub const MACHINES: [Machine; 3] = [
    Machine {
        name: "x86_64",
        sdk_name: "x64",
        elf: 62,
        kernel_item: 0x4c4e_524b, // KRNL
        qemu: "qemu-system-x86_64",
        board: &[
            "-machine",
            "q35",
            "-device",
            "isa-debug-exit,iobase=0xf4,iosize=0x04",
        ],
        // With these, kernels of 2018 and 2019 were seen to boot.
        emulated_cpu: "Haswell,+smap,-check,-fsgsbase",
        kvm_cpu: "host,-fsgsbase",
        words: &["kernel.serial=legacy"],
        clean_exit: 31, // isa-debug-exit: 15 * 2 + 1
        warning: None,
    },
    Machine {
        name: "aarch64",
        sdk_name: "arm64",
        elf: 183,
        kernel_item: 0x384e_524b, // KRN8
        qemu: "qemu-system-aarch64",
        board: &["-machine", "virt,gic-version=3"],
        emulated_cpu: "cortex-a53",
        kvm_cpu: "host",
        words: &[],
        clean_exit: 0, // PSCI
        warning: None,
    },
    Machine {
        name: "riscv64",
        sdk_name: "riscv64",
        elf: 243,
        kernel_item: 0x564e_524b, // KRNV
        qemu: "qemu-system-riscv64",
        board: &["-machine", "virt"],
        emulated_cpu: "rv64",
        kvm_cpu: "host",
        words: &[],
        clean_exit: 0, // SBI
        warning: Some(
            "riscv64 in the boot engine has not been tried; QEMU's options are a best guess",
        ),
    },
];

/// The architecture with this `e_machine`.
pub fn by_elf(elf: u16) -> Option<&'static Machine> {
    MACHINES.iter().find(|machine| machine.elf == elf)
}

/// The architecture whose kernel is an item of this type.
pub fn by_kernel_item(kind: u32) -> Option<&'static Machine> {
    MACHINES.iter().find(|machine| machine.kernel_item == kind)
}
