//! Writes a package's `.pm` when it is compiled.

use std::path::{Path, PathBuf};
use std::{env, fs, io, process};

use syn::Error;

use crate::env::writes_packages;
use crate::model::Package;

const TEMPLATE: &str = include_str!("package.pm.in");

/// Writes the `.pm` if the options or the environment ask for it.
pub fn package(package: &Package) -> syn::Result<()> {
    let options = &package.options;
    let wanted = options
        .write
        .unwrap_or(options.file.is_some() || writes_packages());
    if options.part || !wanted {
        return Ok(());
    }
    let name = options.name.value();
    let path = match &options.file {
        Some(file) => PathBuf::from(file.value()),
        None => PathBuf::from(format!("{}.pm", name.replace("::", "/"))),
    };
    // relative to the crate, as its own files are
    let path = Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join(path);
    store(&path, &text(&name, &library(package))).map_err(|err| {
        let place = options.file.as_ref().unwrap_or(&options.name);
        Error::new(
            place.span(),
            format!("cannot write `{}`: {err}", path.display()),
        )
    })
}

/// The library's name: as given, else the crate's.
fn library(package: &Package) -> String {
    match &package.options.lib {
        Some(lib) => lib.value(),
        None => env::var("CARGO_PKG_NAME")
            .unwrap_or_default()
            .replace('-', "_"),
    }
}

fn text(name: &str, library: &str) -> String {
    TEMPLATE
        .replace("{{PACKAGE}}", name)
        .replace("{{SYMBOL}}", &name.replace("::", "__"))
        .replace("{{LIB}}", library)
}

/// Replaces a file as a whole, unless it is as it should be.
fn store(path: &Path, text: &str) -> io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let new = path.with_extension(format!("pm.{}", process::id()));
    fs::write(&new, text)?;
    fs::rename(&new, path)
}
