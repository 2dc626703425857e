use crate::sys::{ZX_RIGHT_SAME_RIGHTS, zx_rights_t};

bitflags::bitflags! {
    /// What a handle allows (`zx_rights_t`), as in `<zircon/rights.h>`.
    ///
    /// Bits that a newer kernel may add are kept and shown as a number.
    ///
    /// ```
    /// use zx_process_memory::Rights;
    ///
    /// let rights = Rights::READ | Rights::WRITE;
    /// assert!(rights.contains(Rights::WRITE_MEMORY));
    /// assert_eq!(format!("{rights:?}"), "Rights(READ | WRITE)");
    /// assert!(!Rights::all().contains(Rights::SAME_RIGHTS));
    /// ```
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Rights: zx_rights_t {
        /// `ZX_RIGHT_DUPLICATE`: [`Process::duplicate`](crate::Process::duplicate).
        const DUPLICATE = fuchsia_zircon_sys::ZX_RIGHT_DUPLICATE;
        /// `ZX_RIGHT_TRANSFER`: the handle may be sent to another process.
        const TRANSFER = fuchsia_zircon_sys::ZX_RIGHT_TRANSFER;
        /// `ZX_RIGHT_READ`: its data may be read.
        const READ = fuchsia_zircon_sys::ZX_RIGHT_READ;
        /// `ZX_RIGHT_WRITE`: its data may be written.
        const WRITE = fuchsia_zircon_sys::ZX_RIGHT_WRITE;
        /// `ZX_RIGHT_EXECUTE`: it may be mapped executable.
        const EXECUTE = fuchsia_zircon_sys::ZX_RIGHT_EXECUTE;
        /// `ZX_RIGHT_MAP`: it may be mapped.
        const MAP = fuchsia_zircon_sys::ZX_RIGHT_MAP;
        /// `ZX_RIGHT_GET_PROPERTY`: its properties may be read.
        const GET_PROPERTY = fuchsia_zircon_sys::ZX_RIGHT_GET_PROPERTY;
        /// `ZX_RIGHT_SET_PROPERTY`: its properties may be set.
        const SET_PROPERTY = fuchsia_zircon_sys::ZX_RIGHT_SET_PROPERTY;
        /// `ZX_RIGHT_ENUMERATE`: its children may be listed and opened.
        const ENUMERATE = fuchsia_zircon_sys::ZX_RIGHT_ENUMERATE;
        /// `ZX_RIGHT_DESTROY`: it may be ended.
        const DESTROY = fuchsia_zircon_sys::ZX_RIGHT_DESTROY;
        /// `ZX_RIGHT_SET_POLICY`: a job's policy may be set.
        const SET_POLICY = fuchsia_zircon_sys::ZX_RIGHT_SET_POLICY;
        /// `ZX_RIGHT_GET_POLICY`: a job's policy may be read.
        const GET_POLICY = fuchsia_zircon_sys::ZX_RIGHT_GET_POLICY;
        /// `ZX_RIGHT_SIGNAL`: its user signals may be set.
        const SIGNAL = fuchsia_zircon_sys::ZX_RIGHT_SIGNAL;
        /// `ZX_RIGHT_SIGNAL_PEER`: its peer's user signals may be set.
        const SIGNAL_PEER = fuchsia_zircon_sys::ZX_RIGHT_SIGNAL_PEER;
        /// `ZX_RIGHT_WAIT`: it may be waited for.
        const WAIT = fuchsia_zircon_sys::ZX_RIGHT_WAIT;
        /// `ZX_RIGHT_INSPECT`: it may be asked about.
        const INSPECT = fuchsia_zircon_sys::ZX_RIGHT_INSPECT;
        /// `ZX_RIGHT_MANAGE_JOB`: jobs may be made in it.
        const MANAGE_JOB = fuchsia_zircon_sys::ZX_RIGHT_MANAGE_JOB;
        /// `ZX_RIGHT_MANAGE_PROCESS`: processes may be made or changed.
        const MANAGE_PROCESS = fuchsia_zircon_sys::ZX_RIGHT_MANAGE_PROCESS;
        /// `ZX_RIGHT_MANAGE_THREAD`: threads may be made or changed.
        const MANAGE_THREAD = fuchsia_zircon_sys::ZX_RIGHT_MANAGE_THREAD;
        /// `ZX_RIGHT_APPLY_PROFILE`: a profile may be applied.
        const APPLY_PROFILE = fuchsia_zircon_sys::ZX_RIGHT_APPLY_PROFILE;
        /// `ZX_RIGHT_MANAGE_SOCKET`: a socket's ends may be managed.
        const MANAGE_SOCKET = fuchsia_zircon_sys::ZX_RIGHT_MANAGE_SOCKET;
        /// `ZX_RIGHT_OP_CHILDREN`: its children may be operated on.
        const OP_CHILDREN = fuchsia_zircon_sys::ZX_RIGHT_OP_CHILDREN;
        /// `ZX_RIGHT_RESIZE`: a VMO may be resized.
        const RESIZE = fuchsia_zircon_sys::ZX_RIGHT_RESIZE;
        /// `ZX_RIGHT_ATTACH_VMO`: a VMO may be attached.
        const ATTACH_VMO = fuchsia_zircon_sys::ZX_RIGHT_ATTACH_VMO;
        /// `ZX_RIGHT_MANAGE_VMO`: a VMO may be managed.
        const MANAGE_VMO = fuchsia_zircon_sys::ZX_RIGHT_MANAGE_VMO;
    }
}

impl Rights {
    /// What [`Process::write_memory`](crate::Process::write_memory) needs:
    /// [`WRITE`](Self::WRITE).
    pub const WRITE_MEMORY: Self = Self::WRITE;

    /// What reading a process's memory (`zx_process_read_memory`) needs:
    /// [`READ`](Self::READ) and [`WRITE`](Self::WRITE).
    pub const READ_MEMORY: Self = Self::READ.union(Self::WRITE);

    /// `ZX_RIGHT_SAME_RIGHTS`: not a right, but the request for all that the
    /// original handle has. [`Rights::all`] does not include it.
    pub const SAME_RIGHTS: Self = Self::from_bits_retain(ZX_RIGHT_SAME_RIGHTS);
}
