//! An import stub: a library that defines names and does nothing, so that programs
//! for Fuchsia can be linked where there is no SDK. `NAMES` is assembly, a line for
//! each name, put there by `ci/fuchsia.sh`.
#![feature(no_core, lang_items, rustc_attrs)]
#![allow(internal_features)]
#![no_core]
#![crate_type = "lib"]

// What a crate without core owes to the compiler.
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
