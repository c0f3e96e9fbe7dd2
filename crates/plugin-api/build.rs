//! Says which of the newer compilers' conveniences there are: `#[diagnostic::on_unimplemented]`,
//! from Rust 1.78, lets an error say what a pack's author should do.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // An unknown compiler is taken for an old one.
    let minor = minor_version().unwrap_or(0);
    if minor >= 80 {
        println!("cargo:rustc-check-cfg=cfg(terrace_on_unimplemented)");
    }
    if minor >= 78 {
        println!("cargo:rustc-cfg=terrace_on_unimplemented");
    }
}

/// The `95` of `rustc 1.95.0 (…)`.
fn minor_version() -> Option<u32> {
    let output = Command::new(std::env::var_os("RUSTC")?).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}
