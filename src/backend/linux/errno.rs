use crate::Status;
use rustix::io::Errno;

/// Returns the status for a Linux error. Logs the possible causes if the status alone does not show
/// them.
pub(crate) fn status(operation: &str, errno: Errno) -> Status {
    match errno {
        Errno::PERM | Errno::ACCESS => {
            log::debug!(
                "cannot {operation}: {errno}. The caller must be allowed to trace the process. \
                 Possible causes: the process runs as another user or is not dumpable \
                 (CAP_SYS_PTRACE allows both), /proc/sys/kernel/yama/ptrace_scope is not 0 and the \
                 process is not a descendant, /proc is mounted with hidepid, the caller \
                 runs in a Landlock sandbox, or the container, SELinux or AppArmor forbids it"
            );
            Status::AccessDenied
        }
        Errno::NOENT | Errno::SRCH => Status::NotFound,
        Errno::MFILE | Errno::NFILE => {
            log::debug!("cannot {operation}: {errno}. Raise the limit of open files (ulimit -n)");
            Status::NoResources
        }
        Errno::NOMEM => Status::NoMemory,
        Errno::INVAL => Status::InvalidArgs,
        Errno::NOSYS => {
            log::debug!(
                "cannot {operation}: {errno}. The kernel is too old, or a seccomp filter forbids the call"
            );
            Status::NotSupported
        }
        _ => {
            log::debug!("cannot {operation}: {errno}");
            Status::Io
        }
    }
}

#[cfg(test)]
mod tests {
    use super::status;
    use crate::Status;
    use rustix::io::Errno;

    #[test]
    fn errno_has_the_status_of_its_cause() {
        for (errno, expected) in [
            (Errno::PERM, Status::AccessDenied),
            (Errno::ACCESS, Status::AccessDenied),
            (Errno::NOENT, Status::NotFound),
            (Errno::SRCH, Status::NotFound),
            (Errno::MFILE, Status::NoResources),
            (Errno::NFILE, Status::NoResources),
            (Errno::NOMEM, Status::NoMemory),
            (Errno::INVAL, Status::InvalidArgs),
            (Errno::NOSYS, Status::NotSupported),
            (Errno::IO, Status::Io),
        ] {
            assert_eq!(status("a test", errno), expected, "{errno}");
        }
    }
}
