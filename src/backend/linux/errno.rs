use crate::Status;
use rustix::io::Errno;

/// The status for what Linux refused, with a line in the log where the status alone
/// would leave the reader guessing.
pub(crate) fn status(what: &str, errno: Errno) -> Status {
    match errno {
        Errno::PERM | Errno::ACCESS => {
            log::debug!(
                "Linux refuses: {what}: {errno}. Tracing the process must be allowed: it runs as \
                 another user or is not dumpable (CAP_SYS_PTRACE helps), or \
                 /proc/sys/kernel/yama/ptrace_scope is not 0 and it is no descendant, or /proc is \
                 mounted with hidepid, or the container forbids it"
            );
            Status::AccessDenied
        }
        Errno::NOENT | Errno::SRCH => Status::NotFound,
        Errno::MFILE | Errno::NFILE => {
            log::debug!("Linux refuses: {what}: {errno}. Raise the limit (ulimit -n)");
            Status::NoResources
        }
        Errno::NOMEM => Status::NoMemory,
        Errno::INVAL => Status::InvalidArgs,
        Errno::NOSYS => {
            log::debug!("Linux refuses: {what}: {errno}. The kernel is too old, or a filter is on");
            Status::NotSupported
        }
        _ => {
            log::debug!("Linux fails: {what}: {errno}");
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
    fn each_of_linuxs_errors_has_the_status_of_its_cause() {
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
