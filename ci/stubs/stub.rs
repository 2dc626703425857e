//! An import stub: defines the functions of a system library without their code, so that programs
//! for Fuchsia can be linked without an SDK. `ci/fuchsia.sh` writes the definitions as assembly to
//! the file that `STUB_ASSEMBLY` names.
#![feature(no_core, lang_items, rustc_attrs)]
#![allow(internal_features)]
#![no_core]
#![crate_type = "lib"]

// The lang items and built-in macros that the compiler requires, since core is not linked.
#[lang = "pointee_sized"]
trait PointeeSized {}
#[lang = "meta_sized"]
trait MetaSized: PointeeSized {}
#[lang = "sized"]
trait Sized: MetaSized {}
#[rustc_builtin_macro]
macro_rules! global_asm {
    () => {};
}
#[rustc_builtin_macro]
macro_rules! include_str {
    () => {};
}
#[rustc_builtin_macro]
macro_rules! env {
    () => {};
}

global_asm!(include_str!(env!("STUB_ASSEMBLY")));
