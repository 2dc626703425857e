use crate::sys::zx_vaddr_t;
use crate::{Process, TransferError};

/// An integer that can be read from and written to a process's memory: `u8` to `u128`, `i8` to
/// `i128`, `usize` and `isize`.
///
/// The trait is sealed. Integers have no padding, so a write leaks no uninitialized bytes, and all
/// bit patterns are valid, so a read is always a value. Neither holds for structs.
///
/// ```
/// use zx_process_memory::{TransferError, Integer, Process};
///
/// fn increment<T: Integer + std::ops::Add<Output = T> + From<u8>>(
///     process: &Process,
///     vaddr: usize,
/// ) -> Result<(), TransferError> {
///     let old: T = process.read_le(vaddr)?;
///     process.write_le(vaddr, old + T::from(1))
/// }
/// # // SAFETY: nothing is mapped at 0, so nothing is written.
/// # let process = unsafe { Process::current() }.unwrap();
/// # assert!(increment::<u16>(&process, 0).is_err());
/// ```
pub trait Integer: sealed::Bytes {}

mod sealed {
    /// Conversions to and from bytes.
    pub trait Bytes: Copy {
        type Bytes: AsRef<[u8]> + AsMut<[u8]>;
        const ZERO: Self::Bytes;
        fn to_le(self) -> Self::Bytes;
        fn to_be(self) -> Self::Bytes;
        fn from_le(bytes: Self::Bytes) -> Self;
        fn from_be(bytes: Self::Bytes) -> Self;
    }
}

macro_rules! integers {
    ($($integer:ident)*) => {$(
        impl Integer for $integer {}

        impl sealed::Bytes for $integer {
            type Bytes = [u8; size_of::<Self>()];
            const ZERO: Self::Bytes = [0; size_of::<Self>()];

            fn to_le(self) -> Self::Bytes {
                self.to_le_bytes()
            }

            fn to_be(self) -> Self::Bytes {
                self.to_be_bytes()
            }

            fn from_le(bytes: Self::Bytes) -> Self {
                Self::from_le_bytes(bytes)
            }

            fn from_be(bytes: Self::Bytes) -> Self {
                Self::from_be_bytes(bytes)
            }
        }
    )*};
}

integers!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);

/// Integers.
impl Process {
    /// Reads a little-endian integer at the address `vaddr` of the process. All of Fuchsia's
    /// architectures are little-endian.
    ///
    /// Wraps `zx_process_read_memory`. The address need not be aligned. The read is not atomic: if
    /// the process changes the integer meanwhile, the result can have bytes of both values.
    ///
    /// # Errors
    ///
    /// Those of [`read_exact_memory`](Self::read_exact_memory).
    ///
    /// ```
    /// # use zx_process_memory::Process;
    /// static NUMBER: [u8; 4] = [0x78, 0x56, 0x34, 0x12];
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // SAFETY: nothing is written.
    /// let process = unsafe { Process::current() }?;
    /// let vaddr = NUMBER.as_ptr().addr();
    /// assert_eq!(process.read_le::<u32>(vaddr)?, 0x1234_5678);
    /// assert_eq!(process.read_be::<u32>(vaddr)?, 0x7856_3412);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_process_read_memory")]
    pub fn read_le<T: Integer>(&self, vaddr: zx_vaddr_t) -> Result<T, TransferError> {
        self.read_bytes::<T>(vaddr).map(T::from_le)
    }

    /// Reads a big-endian integer, as in network protocols. Otherwise equal to
    /// [`read_le`](Self::read_le).
    ///
    /// # Errors
    ///
    /// Those of [`read_exact_memory`](Self::read_exact_memory).
    ///
    /// ```
    /// # use zx_process_memory::Process;
    /// static PORT: [u8; 2] = [0x1f, 0x90];
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // SAFETY: nothing is written.
    /// let process = unsafe { Process::current() }?;
    /// assert_eq!(process.read_be::<u16>(PORT.as_ptr().addr())?, 8080);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_process_read_memory")]
    pub fn read_be<T: Integer>(&self, vaddr: zx_vaddr_t) -> Result<T, TransferError> {
        self.read_bytes::<T>(vaddr).map(T::from_be)
    }

    /// Writes a little-endian integer at the address `vaddr` of the process. All of Fuchsia's
    /// architectures are little-endian.
    ///
    /// Wraps `zx_process_write_memory`. The address need not be aligned. The write is not atomic:
    /// the process can see an integer with bytes of both values.
    ///
    /// # Errors
    ///
    /// Those of [`write_all_memory`](Self::write_all_memory).
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use zx_process_memory::Process;
    ///
    /// static NUMBER: AtomicU32 = AtomicU32::new(0);
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // SAFETY: every write goes to `NUMBER`, an atomic, for which all values are valid.
    /// let process = unsafe { Process::current() }?;
    /// process.write_le(NUMBER.as_ptr().addr(), 0x1234_5678u32)?;
    /// assert_eq!(u32::from_le(NUMBER.load(Ordering::Relaxed)), 0x1234_5678);
    /// process.write_be(NUMBER.as_ptr().addr(), 0x1234_5678u32)?;
    /// assert_eq!(u32::from_be(NUMBER.load(Ordering::Relaxed)), 0x1234_5678);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_process_write_memory")]
    pub fn write_le<T: Integer>(&self, vaddr: zx_vaddr_t, value: T) -> Result<(), TransferError> {
        self.write_all_memory(vaddr, value.to_le().as_ref())
    }

    /// Writes a big-endian integer, as in network protocols. Otherwise equal to
    /// [`write_le`](Self::write_le).
    ///
    /// # Errors
    ///
    /// Those of [`write_all_memory`](Self::write_all_memory).
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU16, Ordering};
    /// use zx_process_memory::Process;
    ///
    /// static PORT: AtomicU16 = AtomicU16::new(0);
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // SAFETY: every write goes to `PORT`, an atomic, for which all values are valid.
    /// let process = unsafe { Process::current() }?;
    /// process.write_be(PORT.as_ptr().addr(), 8080u16)?;
    /// assert_eq!(PORT.load(Ordering::Relaxed).to_ne_bytes(), [0x1f, 0x90]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "zx_process_write_memory")]
    pub fn write_be<T: Integer>(&self, vaddr: zx_vaddr_t, value: T) -> Result<(), TransferError> {
        self.write_all_memory(vaddr, value.to_be().as_ref())
    }

    fn read_bytes<T: Integer>(&self, vaddr: zx_vaddr_t) -> Result<T::Bytes, TransferError> {
        let mut bytes = T::ZERO;
        self.read_exact_memory(vaddr, bytes.as_mut())?;
        Ok(bytes)
    }
}
