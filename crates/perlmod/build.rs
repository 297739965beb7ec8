//! Compiles the C half against the perl that will load the library.
//!
//! `PERL` names that perl (default: `perl`). Symbols of perl stay undefined in
//! the library; the process that loads it provides them.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, exit};

fn main() {
    println!("cargo:rerun-if-env-changed=PERL");
    for file in ["glue.h", "api.c", "containers.c", "guarded.c", "surface.c"] {
        println!("cargo:rerun-if-changed=glue/{file}");
    }
    println!("cargo:rustc-check-cfg=cfg(perlmod_threads)");

    let perl = env::var("PERL").unwrap_or_else(|_| "perl".to_string());
    let script = "use Config; \
        printf qq{%s\\n}, join qq{\\n}, map { $Config{$_} // q{} } \
        qw(version archlibexp ccflags usemultiplicity ivsize nvsize)";
    let output = match Command::new(&perl).args(["-e", script]).output() {
        Ok(output) if output.status.success() => output,
        Ok(output) => fail(&format!("`{perl}` ended with {}", output.status)),
        Err(err) => fail(&format!("`{perl}` cannot be started: {err} (set PERL)")),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    let mut next = || lines.next().unwrap_or_default().to_string();
    let (version, archlib, ccflags, multiplicity) = (next(), next(), next(), next());
    let (ivsize, nvsize) = (next(), next());

    let minor: u32 = version
        .split('.')
        .nth(1)
        .and_then(|minor| minor.parse().ok())
        .unwrap_or(0);
    if minor < 36 {
        fail(&format!("perl {version} is too old, 5.36 is needed"));
    }
    if ivsize != "8" || nvsize != "8" {
        fail(&format!(
            "perl {version} has {ivsize}-byte integers and {nvsize}-byte floats, 8 and 8 are needed"
        ));
    }
    let core = format!("{archlib}/CORE");
    if !Path::new(&core).join("perl.h").exists() {
        fail(&format!(
            "{core}/perl.h is missing: install perl's headers (Debian: apt-get install libperl-dev)"
        ));
    }
    match header_minor(&core) {
        Some(of_headers) if of_headers == minor => {}
        of_headers => fail(&format!(
            "{core} has the headers of perl 5.{}, but `{perl}` is perl {version}",
            of_headers.map_or("?".to_string(), |minor| minor.to_string())
        )),
    }
    if multiplicity == "define" {
        println!("cargo:rustc-cfg=perlmod_threads");
    }

    let mut build = cc::Build::new();
    build
        .files([
            "glue/api.c",
            "glue/containers.c",
            "glue/guarded.c",
            "glue/surface.c",
        ])
        .include(&core)
        .warnings(false)
        // for the loops over pairs: a register more, no jumps by way of a table, and words that go
        // straight to memory
        .force_frame_pointer(false)
        .flag_if_supported("-fno-plt")
        .flag_if_supported("-fno-tree-slp-vectorize")
        .flag_if_supported("-fvisibility=hidden");
    for flag in ccflags.split_whitespace() {
        build.flag(flag);
    }
    build.compile("perlmod_glue");
    link_tests(&perl);
}

/// The version that the headers say they are of.
fn header_minor(core: &str) -> Option<u32> {
    let text = fs::read_to_string(Path::new(core).join("patchlevel.h")).ok()?;
    let mut words = text.lines().map(str::split_whitespace);
    words.find_map(|mut words| match (words.next()?, words.next()?) {
        ("#define", "PERL_VERSION") => words.next()?.parse().ok(),
        _ => None,
    })
}

/// The tests in `tests/` have an interpreter of their own.
fn link_tests(perl: &str) {
    let options = Command::new(perl)
        .args(["-MExtUtils::Embed", "-e", "ldopts"])
        .output();
    // a perl without its library can be built for, but not tested in this way
    if let Ok(options) = options {
        for option in String::from_utf8_lossy(&options.stdout).split_whitespace() {
            println!("cargo:rustc-link-arg-tests={option}");
        }
    }
}

fn fail(message: &str) -> ! {
    println!("cargo::error={message}");
    exit(1)
}
