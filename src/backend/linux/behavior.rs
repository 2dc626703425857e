//! The differences between kernels, as data: each kernel is given by what differs from another one. The
//! documentation of [`Status`] has the dates and the sources.

use crate::Status;
use crate::linux::Kernel;

/// The behavior of read and write calls on one kernel.
pub(crate) struct Behavior {
    /// Whether `kernel.enable-debugging-syscalls` exists.
    pub(crate) has_debugging_syscalls_option: bool,
    pub(crate) first_handle_check: HandleCheck,
    /// The status if nothing is mapped at the address.
    pub(crate) unmapped: Status,
    /// The status if the process has ended.
    pub(crate) process_ended: Status,
    pub(crate) refuses_vdso_writes: bool,
    pub(crate) past_vmo_end: PastVmoEnd,
    /// Whether a read writes zeros into the caller's buffer before it reads.
    pub(crate) zeroes_read_buffer: bool,
}

/// The first check of a handle: its rights, or the type of its object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandleCheck {
    Rights,
    Type,
}

/// The result of a call that starts in a VMO and reaches past its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PastVmoEnd {
    /// The whole call fails.
    Fails,
    /// The call transfers the bytes before the end.
    IsShort,
}

const MAN_PAGE: Behavior = Behavior {
    has_debugging_syscalls_option: true,
    first_handle_check: HandleCheck::Type,
    unmapped: Status::NoMemory,
    process_ended: Status::BadState,
    refuses_vdso_writes: true,
    past_vmo_end: PastVmoEnd::IsShort,
    // The man page leaves the contents open. Zeros find a caller that relies on them.
    zeroes_read_buffer: true,
};

const ZIRCON_2021: Behavior = Behavior {
    process_ended: Status::NoMemory,
    past_vmo_end: PastVmoEnd::Fails,
    zeroes_read_buffer: false,
    ..MAN_PAGE
};

const ZIRCON_2019: Behavior = Behavior {
    has_debugging_syscalls_option: false,
    zeroes_read_buffer: true,
    ..ZIRCON_2021
};

const ZIRCON_2018: Behavior = Behavior {
    first_handle_check: HandleCheck::Rights,
    refuses_vdso_writes: false,
    ..ZIRCON_2019
};

/// Kernels since about 2025 differ from it mainly for a mapping that can never be made writable, which
/// Linux refuses (read in the sources).
const ZIRCON_2024: Behavior = Behavior {
    unmapped: Status::NotFound,
    process_ended: Status::NotFound,
    past_vmo_end: PastVmoEnd::IsShort,
    ..ZIRCON_2021
};

impl Behavior {
    pub(crate) const fn of(kernel: Kernel) -> &'static Self {
        match kernel {
            Kernel::ManPage => &MAN_PAGE,
            Kernel::Zircon2018 => &ZIRCON_2018,
            Kernel::Zircon2019 => &ZIRCON_2019,
            Kernel::Zircon2021 => &ZIRCON_2021,
            Kernel::Zircon2024 | Kernel::Zircon2025 => &ZIRCON_2024,
        }
    }
}
