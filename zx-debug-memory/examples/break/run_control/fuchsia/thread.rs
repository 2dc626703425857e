//! The registers and the single-step flag of a stopped thread.

use super::handle::{OwnedHandle, check};
use super::{Registers, Result};
use fuchsia_zircon_sys as zx;
use zx::zx_thread_state_general_regs_t as General;

pub(super) struct Thread(pub(super) OwnedHandle);

impl Thread {
    pub(super) fn general(&self) -> Result<General> {
        let mut general = General::default();
        let kind = zx::ZX_THREAD_STATE_GENERAL_REGS;
        // SAFETY: `general` is valid for a write of its size.
        let raw = unsafe {
            let (to, size) = ((&raw mut general).cast(), size_of_val(&general));
            zx::zx_thread_read_state(self.0.0, kind, to, size)
        };
        check("zx_thread_read_state", raw)?;
        Ok(general)
    }

    pub(super) fn set_general(&self, general: &General) -> Result<()> {
        self.write(zx::ZX_THREAD_STATE_GENERAL_REGS, general)
    }

    pub(super) fn set_single_step(&self, is_on: bool) -> Result<()> {
        self.write(zx::ZX_THREAD_STATE_SINGLE_STEP, &u32::from(is_on))
    }

    fn write<T>(&self, kind: u32, state: &T) -> Result<()> {
        let (from, size) = ((&raw const *state).cast(), size_of::<T>());
        // SAFETY: `state` is valid for reads of its size.
        let raw = unsafe { zx::zx_thread_write_state(self.0.0, kind, from, size) };
        check("zx_thread_write_state", raw)
    }
}

pub(super) fn pc(general: &General) -> Result<usize> {
    #[cfg(target_arch = "x86_64")]
    let pc = general.rip;
    #[cfg(not(target_arch = "x86_64"))]
    let pc = general.pc;
    Ok(usize::try_from(pc)?)
}

pub(super) fn set_pc(general: &mut General, vaddr: usize) -> Result<()> {
    #[cfg(target_arch = "x86_64")]
    let pc = &mut general.rip;
    #[cfg(not(target_arch = "x86_64"))]
    let pc = &mut general.pc;
    *pc = u64::try_from(vaddr)?;
    Ok(())
}

/// The register with the first argument of a function.
pub(super) fn argument(general: &mut General) -> &mut u64 {
    #[cfg(target_arch = "x86_64")]
    return &mut general.rdi;
    #[cfg(target_arch = "aarch64")]
    return &mut general.r[0];
    #[cfg(target_arch = "riscv64")]
    return &mut general.a0;
}

pub(super) fn registers(general: &General) -> Registers {
    #[cfg(target_arch = "x86_64")]
    return Registers {
        pc: general.rip,
        sp: general.rsp,
        fp: general.rbp,
        lr: None,
        argument: general.rdi,
    };
    #[cfg(target_arch = "aarch64")]
    return Registers {
        pc: general.pc,
        sp: general.sp,
        fp: general.r[29],
        lr: Some(general.lr),
        argument: general.r[0],
    };
    #[cfg(target_arch = "riscv64")]
    return Registers {
        pc: general.pc,
        sp: general.sp,
        fp: general.s0,
        lr: Some(general.ra),
        argument: general.a0,
    };
}
