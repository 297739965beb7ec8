//! Mistakes in the use of the attributes: each file in `ui` is one, named after it.
//!
//! Compared is what the macro itself says, with its line: messages of the compiler
//! differ from version to version. `UI_BLESS=1 cargo test -p perlmod-macro` writes the
//! `.stderr` files anew.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The macro that this test was built with.
fn library() -> Result<PathBuf> {
    let test = env::current_exe()?;
    let folder = test.parent().ok_or("no folder")?;
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("libperlmod_macro-") && name.ends_with(".so") {
            let age = fs::metadata(&path)?.modified()?;
            if newest.as_ref().is_none_or(|(other, _)| *other < age) {
                newest = Some((age, path));
            }
        }
    }
    newest
        .map(|(_, path)| path)
        .ok_or_else(|| "the macro has not been built".into())
}

/// Compiles a file and returns what the macro said: `LINE: MESSAGE` for each error.
fn said(source: &Path, folder: &Path, variables: &[(&str, &str)]) -> Result<String> {
    let mut macro_path = std::ffi::OsString::from("perlmod_macro=");
    macro_path.push(library()?);
    let output = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--edition=2024", "--crate-type=lib", "--emit=metadata"])
        .args(["--error-format=short", "--out-dir"])
        .arg(folder)
        .arg("--extern")
        .arg(macro_path)
        .arg(source)
        .env_remove("PERLMOD_NON_PUB_EXPORTS")
        .env_remove("PERLMOD_WRITE_PACKAGES")
        .env("CARGO_MANIFEST_DIR", folder)
        .envs(variables.iter().copied())
        .output()?;
    let errors = String::from_utf8(output.stderr)?;
    let prefix = format!("{}:", source.display());
    let mut said = String::new();
    for line in errors.lines() {
        // the compiler's own errors have a code: `error[E0433]: ...`
        let Some((place, message)) = line
            .strip_prefix(&prefix)
            .and_then(|rest| rest.split_once(": error: "))
        else {
            continue;
        };
        let line = place.split(':').next().unwrap_or_default();
        said.push_str(&format!("{line}: {message}\n"));
    }
    Ok(said)
}

/// A folder of its own for each test.
fn scratch(name: &str) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

#[test]
fn each_mistake_is_told_with_its_line() -> Result<()> {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let folder = scratch("mistakes")?;
    let bless = env::var_os("UI_BLESS").is_some();
    let mut count = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&ui)? {
        let source = entry?.path();
        if source.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        count += 1;
        let text = fs::read_to_string(&source)?;
        let variables: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("// with ")?.split_once('='))
            .collect();
        let said = said(&source, &folder, &variables)?;
        let expected = source.with_extension("stderr");
        if bless {
            fs::write(&expected, &said)?;
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if said != expected || said.is_empty() {
            wrong.push(format!(
                "{}\nexpected:\n{expected}said:\n{said}",
                source.display()
            ));
        }
    }
    assert!(count > 30, "only {count} mistakes were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

const CORRECT: &str = "#[perlmod_macro::package(name = \"Foo::Bar\", lib = \"foo\")]
mod foo { #[export] pub fn f() {} }
#[perlmod_macro::package(name = \"Foo::Not\", write = false)]
mod not { #[export] pub fn f() {} }
#[perlmod_macro::package(name = \"Foo::Always\", write = true)]
mod always { #[export] pub fn f() {} }
#[perlmod_macro::package(name = \"Foo::File\", file = \"there/${WHERE}.pm\")]
mod file { #[export] pub fn f() {} }
";

#[test]
fn packages_are_written_where_asked_for() -> Result<()> {
    for (all, expected) in [("", false), ("1", true)] {
        let folder = scratch(&format!("written{all}"))?;
        let source = folder.join("correct.rs");
        fs::write(&source, CORRECT)?;
        let variables = [
            ("WHERE", "Here"),
            ("PERLMOD_WRITE_PACKAGES", all),
            ("CARGO_PKG_NAME", "some-crate"),
        ];
        assert_eq!(said(&source, &folder, &variables)?, "", "no mistake");
        assert_eq!(folder.join("Foo/Bar.pm").exists(), expected);
        assert!(!folder.join("Foo/Not.pm").exists(), "write = false");
        let always = fs::read_to_string(folder.join("Foo/Always.pm"))?;
        assert!(always.contains("libsome_crate.so"), "{always}");
        assert!(always.contains("'boot_Foo__Always'"), "{always}");
        assert!(folder.join("there/Here.pm").exists(), "file");
    }
    Ok(())
}
