use crate::sys::{ZX_RIGHT_SAME_RIGHTS, zx_rights_t};

bitflags::bitflags! {
    /// The rights of a handle (`zx_rights_t`), as in `<zircon/rights.h>`.
    ///
    /// Bits that this crate does not define are kept. `Debug` prints them as a number.
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
        /// `ZX_RIGHT_TRANSFER`: the handle can be sent to another process.
        const TRANSFER = fuchsia_zircon_sys::ZX_RIGHT_TRANSFER;
        /// `ZX_RIGHT_READ`: the object's data can be read.
        const READ = fuchsia_zircon_sys::ZX_RIGHT_READ;
        /// `ZX_RIGHT_WRITE`: the object's data can be written.
        const WRITE = fuchsia_zircon_sys::ZX_RIGHT_WRITE;
        /// `ZX_RIGHT_EXECUTE`: the object can be mapped executable.
        const EXECUTE = fuchsia_zircon_sys::ZX_RIGHT_EXECUTE;
        /// `ZX_RIGHT_MAP`: the object can be mapped.
        const MAP = fuchsia_zircon_sys::ZX_RIGHT_MAP;
        /// `ZX_RIGHT_GET_PROPERTY`: the object's properties can be read.
        const GET_PROPERTY = fuchsia_zircon_sys::ZX_RIGHT_GET_PROPERTY;
        /// `ZX_RIGHT_SET_PROPERTY`: the object's properties can be set.
        const SET_PROPERTY = fuchsia_zircon_sys::ZX_RIGHT_SET_PROPERTY;
        /// `ZX_RIGHT_ENUMERATE`: the object's children can be listed and opened.
        const ENUMERATE = fuchsia_zircon_sys::ZX_RIGHT_ENUMERATE;
        /// `ZX_RIGHT_DESTROY`: the object can be terminated.
        const DESTROY = fuchsia_zircon_sys::ZX_RIGHT_DESTROY;
        /// `ZX_RIGHT_SET_POLICY`: the job's policy can be set.
        const SET_POLICY = fuchsia_zircon_sys::ZX_RIGHT_SET_POLICY;
        /// `ZX_RIGHT_GET_POLICY`: the job's policy can be read.
        const GET_POLICY = fuchsia_zircon_sys::ZX_RIGHT_GET_POLICY;
        /// `ZX_RIGHT_SIGNAL`: the object's user signals can be set.
        const SIGNAL = fuchsia_zircon_sys::ZX_RIGHT_SIGNAL;
        /// `ZX_RIGHT_SIGNAL_PEER`: the peer's user signals can be set.
        const SIGNAL_PEER = fuchsia_zircon_sys::ZX_RIGHT_SIGNAL_PEER;
        /// `ZX_RIGHT_WAIT`: the object can be waited for.
        const WAIT = fuchsia_zircon_sys::ZX_RIGHT_WAIT;
        /// `ZX_RIGHT_INSPECT`: information about the object can be read.
        const INSPECT = fuchsia_zircon_sys::ZX_RIGHT_INSPECT;
        /// `ZX_RIGHT_MANAGE_JOB`: child jobs can be created.
        const MANAGE_JOB = fuchsia_zircon_sys::ZX_RIGHT_MANAGE_JOB;
        /// `ZX_RIGHT_MANAGE_PROCESS`: processes can be created or changed.
        const MANAGE_PROCESS = fuchsia_zircon_sys::ZX_RIGHT_MANAGE_PROCESS;
        /// `ZX_RIGHT_MANAGE_THREAD`: threads can be created or changed.
        const MANAGE_THREAD = fuchsia_zircon_sys::ZX_RIGHT_MANAGE_THREAD;
        /// `ZX_RIGHT_APPLY_PROFILE`: a profile can be applied.
        const APPLY_PROFILE = fuchsia_zircon_sys::ZX_RIGHT_APPLY_PROFILE;
        /// `ZX_RIGHT_MANAGE_SOCKET`: the socket can be managed.
        const MANAGE_SOCKET = fuchsia_zircon_sys::ZX_RIGHT_MANAGE_SOCKET;
        /// `ZX_RIGHT_OP_CHILDREN`: the object's children can be operated on.
        const OP_CHILDREN = fuchsia_zircon_sys::ZX_RIGHT_OP_CHILDREN;
        /// `ZX_RIGHT_RESIZE`: the VMO can be resized.
        const RESIZE = fuchsia_zircon_sys::ZX_RIGHT_RESIZE;
        /// `ZX_RIGHT_ATTACH_VMO`: a VMO can be attached.
        const ATTACH_VMO = fuchsia_zircon_sys::ZX_RIGHT_ATTACH_VMO;
        /// `ZX_RIGHT_MANAGE_VMO`: the VMO can be managed.
        const MANAGE_VMO = fuchsia_zircon_sys::ZX_RIGHT_MANAGE_VMO;
    }
}

impl Rights {
    /// The rights that [`Process::write_memory`](crate::Process::write_memory) requires:
    /// [`WRITE`](Self::WRITE).
    pub const WRITE_MEMORY: Self = Self::WRITE;

    /// The rights that [`Process::read_memory`](crate::Process::read_memory) requires:
    /// [`READ`](Self::READ) and [`WRITE`](Self::WRITE).
    pub const READ_MEMORY: Self = Self::READ.union(Self::WRITE);

    /// `ZX_RIGHT_SAME_RIGHTS`: requests the rights of the original handle. It is not a right, and
    /// [`Rights::all`] does not contain it.
    pub const SAME_RIGHTS: Self = Self::from_bits_retain(ZX_RIGHT_SAME_RIGHTS);
}
