//! Writes what is made from the program's definition: `generate man DIR` its man pages, `generate completion DIR`
//! what bash completes.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let mut arguments = env::args_os().skip(1);
    let what = arguments.next().unwrap_or_default();
    let dir = PathBuf::from(arguments.next().unwrap_or_default());
    fs::create_dir_all(&dir)?;
    let mut command = pve_notify::args::command();
    match what.to_str() {
        Some("man") => clap_mangen::generate_to(command, dir),
        Some("completion") => {
            clap_complete::generate_to(clap_complete::Shell::Bash, &mut command, "pve-notify", dir)
                .map(drop)
        }
        _ => Err(io::Error::other("usage: generate man|completion DIR")),
    }
}
