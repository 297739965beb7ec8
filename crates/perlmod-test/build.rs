//! Compiles the one function of the tests that looks into perl itself.

use std::env;
use std::process::{Command, exit};

fn main() {
    println!("cargo:rerun-if-env-changed=PERL");
    println!("cargo:rerun-if-changed=src/probe.c");
    let perl = env::var("PERL").unwrap_or_else(|_| "perl".to_string());
    let script = "use Config; print qq{-I$Config{archlibexp}/CORE $Config{ccflags}}";
    let flags = match Command::new(&perl).args(["-e", script]).output() {
        Ok(output) if output.status.success() => output.stdout,
        _ => {
            println!("cargo::error=`{perl}` does not tell its configuration");
            exit(1)
        }
    };
    let mut build = cc::Build::new();
    build.file("src/probe.c").warnings(false);
    for flag in String::from_utf8_lossy(&flags).split_whitespace() {
        build.flag(flag);
    }
    build.compile("perlmod_test_probe");
}
