//! Sets what the attributes expand from the environment.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=PERLMOD_SURFACE_NAME=Attributes");
    let out = env::var_os("OUT_DIR").unwrap_or_default();
    // out of build/perlmod-surface-HASH/out, to where the library goes
    if let Some(folder) = Path::new(&out).ancestors().nth(3) {
        let folder = folder.join("perlmod-surface");
        println!("cargo:rustc-env=PERLMOD_SURFACE_OUT={}", folder.display());
    }
}
