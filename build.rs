//! How the library is linked.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // most of its relocations are relative: in this form (glibc 2.36, Debian 12) they take a twentieth of
    // the room
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,pack-relative-relocs");
}
