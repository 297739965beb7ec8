//! What the build script says of a perl that cannot be built for.

use std::env;
use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The build script that made this library; beside the folder it wrote to.
fn script() -> Result<PathBuf> {
    let builds = Path::new(env!("OUT_DIR")).ancestors().nth(2);
    let mut newest = None;
    for entry in fs::read_dir(builds.ok_or("no folder of builds")?)? {
        let path = entry?.path();
        let is_ours = path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            let hash = name.strip_prefix("perlmod-").unwrap_or_default();
            hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        let script = path.join("build-script-build");
        if is_ours && script.exists() {
            let age = fs::metadata(&script)?.modified()?;
            newest = newest.max(Some((age, script)));
        }
    }
    Ok(newest.ok_or("the build script has not been built")?.1)
}

/// A perl that gives these answers, one a line.
fn fake(folder: &Path, answers: &[&str]) -> Result<PathBuf> {
    let path = folder.join("perl");
    fs::write(
        &path,
        format!("#!/bin/sh\nprintf '%s\\n' '{}'\n", answers.join("' '")),
    )?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

#[test]
fn a_perl_that_does_not_fit_is_refused_with_the_reason() -> Result<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build_script");
    let core = folder.join("CORE");
    fs::create_dir_all(&core)?;
    fs::write(core.join("perl.h"), "")?;
    fs::write(
        core.join("patchlevel.h"),
        "#define PERL_VERSION\t36\t\t/* epoch */\n",
    )?;
    let lib = folder.to_string_lossy().into_owned();
    let empty = format!("{lib}/empty");

    let cases = [
        (
            ["5.34.1", &lib, "", "define", "8", "8"],
            "perl 5.34.1 is too old, 5.36 is needed",
        ),
        (
            ["5.36.0", &lib, "", "define", "4", "8"],
            "perl 5.36.0 has 4-byte integers and 8-byte floats",
        ),
        (
            ["5.36.0", &lib, "", "define", "8", "16"],
            "perl 5.36.0 has 8-byte integers and 16-byte floats",
        ),
        (
            ["5.36.0", &empty, "", "define", "8", "8"],
            "/empty/CORE/perl.h is missing: install perl's headers",
        ),
        (
            ["5.40.1", &lib, "", "define", "8", "8"],
            "has the headers of perl 5.36, but ",
        ),
        (["", "", "", "", "", ""], "perl  is too old, 5.36 is needed"),
    ];
    for (answers, expected) in cases {
        let perl = fake(&folder, &answers)?;
        said(&perl, &folder, expected)?;
    }
    said(&folder.join("none"), &folder, "/none` cannot be started: ")?;
    let failing = folder.join("failing");
    fs::write(&failing, "#!/bin/sh\nexit 3\n")?;
    fs::set_permissions(&failing, fs::Permissions::from_mode(0o755))?;
    said(&failing, &folder, "/failing` ended with exit status: 3")
}

/// Runs the script, which has to end with this error for cargo.
fn said(perl: &Path, folder: &Path, expected: &str) -> Result<()> {
    let output = Command::new(script()?)
        .env("PERL", perl)
        .env("OUT_DIR", folder)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let error = text.lines().find(|line| line.starts_with("cargo::error="));
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        error.is_some_and(|error| error.contains(expected)),
        "expected: {expected}\nsaid: {text}"
    );
    Ok(())
}
