//! Finds the built dashboard. Without Node there is none, and the binary carries
//! a page that says how to get it: `cargo build` works all the same.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const WITHOUT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Prahari</title></head><body><p>This build has no dashboard. <code>make build</code> makes one that has. The API works: <a href=\"/api/docs\">/api/docs</a></p></body></html>";

fn main() -> io::Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist");
    println!("cargo::rerun-if-changed={}", built.display());
    let folder = if built.join("index.html").exists() {
        built.canonicalize()?
    } else {
        placeholder()?
    };
    println!("cargo::rustc-env=PRAHARI_WEB_DIST={}", folder.display());
    Ok(())
}

fn placeholder() -> io::Result<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells a build script its folder this way"
    )]
    let folder = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("dashboard");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("index.html"), WITHOUT)?;
    Ok(folder)
}
