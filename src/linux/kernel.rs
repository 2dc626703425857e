use std::env;
use std::io::{self, Write};
use std::process;
use std::sync::atomic::{AtomicU8, Ordering};

/// A kernel that the Linux backend can behave like.
///
/// ```
/// use zx_process_memory::linux::Kernel;
///
/// assert_eq!(Kernel::default(), Kernel::ManPage);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Kernel {
    /// The statuses of the man page. The default.
    #[default]
    ManPage,
    /// Zircon of December 2018, measured.
    Zircon2018,
    /// Zircon of July 2019, measured.
    Zircon2019,
    /// Zircon of April 2021, measured.
    Zircon2021,
    /// Zircon of about 2024, read in the sources.
    Zircon2024,
    /// Zircon since about 2025, read in the sources.
    Zircon2025,
}

/// By discriminant.
const KERNELS: [Kernel; 6] = [
    Kernel::ManPage,
    Kernel::Zircon2018,
    Kernel::Zircon2019,
    Kernel::Zircon2021,
    Kernel::Zircon2024,
    Kernel::Zircon2025,
];

const VARIABLE: &str = "ZX_PROCESS_MEMORY_KERNEL";

/// No discriminant: the environment variable has not been read yet.
const NOT_READ: u8 = u8::MAX;

static KERNEL: AtomicU8 = AtomicU8::new(NOT_READ);

/// Selects the kernel whose behavior read and write calls have. It takes precedence over the
/// environment variable `ZX_PROCESS_MEMORY_KERNEL`.
///
/// It applies to the whole program. A test that calls it belongs in a test binary of its own.
///
/// ```standalone_crate
/// use zx_process_memory::linux::{self, Kernel};
/// use zx_process_memory::{Process, Status};
///
/// # fn main() -> Result<(), Status> {
/// // SAFETY: nothing is mapped at 0, so nothing is written.
/// let process = unsafe { Process::current() }?;
/// linux::set_kernel(Kernel::Zircon2021);
/// assert_eq!(process.write_memory(0, b"x"), Err(Status::NoMemory));
/// linux::set_kernel(Kernel::Zircon2025);
/// assert_eq!(process.write_memory(0, b"x"), Err(Status::NotFound));
/// # Ok(())
/// # }
/// ```
pub fn set_kernel(kernel: Kernel) {
    KERNEL.store(kernel as u8, Ordering::Relaxed);
}

/// Returns the kernel that was set with [`set_kernel`], else the one that the environment variable
/// `ZX_PROCESS_MEMORY_KERNEL` names, else [`Kernel::ManPage`].
///
/// If the variable has another value than those in the [module's table](super#kernels), the first call
/// that reads it prints a message to stderr and ends the program with exit status 1. So a misspelled
/// value does not test the wrong kernel.
///
/// ```standalone_crate
/// use zx_process_memory::linux::{self, Kernel};
///
/// linux::set_kernel(Kernel::ManPage);
/// assert_eq!(linux::kernel(), Kernel::ManPage);
/// ```
#[inline]
pub fn kernel() -> Kernel {
    let stored = usize::from(KERNEL.load(Ordering::Relaxed));
    KERNELS.get(stored).copied().unwrap_or_else(read_variable)
}

#[cold]
fn read_variable() -> Kernel {
    let value = env::var_os(VARIABLE).unwrap_or_default();
    let Some(kernel) = value.to_str().and_then(parse) else {
        end_program(&value.to_string_lossy())
    };
    // A concurrent `set_kernel` takes precedence.
    let (order, read) = (Ordering::Relaxed, kernel as u8);
    match KERNEL.compare_exchange(NOT_READ, read, order, order) {
        Ok(_) => kernel,
        Err(set) => KERNELS[usize::from(set)],
    }
}

/// Not a panic: the caller can be a function with the C calling convention, in which a panic prints a
/// long trace after its message.
fn end_program(value: &str) -> ! {
    // Not `eprintln`, whose output a test captures.
    let _ = writeln!(
        io::stderr(),
        "{VARIABLE}={value}: unknown kernel. Use 2018, 2019, 2021, 2024 or 2025, or unset it for the \
         man page"
    );
    process::exit(1)
}

fn parse(value: &str) -> Option<Kernel> {
    Some(match value {
        "" => Kernel::ManPage,
        "2018" => Kernel::Zircon2018,
        "2019" => Kernel::Zircon2019,
        "2021" => Kernel::Zircon2021,
        "2024" => Kernel::Zircon2024,
        "2025" => Kernel::Zircon2025,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{KERNELS, Kernel, parse};

    #[test]
    fn kernel_is_found_by_its_discriminant() {
        for (index, kernel) in KERNELS.into_iter().enumerate() {
            assert_eq!(kernel as usize, index);
        }
    }

    #[test]
    fn year_names_a_kernel_and_other_values_do_not() {
        assert_eq!(parse("2021"), Some(Kernel::Zircon2021));
        assert_eq!(parse(""), Some(Kernel::ManPage));
        for value in ["2020", "21", "2021 ", "man page"] {
            assert_eq!(parse(value), None, "{value}");
        }
    }
}
