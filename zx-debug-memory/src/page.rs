/// The smallest page size of all kernels, in bytes. Memory is mapped in whole pages.
pub(crate) const PAGE: usize = 4096;
